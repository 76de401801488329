/* Pass records from the ring buffers to the writer of the log while the run continues */
#pragma once

#include "model/facts.h"
#include "model/model.h"
#include "trace/trace.h"

/* The writer of a log: callbacks, because this room does not know the report room. */
struct session_log {
	uint64_t wait_ns; /* the shortest wait in the log */
	void *context;
	void (*begin)(void *context, const struct run_facts *facts);
	/* Gets each record, before the model does. */
	void (*record)(void *context, const void *record, size_t bytes);
	/*
	 * All records sent before until_ns have been passed, except, if partial, some for the log
	 * alone. lost: events of the run that the log has lost so far.
	 */
	void (*write)(void *context, const struct model *model, uint64_t until_ns, bool partial,
		      uint64_t lost);
	/* Returns the number of events that could not be written. */
	uint64_t (*end)(void *context, const struct run_facts *facts);
};

/* Passes a record; call it before the model gets the record. Returns whether it was for the log alone. */
bool log_feed_record(const struct session_log *log, const void *record, size_t bytes);
/* Reads a part of the log. The caller has consumed all other records sent before before_ns. */
void log_feed(const struct session_log *log, struct trace *trace, const struct model *model,
	      uint64_t before_ns);
/*
 * Reads the rest at the end of the run. trace may be NULL. Adds events that were not written to the
 * losses in facts.
 */
void log_feed_end(const struct session_log *log, struct trace *trace, const struct model *model,
		  struct run_facts *facts);
