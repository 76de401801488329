/* Events on their way to the log: two ring buffers, read one after the other, brought into one order. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/event.h"

struct queued_record {
	uint64_t time_ns, number;
	size_t bytes;
	void *data; /* owned */
};

struct event_queue {
	struct queued_record *records;
	size_t count, allocated;
	uint64_t added;
	uint64_t newest_ns; /* of what only the log has; it comes nearly in order */
};

/* Copies a record, if it is of a kind that the log has. */
void event_queue_add(struct event_queue *queue, const void *record, size_t bytes);

/*
 * Gives out all events that were over at until_ns, in the order of their ends. Until then everything must have been
 * read that was sent before that moment, what names a file included. Returns how many records were damaged.
 */
uint64_t event_queue_drain(struct event_queue *queue, const struct model *model, uint64_t until_ns,
			   void (*deliver)(void *context, const struct event *event),
			   void *context);
void event_queue_done(struct event_queue *queue);
