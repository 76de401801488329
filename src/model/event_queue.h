/* The queue of events for the log: sorts the records of two ring buffers, which are read in turn, by time. */
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
	uint64_t newest_ns; /* time of the latest log-only record; these arrive nearly in order */
};

/* Queues a copy of a record if the log has its type; ignores other records. */
void event_queue_add(struct event_queue *queue, const void *record, size_t bytes);

/*
 * Delivers all events that ended by until_ns, in the order of their ends. The caller must have read every record that was
 * sent by until_ns before, including those that name files. Returns the number of damaged records.
 */
uint64_t event_queue_drain(struct event_queue *queue, const struct model *model, uint64_t until_ns,
			   void (*deliver)(void *context, const struct event *event),
			   void *context);
void event_queue_done(struct event_queue *queue);
