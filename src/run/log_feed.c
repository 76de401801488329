/* Pass records from the ring buffers to the writer of the log while the run continues */
#include "run/log_feed.h"

#include "base/util.h"
#include "trace/trace_tables.h"

/*
 * A record can reach its ring buffer some time after its time stamp, for example after an
 * interrupt.
 */
#define SETTLE_NS    (2 * NSEC_PER_MSEC)
#define PORTION      4096 /* records per call, so that a flood does not keep other work waiting */
#define END_PORTIONS 256 /* limit at the end: leftovers may log for ever */

static uint64_t lost_events(struct trace *trace)
{
	struct loss_counter losses[LOSS_KINDS];

	return trace_losses(trace, losses) < 0 ? 0 : losses[LOSS_LOG].count;
}

bool log_feed_record(const struct session_log *log, const void *record, size_t bytes)
{
	const struct record_header *header = record;

	log->record(log->context, record, bytes);
	return bytes >= sizeof(*header) &&
	       (header->type == RECORD_LOG_CALL || header->type == RECORD_LOG_WAIT);
}

void log_feed(const struct session_log *log, struct trace *trace, const struct model *model,
	      uint64_t before_ns)
{
	bool more = trace_consume_log(trace, PORTION);

	log->write(log->context, model, before_ns - MIN(before_ns, SETTLE_NS), more,
		   lost_events(trace));
}

void log_feed_end(const struct session_log *log, struct trace *trace, const struct model *model,
		  struct run_facts *facts)
{
	if (trace) {
		for (int i = 0; i < END_PORTIONS && trace_consume_log(trace, PORTION); i++)
			;
		log->write(log->context, model, UINT64_MAX, false, lost_events(trace));
	}
	facts->trace.losses[LOSS_LOG].count += log->end(log->context, facts);
}
