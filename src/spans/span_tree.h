/* The spans in memory: finds them by id, counts their references, and drops the least interesting final ones. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spans/lineage.h"
#include "spans/passed.h"
#include "spans/span.h"
#include "spans/span_plan.h"
#include "spans/span_queue.h"

#define SPAN_ROWS       10000 /* the value of spans->rows outside of tests */
#define SPAN_LIVE_MAX   65536 /* spans that are open or still in the window */
#define SPAN_ID_BUCKETS 4096
#define PRINTED_PIPES   64

/*
 * Is told at once of the spans that messages and executed programs begin and end. Has all functions
 * or none.
 */
struct span_listener {
	void (*begun)(void *context, const struct span *span);
	void (*ended)(void *context, const struct span *span);
	/* A process is over: its spans are, too. */
	void (*process_ended)(void *context, const struct lineage *process);
	void *context;
};

/* All data of the spans of a run. */
struct spans {
	struct span_listener listener;
	struct lineage_table lineage;
	struct span_plans plans;
	struct span_queue queue;
	uint64_t swept_ns;
	struct span *by_id[SPAN_ID_BUCKETS]; /* all spans in memory */
	struct span *all; /* all spans in memory, the last one that began first */
	size_t memory_count, live_count; /* live: not final */
	size_t rows; /* the number of final spans to keep */
	struct span **heap; /* final spans without references; the least interesting on top */
	size_t heap_count;
	uint64_t last_number; /* the id that was given last; none is given twice */
	uint64_t begun; /* without dropped ones that were cancelled */
	struct span_counts gone; /* of spans no longer in memory; the losses are those of all spans */
	/* Inodes of the last pipes that programs printed results to. */
	uint64_t printed_pipes[PRINTED_PIPES];
	size_t printed_pipe_count;
	struct passed *passed; /* tests that are in memory no longer; owned; NULL: none */
};

/* The latest state in which span_by_id() still finds a span. */
enum span_reach { REACH_NOT_ENDED, REACH_NOT_FINAL, REACH_IN_MEMORY };

struct span *span_by_id(const struct spans *spans, const char *id, const struct lineage *process,
			enum span_reach reach);

bool span_tree_is_full(const struct spans *spans); /* of spans that are not final */
/* Adds a span of that process; NULL, and a loss, if the tree is full. */
struct span *span_add(struct spans *spans, const struct span_message *message,
		      struct lineage *process);
struct span *span_ref(struct span *span);
void span_unref(struct spans *spans, struct span *span); /* span may be NULL */
void span_count_contradiction(struct spans *spans, const struct span *span); /* once it is final */
void span_finalized(struct spans *spans, struct span *span); /* after span_close() */
/* The outcome of a final span changes, and with it the span's place in the heap. */
void span_set_late_outcome(struct spans *spans, struct span *span, enum span_outcome outcome);

/* All spans in memory, in no order; the caller frees the array only. */
struct span **span_tree_list(const struct spans *spans, size_t *ret_count);
void span_tree_free(struct spans *spans);
