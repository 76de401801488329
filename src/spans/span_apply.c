/* Applies messages to spans: begins, updates and ends them. */
#include "spans/span_apply.h"

#include "base/util.h"
#include "model/model.h"
#include "spans/span_sweep.h"
#include "spans/span_tree.h"

/* Limits a time to that of arrival: a sender may use the clock of another time namespace, or invent a time. */
static uint64_t sane_time(const struct span_message *message, uint64_t time_ns)
{
	return time_ns && time_ns < message->received_ns ? time_ns : message->received_ns;
}

/* The process of a message. For of_parent, the traced fork tells the sender's parent, whatever its PID namespace. */
static struct lineage *process_of(struct spans *spans, const struct span_message *message,
				  uint64_t time_ns)
{
	uint32_t pid = message->pid ? message->pid : message->sender_pid;
	struct lineage *sender, *parent;

	if (!message->of_parent)
		return lineage_of_sender(&spans->lineage, pid, time_ns);
	sender = lineage_of_sender(&spans->lineage, message->sender_pid, time_ns);
	parent = lineage_ref(lineage_parent(&spans->lineage, sender));
	lineage_unref(&spans->lineage, sender);
	return parent ? parent : lineage_of_sender(&spans->lineage, pid, time_ns);
}

static void take_phases(struct span *span, const struct span_message *message)
{
	for (unsigned i = 0; i < message->phase_count && span->phase_count < SPAN_PHASES; i++) {
		struct span_phase *phase = &span->phases[span->phase_count++];

		*phase = message->phases[i];
		phase->start_ns = sane_time(message, phase->start_ns);
	}
}

struct span *span_begin_of(struct model *model, const struct span_message *message,
			   struct lineage *process, uint64_t start_ns)
{
	struct spans *spans = model->spans;
	struct span *span;

	/* A flood of short spans shortens the window. If the spans do not end, refuse the new one. */
	while (span_tree_is_full(spans) && spans->queue.count)
		span_sweep_one(model);
	span = span_add(spans, message, process);
	if (!span)
		return NULL;
	span->start_ns = start_ns;
	span->printed = message->is_printed;
	if (message->event == SPAN_BEGIN && message->has_cpu_time)
		span->begun_cpu_ns = message->cpu_time_ns;
	take_phases(span, message);
	span_enqueue(model, start_ns, QUEUED_BEGIN, span_ref(span));
	/* What is printed arrives late, and may turn out to be no test. */
	if (spans->listener.begun && message->event != SPAN_WHOLE && !span->printed)
		spans->listener.begun(spans->listener.context, span);
	return span;
}

static struct span *begin(struct model *model, const struct span_message *message,
			  uint64_t start_ns)
{
	struct lineage_table *table = &model->spans->lineage;
	struct lineage *process = process_of(model->spans, message, start_ns);
	struct span *span = span_begin_of(model, message, process, start_ns);

	lineage_unref(table, process);
	return span;
}

static void update(struct span *span, const struct span_message *message)
{
	take_phases(span, message);
	if (message->name)
		span_rename(span, message->name);
	if (message->outcome != SPAN_NO_OUTCOME)
		span->outcome = message->outcome;
	if (message->failed_ns)
		span->failed_ns = sane_time(message, message->failed_ns);
	else if (message->event == SPAN_UPDATE && span_has_failed(span) && !span->failed_ns)
		span->failed_ns = sane_time(message, message->time_ns);
	if (message->has_cpu_time) {
		span->has_cpu_time = true;
		span->cpu_time_ns =
			message->cpu_time_ns - MIN(span->begun_cpu_ns, message->cpu_time_ns);
	}
}

void span_end_of(struct model *model, struct span *span, const struct span_message *message)
{
	const struct span_listener *listener = &model->spans->listener;

	update(span, message);
	span->ended = true;
	span->end_ns = MAX(sane_time(message, message->time_ns), span->start_ns);
	span_enqueue(model, span->end_ns, QUEUED_END, span_ref(span));
	if (listener->ended)
		listener->ended(listener->context, span);
}

void model_span_message(struct model *model, const struct span_message *message)
{
	struct spans *spans = model->spans;
	uint64_t time_ns = sane_time(message, message->time_ns);
	struct lineage *process;
	struct span *span = NULL, *late = NULL;

	spans->gone.losses[SPAN_LOSS_UNSENT] += MIN(message->unsent, (uint64_t)UINT32_MAX);
	switch (message->event) {
	case SPAN_BEGIN:
		begin(model, message, time_ns);
		return;
	case SPAN_WHOLE:
		span = begin(model, message, MIN(message->start_ns, time_ns));
		if (span)
			span_end_of(model, span, message);
		return;
	case SPAN_PLAN:
		if (!span_plan_add(&spans->plans, &spans->lineage, message))
			spans->gone.losses[SPAN_LOSS_UNPLANNED]++;
		return;
	case SPAN_UPDATE:
	case SPAN_PAUSE:
	case SPAN_RESUME:
	case SPAN_END:
		process = process_of(spans, message, time_ns);
		span = span_by_id(spans, message->id, process, REACH_NOT_ENDED);
		if (!span && message->event == SPAN_UPDATE)
			late = span_by_id(spans, message->id, process, REACH_IN_MEMORY);
		lineage_unref(&spans->lineage, process);
		break;
	}
	if (late && message->outcome != SPAN_NO_OUTCOME)
		span_set_late_outcome(spans, late, message->outcome);
	else if (!span)
		spans->gone.losses[SPAN_LOSS_UNKNOWN]++;
	else if (message->event == SPAN_END)
		span_end_of(model, span, message);
	else if (message->event == SPAN_PAUSE || message->event == SPAN_RESUME)
		/* Whatever the sender says, like its end this is not before its begin. */
		span_enqueue(model, MAX(time_ns, span->start_ns),
			     message->event == SPAN_PAUSE ? QUEUED_PAUSE : QUEUED_RESUME,
			     span_ref(span));
	else
		update(span, message);
}

void model_span_unreadable(struct model *model)
{
	model->spans->gone.losses[SPAN_LOSS_UNREADABLE]++;
}

void model_span_refused(struct model *model)
{
	model->spans->gone.losses[SPAN_LOSS_STRANGER]++;
}
