/* The spans of a run: named intervals, normally tests, as a tree, and the stalls that each had. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/losses.h"
#include "catalog/words.h"
#include "model/facts.h"
#include "model/model.h"
#include "spans/span_message.h"

/*
 * A stall belongs to the innermost span that was open in its process when half of it was over, or
 * else in the nearest ancestor with an open span, and it counts in that span and in all that
 * enclose it. Stalls and messages arrive by different ways, each in its own time; so all of them
 * lie in a queue ordered by the time that they tell of until nothing earlier is expected any more
 * (SPAN_WINDOW_NS), and only then does the sweep take them: counts are exact, whatever the limits
 * drop, unless a message took longer than that.
 */

/* Twice what a pause of a CPU may take to be told (stall.c), and far above what a message takes. */
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

/* The stalls of a span and of those below it. */
struct span_stalls {
	uint64_t count[STALL_KINDS];
	uint64_t kind_total_ns[STALL_KINDS], kind_max_ns[STALL_KINDS];
	uint64_t before_failure; /* of them, begun before the span was known to fail */
	uint64_t max_ns;
	uint64_t cause_ns[CAUSES];
	struct span_culprit culprits[SPAN_CULPRITS]; /* of the largest sums; ns 0: free */
	/* When it stood still: disjoint, in order; what had no room is in covered_ns and ended before
	 * floor_ns. */
	struct span_interval intervals[SPAN_INTERVALS + 1];
	unsigned interval_count;
	uint64_t covered_ns, floor_ns;
};

/* Where the sweep is with a span (span_open.c). None goes back to the first, or leaves the last. */
enum span_stage {
	SPAN_NOT_BEGUN, /* the sweep has not come to its begin */
	SPAN_OPEN,
	SPAN_PAUSED,
	SPAN_SETTLED /* the sweep has passed its end */
};

struct span {
	uint64_t number; /* from 1, in the order of the first messages */
	struct span *
		parent; /* owned reference, set once, to one that was open then; NULL: none, or not yet known */
	struct bytes name;
	char *id, *runner, *file, *worker; /* owned; NULL: not told */
	char *parent_id; /* owned; as told, until the sweep finds it */
	uint32_t line, attempt, pid, tid; /* 0: not told */
	enum span_outcome outcome;
	bool traced; /* its process was measured */
	bool ambiguous; /* a stall was of it or of another one in its process, nobody knows */
	bool guessed; /* from what was executed: nobody told of it */
	bool is_process; /* guessed, and it ends as its process does */
	bool has_tests; /* a span below it has an outcome: it is no test itself */
	bool ended; /* its end has been told */
	enum span_stage stage;
	uint64_t start_ns;
	uint64_t end_ns; /* if ended; if settled without: when its process, or the run, ended */
	uint64_t failed_ns; /* when it was known to fail; 0: not told */
	bool has_cpu_time;
	uint64_t cpu_time_ns;
	uint64_t begun_cpu_ns; /* that its process had used before it, as told */
	/* Of the processes that began and ended within it; all that it used if its own is one of them. */
	bool saw_process;
	uint64_t seen_cpu_ns;
	unsigned phase_count;
	struct span_phase phases[SPAN_PHASES];
	struct span_stalls *stalls; /* owned; NULL: none */
	uint64_t waits_ns; /* of its threads, for a CPU, each too short for a stall; before it was known to fail */

	/* Of span.c and span_sweep.c only: */
	unsigned references; /* spans below it, stalls that name it, what of it is queued */
	bool chosen; /* scratch of model_spans() */
	unsigned depth; /* one more than the parent's: parents come to an end */
	struct lineage *process; /* owned reference until settled */
	const struct span_plan *plan; /* by which it came; NULL: it was told */
	struct span *next, *previous; /* of all in memory */
	struct span *next_by_id, *previous_by_id;
};

/* Of tests: spans with an outcome, and none with an outcome below. */
struct span_counts {
	uint64_t outcomes[SPAN_OUTCOMES];
	uint64_t answers[SPAN_ANSWERS];
	uint64_t waited; /* of SPAN_NOT_STALLED: span_waited() */
	uint64_t losses[SPAN_LOSSES];
};

/* Takes nothing over. */
void model_span_message(struct model *model, const struct span_message *message);
void model_span_unreadable(struct model *model);
void model_span_refused(struct model *model); /* one of a sender that is not to be believed */
/* lineage_is_traced() */
bool model_is_traced(const struct model *model, uint32_t pid, uint32_t uid, uint64_t time_ns);
/* Lets the sweep go on to before_ns, over so many events at most. False: it is there. */
bool model_spans_sweep(struct model *model, uint64_t before_ns, size_t most);
/*
 * Lets it go on to before_ns however many these are. UINT64_MAX is for the end of the run, at end_ns, after all records:
 * what is still open then has not ended.
 */
void model_spans_settle(struct model *model, uint64_t before_ns, uint64_t end_ns);

/* In the order in which they began, not all: failed ones and those with the most stalls, and what encloses
 * them or is named by a kept stall. The caller frees the array only. */
struct span **model_spans(const struct model *model, size_t *ret_count);
uint64_t model_spans_begun(const struct model *model); /* all, kept or not */
void model_span_counts(const struct model *model, const struct trace_facts *trace,
		       struct span_counts *ret);

enum span_answer span_answer(const struct span *span, const struct trace_facts *trace);
/* No stall, but waits that sum up to a tenth of its time at least: it is not the code alone. */
bool span_waited(const struct span *span);
/* In which part of the span that was, or NULL. */
const char *span_phase_at(const struct span *span, uint64_t time_ns);
/* How long at least one of its threads stood still. */
uint64_t span_stalled_ns(const struct span *span);
enum cause span_cause(const struct span *span); /* CAUSE_UNKNOWN without stalls, too */
const struct span_culprit *span_culprit(const struct span *span); /* NULL: none known */
