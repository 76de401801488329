/* The log of a run (--log): one event a line, as JSON */
#pragma once

#include <stdio.h>

#include "model/event_queue.h"
#include "model/facts.h"
#include "report/growing_file.h"

/* docs/log.schema.json */
#define EVENT_LOG_VERSION 1

struct event_log {
	FILE *out;
	struct growing_file *file; /* lines go there; NULL: to memory */
	uint64_t start_ns; /* of the run */
	uint64_t events, lost; /* of the run; lost: as far as reported */
	struct event_queue queue;
	int error; /* -errno after a write failed; nothing is written after that */
	uint64_t unwritten;
};

/* Writes a line about the run, or about the attempt (from 1), that follows. */
void event_log_begin(struct event_log *log, const struct run_facts *facts, unsigned attempt);
/* Queues a record, as event_queue_add() does. */
void event_log_record(struct event_log *log, const void *record, size_t bytes);
/*
 * Writes all events that ended by until_ns. The caller must have read all records that were sent
 * until then; partial: except records of the log itself, which are still being read. lost: the
 * number of lost events so far; a line reports an increase.
 */
void event_log_write(struct event_log *log, const struct model *model, uint64_t until_ns,
		     bool partial, uint64_t lost);
/* Writes a last line with the sums. Returns the number of events that could not be written. */
uint64_t event_log_end(struct event_log *log, const struct run_facts *facts);
