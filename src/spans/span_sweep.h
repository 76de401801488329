/* The sweep: takes the events of a run in order of time and finds the span of each stall. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spans/span_queue.h"

struct model;

#define SPAN_DEPTH_MAX 64 /* a deeper span gets a parent further up */

/*
 * A stall belongs to the innermost span that was open in its process at the middle of the stall; without one, to that of
 * the nearest ancestor with an open span. It counts in that span and in all enclosing spans. Stalls and messages arrive by
 * different ways with different delays. So a queue orders them by the time that they are about, and the sweep takes an
 * event only when no earlier one is expected any more (SPAN_WINDOW_NS). Counts are exact, whatever the limits drop, unless
 * a message takes longer than that.
 */

/* Twice the time that a hiccup waits to be judged (model/stall.c), and far above the delay of a message. */
#define SPAN_WINDOW_NS (20 * UINT64_C(1000000000))

/* Takes ownership of what, as span_queue_add() does. If the queue is full, first sweeps the earliest events. */
void span_enqueue(struct model *model, uint64_t time_ns, enum span_queued_kind kind, void *what);
/* Sweeps the earliest event; the queue must not be empty. */
void span_sweep_one(struct model *model);

/* Continues the sweep up to before_ns, over at most `most` events. Returns false once it is there. */
bool model_spans_sweep(struct model *model, uint64_t before_ns, size_t most);
/*
 * Continues the sweep up to before_ns over any number of events. before_ns UINT64_MAX is for the end of the run, at
 * end_ns, after all records: spans that are open then count as not ended.
 */
void model_spans_finalize(struct model *model, uint64_t before_ns, uint64_t end_ns);
