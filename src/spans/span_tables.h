/* Structs and functions that the files of src/spans share; private to them. */
#pragma once

#include "spans/lineage.h"
#include "spans/span.h"
#include "spans/span_hint.h"
#include "spans/span_plan.h"

#define SPAN_ROWS       10000
#define SPAN_LIVE_MAX   65536 /* spans that are open or still in the window */
#define SPAN_EVENTS_MAX 200000 /* events in the queue */
#define SPAN_QUEUED_MAX \
	32768 /* stalls in the queue, and the same number of ends of processes: both may come in floods */
#define SPAN_DEPTH_MAX  64
#define SPAN_ID_BUCKETS 4096

/* A share of a stall; at most two years long. */
struct span_share {
	uint64_t cause : 8, ns : 56;
};

/* A queued stall: small, as there may be many. */
struct span_stall {
	struct stall *stall; /* NULL once it was dropped */
	struct lineage *process; /* owned reference; NULL: unknown process */
	uint64_t start_ns, end_ns;
	uint32_t tid;
	uint8_t kind, culprit_count, share_count;
	struct span_share shares[]; /* followed by the culprits: span_stall_culprits() */
};

/* Queued waits of a thread that are too short for stalls. */
struct span_waits {
	struct lineage *process; /* owned reference */
	uint64_t from_ns, until_ns, sum_ns;
	uint32_t tid;
};

/* A queued guess. It becomes a span unless a message has begun one. */
struct span_guess {
	struct lineage *process; /* owned reference */
	struct span_hint hint;
};

enum span_queued_kind {
	QUEUED_BEGIN,
	QUEUED_STALL,
	QUEUED_END,
	QUEUED_PROCESS_END,
	QUEUED_GUESS,
	QUEUED_WAITS,
	QUEUED_PAUSE,
	QUEUED_RESUME,
	QUEUED_KINDS
};

struct span_queued {
	uint64_t time_ns;
	uint64_t order : 56, kind : 8;
	union {
		struct span *span; /* owned reference */
		struct span_stall *stall;
		struct lineage *process;
		struct span_guess *guess;
		struct span_waits *waits;
	};
};

struct spans {
	struct lineage_table lineage;
	struct span_queued *queue; /* a heap with the earliest event on top */
	size_t queue_count, queue_capacity, queued[QUEUED_KINDS];
	uint64_t queue_order;
	uint64_t swept_ns;
	struct span *by_id[SPAN_ID_BUCKETS]; /* spans that are not settled */
	struct span *all; /* all spans in memory, the last one that began first */
	size_t memory_count, live_count;
	size_t rows; /* the number of settled spans to keep */
	struct span **heap; /* settled spans without references; the least interesting on top */
	size_t heap_count;
	uint64_t begun;
	struct span_plan *plans[SPAN_PLAN_BUCKETS];
	size_t plan_count;
	struct span_counts gone; /* of spans no longer in memory; the losses are those of all spans */
	uint64_t gone_failed_clean, gone_failed_waited, gone_failed_untraced;
};

/* The latest state in which span_by_id() still finds a span. */
enum span_reach { REACH_NOT_ENDED, REACH_NOT_SETTLED, REACH_IN_MEMORY };

/* span.c */
void span_settled(struct model *model, struct span *span); /* after span_close() */
struct span *span_ref(struct span *span);
void span_unref(struct model *model, struct span *span); /* span may be NULL */
struct span *span_by_id(const struct spans *spans, const char *id, const struct lineage *process,
			enum span_reach reach);
/* NULL if there are too many spans. */
struct span *span_begin_of(struct model *model, const struct span_message *message,
			   struct lineage *process, uint64_t start_ns);
void span_end_of(struct model *model, struct span *span, const struct span_message *message);
void spans_free(struct model *model);

/* Adds a span of that process without queueing it; NULL if there are too many spans. */
struct span *span_add(struct model *model, const struct span_message *message,
		      struct lineage *process);

/* span_guess.c */
void span_executed(struct model *model, const struct record_exec *record);
void span_environment(struct model *model, const struct record_environment *record);
/* Turns a guess into a span at its time; NULL if it does not become one. Frees the guess. */
struct span *span_guessed(struct model *model, struct span_guess *guess, uint64_t time_ns);
void span_guess_free(struct spans *spans, struct span_guess *guess);

/* span_driver.c */
void span_driver_executed(struct model *model, const struct record_exec *record);

/*
 * span_open.c: move a span to its next stage. They return false and do nothing if the stage cannot follow the current one.
 * Pausing a paused span and resuming an open one succeed.
 */
bool span_open(struct span *span); /* the span becomes the innermost one of its process */
bool span_pause(struct span *span);
bool span_resume(struct span *span);
bool span_close(struct span *span);

/* span_sweep.c */
void span_process_ended(struct model *model, const struct process *process);
void span_stalled(struct model *model, struct stall *stall);
void span_waits(struct model *model, const struct record_off_cpu *record);
void span_stall_dropped(struct model *model, struct stall *stall);
/* Takes ownership of a reference to a span. */
void span_queue(struct model *model, uint64_t time_ns, enum span_queued_kind kind, void *what);
/* The sweep takes the earliest event. */
void span_sweep_one(struct model *model);
void span_sweep_free(struct spans *spans);

/* span_account.c: where its time went, until it was known to fail, or its end. NULL: nobody looked. */
struct account *span_account(const struct model *model, const struct span *span);

/* span_stalls.c */
/* Takes ownership of the caller's reference to process. */
struct span_stall *span_stall_new(struct stall *stall, struct lineage *process);
/* Spreads waits->sum_ns evenly over its time, and adds the part inside the span up to its failure. */
void span_add_waits(struct span *span, const struct span_waits *waits);
void span_add_stall(struct span *span, const struct span_stall *stall);
