/* The log's own ring buffer: read in portions, so that a flood of it keeps nothing else waiting. */
#pragma once

#include "run/trace.h"

struct trace_log;

/* map_fd is a BPF ring buffer that lives as long as the log. Returns 0 or -errno. */
int trace_log_open(int map_fd, trace_record_fn deliver, void *context, struct trace_log **ret);
struct trace_log *trace_log_close(struct trace_log *log); /* NULL is fine; returns NULL */

int trace_log_fd(const struct trace_log *log);
/* Delivers a portion. Whether there may be more. */
bool trace_log_consume(struct trace_log *log);
