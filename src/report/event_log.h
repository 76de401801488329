/* The log of a run (--log): one event a line, as JSON */
#pragma once

#include <stdio.h>

#include "model/event_queue.h"
#include "model/facts.h"
#include "report/growing_file.h"

/* docs/log.schema.json */
#define EVENT_LOG_VERSION 1

struct event_log {
	FILE *out;
	struct growing_file *file; /* what is printed there goes to it; NULL: to memory */
	uint64_t start_ns; /* of the run */
	uint64_t events, lost; /* of the run; lost: as told so far */
	struct event_queue queue;
	int error; /* -errno once something could not be written; nothing is from then on */
	uint64_t unwritten;
};

/* A line about the run, or the attempt at it (from 1), that follows. */
void event_log_begin(struct event_log *log, const struct run_facts *facts, unsigned attempt);
/* As event_queue_add(). */
void event_log_record(struct event_log *log, const void *record, size_t bytes);
/*
 * Writes what was over at until_ns, when all until then has been recorded; partial: but for some of the log itself, which
 * is being read. lost: events in all, so far; a line says if they have become more.
 */
void event_log_write(struct event_log *log, const struct model *model, uint64_t until_ns,
		     bool partial, uint64_t lost);
/* A last line, with the sums. Returns how many events could not be written. */
uint64_t event_log_end(struct event_log *log, const struct run_facts *facts);
