/* The observer that builds the spans of a run while its model takes records. */
#include "spans/span_observer.h"

#include "base/util.h"
#include "model/observer.h"
#include "spans/span_tables.h"

static void process_seen(struct model *model, const struct process *process)
{
	lineage_started(&model->spans->lineage, process->host_pid, process->pid, process->ppid,
			process->start_ns);
}

static void process_forked(struct model *model, const struct process *process,
			   uint32_t creator_host_pid, uint64_t time_ns)
{
	lineage_forked(&model->spans->lineage, process->host_pid, creator_host_pid, time_ns);
}

/* First the driver of a test, whose arguments add to the plan; then the plan is searched. */
static void process_executed(struct model *model, const struct record_exec *record)
{
	span_driver_executed(model, record);
	span_plan_executed(model, record);
	span_executed(model, record);
}

static const struct model_observer observer = {
	.process_seen = process_seen,
	.process_forked = process_forked,
	.process_executed = process_executed,
	.process_environment = span_environment,
	.process_ended = span_process_ended,
	.off_cpu = span_waits,
	.stalled = span_stalled,
	.stall_dropped = span_stall_dropped,
	.done = spans_free,
};

void spans_observe(struct model *model)
{
	model->spans = xcalloc(1, sizeof(*model->spans));
	model->spans->rows = SPAN_ROWS;
	model->observer = &observer;
}

bool spans_have_traced(const struct model *model, uint32_t pid)
{
	return lineage_has_traced(&model->spans->lineage, pid);
}
