/* Take in the records of a session: as they come, for each checkpoint, and at the end */
#pragma once

#include <stdbool.h>

struct session;

/* The run begins now: sets its start, and reads what is compared with its end. */
void session_begin(struct session *session);
/* Hands all records that are there to the model. */
void session_consume(struct session *session);
/* Reads the span socket. The records before a message explain it: they are consumed first. */
void session_read_spans(struct session *session);
/* Call this when the timer tick_fd fires: consumes records, takes samples, writes a checkpoint. */
void session_tick(struct session *session);
/*
 * Reads what dying threads still send. The command can be reaped before its last switch, which
 * carries its totals. Wait for threads that have BPF state but no longer appear in the iterator.
 */
void session_drain(struct session *session);
