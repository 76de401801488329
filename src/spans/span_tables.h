/* The parts of the model's span tables, for its own files only. */
#pragma once

#include "spans/lineage.h"
#include "spans/span.h"
#include "spans/span_hint.h"
#include "spans/span_plan.h"

#define SPAN_ROWS       10000
#define SPAN_LIVE_MAX   65536 /* open, or still in the window */
#define SPAN_EVENTS_MAX 200000 /* in the queue; of them so many that floods are made of: */
#define SPAN_QUEUED_MAX 32768 /* stalls, and as many ends of processes */
#define SPAN_DEPTH_MAX  64
#define SPAN_ID_BUCKETS 4096

/* A part of a stall's duration; as long as two years at most. */
struct span_share {
	uint64_t cause : 8, ns : 56;
};

/* A stall on its way to a span: small, as there may be many. */
struct span_stall {
	struct stall *stall; /* NULL once it was dropped */
	struct lineage *process; /* owned reference; NULL: of no process that is known */
	uint64_t start_ns, end_ns;
	uint32_t tid;
	uint8_t kind, culprit_count, share_count;
	struct span_share shares[]; /* then its culprits: span_stall_culprits() */
};

/* Waits of a thread too short for stalls, on their way to a span. */
struct span_waits {
	struct lineage *process; /* owned reference */
	uint64_t from_ns, until_ns, sum_ns;
	uint32_t tid;
};

/* A guess on its way to a span, which it becomes unless somebody has told of one. */
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
	struct span_queued *queue; /* a heap, the earliest on top */
	size_t queue_count, queue_capacity, queued[QUEUED_KINDS];
	uint64_t queue_order;
	uint64_t swept_ns;
	struct span *by_id[SPAN_ID_BUCKETS]; /* not settled */
	struct span *all; /* in memory, the last begun first */
	size_t memory_count, live_count;
	size_t rows; /* kept of those that are settled */
	struct span **heap; /* settled, without references; the least interesting on top */
	size_t heap_count;
	uint64_t begun;
	struct span_plan *plans[SPAN_PLAN_BUCKETS];
	size_t plan_count;
	struct span_counts gone; /* of those no longer in memory; losses of all */
	uint64_t gone_failed_clean, gone_failed_waited, gone_failed_untraced;
};

/* How far a span may be for span_by_id() to find it. */
enum span_reach { REACH_NOT_ENDED, REACH_NOT_SETTLED, REACH_IN_MEMORY };

/* span.c */
void span_settled(struct model *model, struct span *span); /* after span_close() */
struct span *span_ref(struct span *span);
void span_unref(struct model *model, struct span *span); /* NULL is fine */
struct span *span_by_id(const struct spans *spans, const char *id, const struct lineage *process,
			enum span_reach reach);
/* NULL if there are too many. */
struct span *span_begin_of(struct model *model, const struct span_message *message,
			   struct lineage *process, uint64_t start_ns);
void span_end_of(struct model *model, struct span *span, const struct span_message *message);
void spans_free(struct model *model);

/* A new one of that process, or NULL if there are too many; it is not queued. */
struct span *span_add(struct model *model, const struct span_message *message,
		      struct lineage *process);

/* span_guess.c: what is executed */
void span_executed(struct model *model, const struct record_exec *record);
void span_environment(struct model *model, const struct record_environment *record);
/* At its time: the span, if it is to be one. It ends the guess. */
struct span *span_guessed(struct model *model, struct span_guess *guess, uint64_t time_ns);
void span_guess_free(struct spans *spans, struct span_guess *guess);

/* span_driver.c: a test that is announced by the driver that will start it */
void span_driver_executed(struct model *model, const struct record_exec *record);

/*
 * span_open.c: from one stage to the next. False, and nothing was done, where that is not the next; to pause what is
 * paused, or to resume what is open, is fine.
 */
bool span_open(struct span *span); /* of span->process, where it is the innermost then */
bool span_pause(struct span *span);
bool span_resume(struct span *span);
bool span_close(struct span *span);

/* span_sweep.c: what happens to processes and stalls */
void span_process_ended(struct model *model, const struct process *process);
void span_stalled(struct model *model, struct stall *stall);
void span_waits(struct model *model, const struct record_off_cpu *record);
/* A stall was dropped. */
void span_stall_dropped(struct model *model, struct stall *stall);
/* Takes a reference to a span over. */
void span_queue(struct model *model, uint64_t time_ns, enum span_queued_kind kind, void *what);
/* Lets the sweep take the earliest. */
void span_sweep_one(struct model *model);
void span_sweep_free(struct spans *spans);

/* span_stalls.c */
/* process: the caller's reference goes over to it. */
struct span_stall *span_stall_new(struct stall *stall, struct lineage *process);
/* sum_ns, spread evenly over its time: what of that is the span's, until it failed. */
void span_add_waits(struct span *span, const struct span_waits *waits);
void span_add_stall(struct span *span, const struct span_stall *stall);
