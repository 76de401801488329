/* The spans of a run: a bounded tree of named intervals, mostly tests, with the stalls of each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/losses.h"
#include "catalog/words.h"
#include "model/facts.h"
#include "model/model.h"
#include "spans/account.h"
#include "spans/span_message.h"

/*
 * A stall belongs to the innermost span that was open in its process at the middle of the stall; without one, to that of
 * the nearest ancestor with an open span. It counts in that span and in all enclosing spans. Stalls and messages arrive by
 * different ways with different delays. So a queue orders them by the time that they are about, and the sweep takes an
 * event only when no earlier one is expected any more (SPAN_WINDOW_NS). Counts are exact, whatever the limits drop, unless
 * a message takes longer than that.
 */

/* Twice the time that a hiccup waits to be judged (model/stall.c), and far above the delay of a message. */
#define SPAN_WINDOW_NS (20 * UINT64_C(1000000000))

#define SPAN_CULPRITS  4
#define SPAN_INTERVALS 32

struct span_culprit {
	uint32_t host_pid;
	char comm[COMM_BYTES];
	enum culprit_where where;
	uint64_t ns;
};

struct span_interval {
	uint64_t start_ns, end_ns;
};

/* The stalls of a span and of the spans below it. */
struct span_stalls {
	uint64_t count[STALL_KINDS];
	uint64_t kind_total_ns[STALL_KINDS], kind_max_ns[STALL_KINDS];
	uint64_t before_failure; /* stalls that began before the span was known to fail */
	uint64_t max_ns;
	uint64_t cause_ns[CAUSES];
	struct span_culprit culprits[SPAN_CULPRITS]; /* the largest sums; ns 0: free */
	/* The stalled times: disjoint, in order. covered_ns sums up those without room, which ended before floor_ns. */
	struct span_interval intervals[SPAN_INTERVALS + 1];
	unsigned interval_count;
	uint64_t covered_ns, floor_ns;
};

/* The stage of a span in the sweep (span_open.c). A span never returns to the first stage and never leaves the last. */
enum span_stage {
	SPAN_NOT_BEGUN, /* the sweep has not reached its begin */
	SPAN_OPEN,
	SPAN_PAUSED,
	SPAN_SETTLED /* the sweep has passed its end */
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
	bool ended; /* its end has arrived */
	enum span_stage stage;
	uint64_t start_ns;
	uint64_t end_ns; /* if ended; if settled without an end: when its process or the run ended */
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
	struct account *account; /* owned; NULL: not measured, or not settled */
	uint64_t waits_ns; /* waits of its threads for a CPU, each too short for a stall, before it was known to fail */

	/* Private to span.c and span_sweep.c: */
	unsigned references; /* from spans below it, stalls that name it, and queued events */
	bool chosen; /* scratch of model_spans() */
	unsigned depth; /* one more than that of the parent, which limits chains of parents */
	struct lineage *process; /* owned reference until settled */
	const struct span_plan *plan; /* the plan that it came from; NULL: from a message */
	struct span *next, *previous; /* in the list of all spans in memory */
	struct span *next_by_id, *previous_by_id;
};

/* Counts of tests: spans with an outcome, without spans below that have one. */
struct span_counts {
	uint64_t outcomes[SPAN_OUTCOMES];
	uint64_t answers[SPAN_ANSWERS];
	uint64_t waited; /* of SPAN_NOT_STALLED: span_waited() */
	uint64_t losses[SPAN_LOSSES];
};

/* The caller keeps ownership of message. */
void model_span_message(struct model *model, const struct span_message *message);
void model_span_unreadable(struct model *model);
void model_span_refused(struct model *model); /* a message from an untrusted sender */
/* lineage_is_traced() */
bool model_is_traced(const struct model *model, uint32_t pid, uint32_t uid, uint64_t time_ns);
/* Continues the sweep up to before_ns, over at most `most` events. Returns false once it is there. */
bool model_spans_sweep(struct model *model, uint64_t before_ns, size_t most);
/*
 * Continues the sweep up to before_ns over any number of events. before_ns UINT64_MAX is for the end of the run, at
 * end_ns, after all records: spans that are open then count as not ended.
 */
void model_spans_settle(struct model *model, uint64_t before_ns, uint64_t end_ns);

/*
 * The spans for the report, in order of their begin: within limits, those that failed and those with the most stalls, with
 * all that enclose them or that a kept stall names. The caller frees the array only.
 */
struct span **model_spans(const struct model *model, size_t *ret_count);
uint64_t model_spans_begun(const struct model *model); /* all, kept or not */
void model_span_counts(const struct model *model, const struct trace_facts *trace,
		       struct span_counts *ret);

enum span_answer span_answer(const struct span *span, const struct trace_facts *trace);
/* Whether the span has no stall, but short waits for at least a tenth of its time: do not blame only the code. */
bool span_waited(const struct span *span);
/* The phase of the span at time_ns; NULL: none. */
const char *span_phase_at(const struct span *span, uint64_t time_ns);
/* The time in which at least one of its threads was stalled. */
uint64_t span_stalled_ns(const struct span *span);
enum cause span_cause(const struct span *span); /* CAUSE_UNKNOWN also without stalls */
const struct span_culprit *span_culprit(const struct span *span); /* NULL: unknown */
