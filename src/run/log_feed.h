/* From the ring buffers to whoever writes the log, while the run goes on. */
#pragma once

#include "model/facts.h"
#include "model/model.h"
#include "trace/trace.h"

/* Who wants a log; the report layer is not known here. */
struct session_log {
	uint64_t wait_ns; /* the shortest wait in it */
	void *context;
	void (*begin)(void *context, const struct run_facts *facts);
	/* Every record, before the model gets it. */
	void (*record)(void *context, const void *record, size_t bytes);
	/* All that was sent before until_ns has been given, unless partial: then there is more of the log itself.
	 * lost: events of the run that were, so far. */
	void (*write)(void *context, const struct model *model, uint64_t until_ns, bool partial,
		      uint64_t lost);
	/* Returns how many could not be written. */
	uint64_t (*end)(void *context, const struct run_facts *facts);
};

/* Every record, before the model gets it: whether it was for the log alone. */
bool log_feed_record(const struct session_log *log, const void *record, size_t bytes);
/* Reads a portion of the log, after all other records that were sent before before_ns have been read. */
void log_feed(const struct session_log *log, struct trace *trace, const struct model *model,
	      uint64_t before_ns);
/* All of it, at the end. trace may be NULL. Adds what was not written to the losses of facts. */
void log_feed_end(const struct session_log *log, struct trace *trace, const struct model *model,
		  struct run_facts *facts);
