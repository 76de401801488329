/* The observer: gives what the model sees to the tree of processes, the plan and the sweep. */
#include "spans/span_observer.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/process.h"
#include "spans/printed.h"
#include "spans/span_apply.h"
#include "spans/span_driver.h"
#include "spans/span_guess.h"
#include "spans/span_stalls.h"
#include "spans/span_sweep.h"
#include "spans/span_tree.h"

/* -- Processes ------------------------------------------------------------------------------------- */

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

/* Takes ownership of the hint. */
static void queue_guess(struct model *model, const struct task_id *id, uint64_t time_ns,
			struct span_hint *hint)
{
	struct spans *spans = model->spans;
	struct lineage *process = lineage_of_host(&spans->lineage, id->host_pid, time_ns);

	if (!process) {
		span_hint_done(hint);
		return;
	}
	span_enqueue(model, time_ns, QUEUED_GUESS, span_guess_new(process, hint));
}

static void guess_by_arguments(struct model *model, const struct record_exec *record)
{
	struct span_hint hint;

	if (span_hint_of_arguments(record->data, record->argv_bytes, &hint))
		queue_guess(model, &record->id, record->header.time_ns, &hint);
}

/* Begins a span if the process has none and its command line is in the plan. */
static void begin_planned(struct model *model, const struct record_exec *record)
{
	struct spans *spans = model->spans;
	struct lineage *process =
		lineage_of_host(&spans->lineage, record->id.host_pid, record->header.time_ns);
	_cleanup_free_ char *names = NULL;
	const struct span_plan *plan;
	struct span_message message;
	struct span *span;

	if (!process || process->planned)
		return;
	plan = span_plan_find(&spans->plans, &spans->lineage, process, record, &message, &names);
	span = plan ? span_begin_of(model, &message, process, record->header.time_ns) : NULL;
	if (!span)
		return;
	span->plan = plan;
	process->planned = span_ref(span);
}

/* First the driver of a test, whose arguments add to the plan; then the plan is searched. */
static void executed(struct model *model, const struct record_exec *record)
{
	struct lineage *process = lineage_of_host(&model->spans->lineage, record->id.host_pid,
						  record->header.time_ns);

	if (process) {
		printed_over(model, process, record->header.time_ns, false, false);
		process->program_ns = record->header.time_ns;
	}
	span_driver_executed(model, record);
	begin_planned(model, record);
	guess_by_arguments(model, record);
}

static void process_environment(struct model *model, const struct record_environment *record)
{
	const struct process *process = process_find(model, record->id.host_pid);
	struct span_hint hints[SPAN_HINTS_MAX];
	size_t count;

	/* A latwrap reports its own tests. */
	if (process && streq(process->comm, "latwrap"))
		return;
	count = span_hints_of_environment(record->data, record->data_bytes,
					  model->resolvers.is_inherited, model->resolvers.context,
					  hints);

	for (size_t i = 0; i < count; i++)
		queue_guess(model, &record->id, record->header.time_ns, &hints[i]);
}

static void end_planned(struct model *model, struct span *span, uint64_t end_ns, int exit_signal,
			int exit_code)
{
	const struct span_message message = {
		.event = SPAN_END,
		.outcome = span_plan_outcome(span->plan, exit_signal, exit_code),
		.time_ns = end_ns,
		.received_ns = end_ns,
	};

	span_end_of(model, span, &message);
}

static void process_ended(struct model *model, const struct process *ended)
{
	const struct span_listener *listener = &model->spans->listener;
	struct span *planned;
	struct lineage *process = lineage_ended(&model->spans->lineage, ended->host_pid,
						ended->end_ns,
						ended->exit_signal || ended->exit_code);

	if (!process)
		return;
	if (listener->process_ended)
		listener->process_ended(listener->context, process);
	printed_over(model, process, ended->end_ns, ended->exit_signal,
		     ended->exit_signal || ended->exit_code);
	process->cpu_ns = ended->ended.runtime_ns;
	process->uid = ended->uid;
	planned = steal_ptr(process->planned);
	span_enqueue(model, ended->end_ns, QUEUED_PROCESS_END, process);
	/* Queue the span's end after that of the process, as only open spans get its CPU time. */
	if (planned && !planned->ended && planned->stage != SPAN_FINAL)
		end_planned(model, planned, ended->end_ns, ended->exit_signal, ended->exit_code);
	span_unref(model->spans, planned);
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void stalled(struct model *model, struct stall *stall)
{
	struct spans *spans = model->spans;
	struct lineage *process =
		lineage_of_host(&spans->lineage, stall->id.host_pid, stall->start_ns);

	if (strncmp(stall->comm, SPAN_HELPER_COMM, sizeof(SPAN_HELPER_COMM)) == 0)
		process = NULL;
	stall->queued = span_stall_new(stall, lineage_ref(process));
	span_enqueue(model, stall->start_ns + stall->duration_ns / 2, QUEUED_STALL, stall->queued);
}

static void stall_dropped(struct model *model, struct stall *stall)
{
	if (stall->queued)
		stall->queued->stall = NULL;
	span_unref(model->spans, stall->span);
}

/* -- The observer ---------------------------------------------------------------------------------- */

static void spans_free(struct model *model)
{
	struct spans *spans = model->spans;

	span_queue_free(&spans->queue, &spans->lineage);
	span_tree_free(spans);
	span_plans_free(&spans->plans, &spans->lineage);
	lineage_free(&spans->lineage);
	free(spans);
}

static const struct model_observer observer = {
	.process_seen = process_seen,
	.process_forked = process_forked,
	.process_executed = executed,
	.process_environment = process_environment,
	.process_printed = printed_results,
	.process_ended = process_ended,
	.stalled = stalled,
	.stall_dropped = stall_dropped,
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

bool model_is_traced(const struct model *model, uint32_t pid, uint32_t uid, uint64_t time_ns)
{
	return lineage_is_traced(&model->spans->lineage, pid, uid, time_ns);
}
