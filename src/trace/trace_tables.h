/* SPDX-License-Identifier: MIT */
/* Reads the tables that the BPF programs keep, and sums them over CPUs. */
#pragma once

#include "trace/trace.h"

typedef void (*trace_file_fn)(void *context, const struct file_id *, const struct file_totals *);
typedef void (*trace_call_fn)(void *context, uint32_t number, const struct call_totals *);

/* Deliver the in-kernel tables, which are complete only once all threads have ended. */
int trace_files(struct trace *trace, trace_file_fn deliver, void *context);
int trace_calls(struct trace *trace, trace_call_fn deliver, void *context);
/* Writes ret[LOSS_KINDS], summed over CPUs. */
int trace_losses(struct trace *trace, struct loss_counter *ret);

/* Requests in this table: their end was not seen. */
uint64_t trace_open_requests(const struct trace *trace, const char *map);
