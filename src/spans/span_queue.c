/* The queue of the sweep: events of a run, the earliest on top of a heap. */
#include "spans/span_queue.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/util.h"
#include "spans/span_guess.h"
#include "spans/span_stalls.h"

#define EVENTS_MAX 200000

static bool earlier(const void *a, const void *b)
{
	const struct span_queued *one = a, *other = b;

	return one->time_ns != other->time_ns ? one->time_ns < other->time_ns
					      : one->order < other->order;
}

bool span_queue_has_room(const struct span_queue *queue, enum span_queued_kind kind)
{
	return queue->count < EVENTS_MAX && ((kind != QUEUED_STALL && kind != QUEUED_PROCESS_END) ||
					     queue->of_kind[kind] < SPAN_QUEUED_MAX);
}

void span_queue_add(struct span_queue *queue, uint64_t time_ns, enum span_queued_kind kind,
		    void *what)
{
	if (queue->count == queue->capacity) {
		queue->capacity = MAX(queue->capacity * 2, (size_t)256);
		queue->events =
			xreallocarray(queue->events, queue->capacity, sizeof(*queue->events));
	}
	queue->events[queue->count++] = (struct span_queued){
		.time_ns = time_ns, .order = queue->order++, .kind = kind, .what = what};
	queue->of_kind[kind]++;
	heap_up(queue->events, queue->count - 1, sizeof(*queue->events), earlier);
}

struct span_queued span_queue_take(struct span_queue *queue)
{
	struct span_queued first = queue->events[0];

	queue->events[0] = queue->events[--queue->count];
	heap_down(queue->events, queue->count, 0, sizeof(*queue->events), earlier);
	queue->of_kind[first.kind]--;
	return first;
}

void span_queue_free(struct span_queue *queue, struct lineage_table *table)
{
	for (size_t i = 0; i < queue->count; i++) {
		const struct span_queued *event = &queue->events[i];

		if (event->kind == QUEUED_STALL)
			span_stall_free(table, event->stall);
		if (event->kind == QUEUED_GUESS)
			span_guess_free(table, event->guess);
	}
	free(queue->events);
}
