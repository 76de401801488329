/* One span: a named interval of the run, mostly a test, and its stage in the sweep. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/losses.h"
#include "catalog/words.h"
#include "model/image.h"
#include "spans/account.h"
#include "spans/span_message.h"

struct lineage;
struct span_plan;
struct span_stalls;

/* The stage of a span in the sweep. A span never returns to the first stage and never leaves the last. */
enum span_stage {
	SPAN_NOT_BEGUN, /* the sweep has not reached its begin */
	SPAN_OPEN,
	SPAN_PAUSED,
	SPAN_FINAL /* the sweep has passed its end */
};

struct span {
	uint64_t number; /* from 1, in order of the first messages */
	struct span *
		parent; /* owned reference, set once, to a span open at that time; NULL: none, or not yet known */
	struct bytes name;
	char *id, *runner, *file, *worker; /* owned; NULL: not given */
	char *parent_id; /* owned; from the message, until the sweep finds the parent */
	uint32_t line, attempt, pid, tid; /* 0: not given */
	enum span_outcome outcome;
	bool traced; /* its process was measured */
	bool ambiguous; /* a stall belongs to this span or to another one of its process: unknown which */
	bool guessed; /* from an executed program; no message began it */
	bool is_process; /* guessed, and it ends with its process */
	bool has_tests; /* a span below it has an outcome, so this span is not a test */
	bool printed; /* begun by a line that its program printed */
	bool contradicted; /* its program printed another result later, out of order */
	bool told; /* a file told of it afterwards: it has an account only if it is known which process ran it */
	bool untimed; /* nobody knows when it ran: start_ns and end_ns are the end of the run */
	bool has_duration; /* untimed only */
	uint64_t duration_ns; /* if has_duration; else the time from start_ns to end_ns */
	bool cancelled; /* it is no test, and goes once nothing refers to it */
	bool ended; /* its end has arrived */
	enum span_stage stage;
	uint64_t start_ns;
	uint64_t end_ns; /* if ended; if final without an end: when its process or the run ended */
	uint64_t failed_ns; /* when it was known to fail; 0: not given */
	bool has_cpu_time;
	uint64_t cpu_time_ns;
	uint64_t begun_cpu_ns; /* CPU time of its process before the span, from the message */
	/* CPU time of the processes that began and ended within the span; all of its CPU time if its own is one of them. */
	bool saw_process;
	uint64_t seen_cpu_ns;
	unsigned phase_count;
	struct span_phase phases[SPAN_PHASES];
	struct span_stalls *stalls; /* owned; NULL: none */
	struct account *account; /* owned; NULL: not measured, or not final */

	/* Private to src/spans: */
	unsigned references; /* from spans below it, stalls that name it, and queued events */
	bool chosen; /* scratch of model_spans() */
	unsigned depth; /* one more than that of the parent, which limits chains of parents */
	struct lineage *process; /* owned reference until final */
	const struct span_plan *plan; /* the plan that it came from; NULL: from a message */
	struct span *next, *previous; /* in the list of all spans in memory */
	struct span *next_by_id, *previous_by_id;
};

/* Counts of tests: spans with an outcome, without spans below that have one. */
struct span_counts {
	uint64_t outcomes[SPAN_OUTCOMES];
	uint64_t failed_gone; /* of the failed ones: no longer in memory, so nothing more is known */
	uint64_t losses[SPAN_LOSSES];
};

/* Takes ownership of a reference to process. The strings are truncated copies. */
struct span *span_new(uint64_t number, const struct span_message *message, struct lineage *process);
void span_free(struct span *span); /* frees what it owns, but drops no reference */
void span_rename(struct span *span, const char *name);
bool span_has_failed(const struct span *span);
/* When the span was known to fail, or its end. */
uint64_t span_known_ns(const struct span *span);

/*
 * These move a span to its next stage. They return false and do nothing if the stage cannot follow the current one. Pausing a
 * paused span and resuming an open one succeed.
 */
bool span_open(struct span *span); /* the span becomes the innermost one of its process */
bool span_pause(struct span *span);
bool span_resume(struct span *span);
bool span_close(struct span *span);
