/* The queue of the sweep: events of a run, the earliest on top of a heap. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lineage;
struct lineage_table;
struct span;
struct span_guess;
struct span_stall;

/* The most stalls and ends of processes, of each: they may come in floods. */
#define SPAN_QUEUED_MAX 32768

enum span_queued_kind {
	QUEUED_BEGIN,
	QUEUED_STALL,
	QUEUED_END,
	QUEUED_PROCESS_END,
	QUEUED_GUESS,
	QUEUED_PAUSE,
	QUEUED_RESUME,
	QUEUED_KINDS
};

struct span_queued {
	uint64_t time_ns;
	uint64_t order : 56, kind : 8;
	union {
		void *what;
		struct span *span; /* owned reference */
		struct span_stall *stall;
		struct lineage *process;
		struct span_guess *guess;
	};
};

struct span_queue {
	struct span_queued *events; /* a heap with the earliest event on top */
	size_t count, capacity, of_kind[QUEUED_KINDS];
	uint64_t order;
};

bool span_queue_has_room(const struct span_queue *queue, enum span_queued_kind kind);
/* Takes ownership of what, which belongs to the kind. */
void span_queue_add(struct span_queue *queue, uint64_t time_ns, enum span_queued_kind kind,
		    void *what);
/* The earliest event; of equal times, the first that was added. The queue must not be empty. */
struct span_queued span_queue_take(struct span_queue *queue);
void span_queue_free(struct span_queue *queue, struct lineage_table *table);
