/* The queue of events for the log: sorts the records of two ring buffers, which are read in turn, by time. */
#include "model/event_queue.h"

#include <stdlib.h>

#include "base/util.h"

static bool is_event(uint16_t type)
{
	return type == RECORD_THREAD_START || type == RECORD_THREAD_END ||
	       type == RECORD_IO_STALL || type == RECORD_LOG_CALL || type == RECORD_LOG_WAIT;
}

void event_queue_add(struct event_queue *queue, const void *record, size_t bytes)
{
	const struct record_header *header = record;
	struct queued_record *queued;

	if (bytes < sizeof(*header) || !is_event(header->type))
		return;
	if (queue->count == queue->allocated) {
		queue->allocated = MAX(queue->allocated * 2, (size_t)1024);
		queue->records =
			xreallocarray(queue->records, queue->allocated, sizeof(*queue->records));
	}
	if (header->type == RECORD_LOG_CALL || header->type == RECORD_LOG_WAIT)
		queue->newest_ns = header->time_ns;
	queued = &queue->records[queue->count++];
	*queued = (struct queued_record){
		.time_ns = header->time_ns,
		.number = queue->added++,
		.bytes = bytes,
		.data = xmalloc(bytes),
	};
	memcpy(queued->data, record, bytes);
}

static int by_time(const void *a, const void *b)
{
	const struct queued_record *one = a, *other = b;

	if (one->time_ns != other->time_ns)
		return one->time_ns < other->time_ns ? -1 : 1;
	return one->number < other->number ? -1 : 1;
}

uint64_t event_queue_drain(struct event_queue *queue, const struct model *model, uint64_t until_ns,
			   void (*deliver)(void *context, const struct event *event), void *context)
{
	uint64_t damaged = 0;
	size_t done = 0;

	if (queue->count)
		qsort(queue->records, queue->count, sizeof(*queue->records), by_time);
	while (done < queue->count && queue->records[done].time_ns <= until_ns) {
		struct queued_record *queued = &queue->records[done++];
		const struct record_header *header = queued->data;
		struct event event;

		if (event_decode(model, queued->data, queued->bytes, &event)) {
			deliver(context, &event);
			event_done(&event);
		} else if (header->type == RECORD_LOG_CALL || header->type == RECORD_LOG_WAIT) {
			damaged++;
		}
		free(queued->data);
	}
	queue->count -= done;
	if (done && queue->count)
		memmove(queue->records, queue->records + done,
			queue->count * sizeof(*queue->records));
	return damaged;
}

void event_queue_done(struct event_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		free(queue->records[i].data);
	free(queue->records);
	*queue = (struct event_queue){0};
}
