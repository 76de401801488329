/* Selects the spans that a report shows, and computes their answers, phases and counts. */
#include "spans/span_selection.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"
#include "spans/span_stalls.h"
#include "spans/span_tree.h"

static bool has_failed(const struct span *span)
{
	return span->outcome == SPAN_FAILED || span->outcome == SPAN_ERROR;
}

/* -- Selection ------------------------------------------------------------------------------------- */

static int most_interesting_first(const void *a, const void *b)
{
	const struct span *one = *(struct span *const *)a, *other = *(struct span *const *)b;
	uint64_t one_ns = span_stalled_ns(one), other_ns = span_stalled_ns(other);

	if (has_failed(one) != has_failed(other))
		return has_failed(other) ? 1 : -1;
	if (one_ns != other_ns)
		return one_ns < other_ns ? 1 : -1;
	return one->number < other->number ? -1 : one->number > other->number;
}

static int by_start(const void *a, const void *b)
{
	const struct span *one = *(struct span *const *)a, *other = *(struct span *const *)b;

	if (one->start_ns != other->start_ns)
		return one->start_ns < other->start_ns ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

static void choose(const struct model *model, struct span **all, size_t count)
{
	size_t rows = model->spans->rows;

	for (size_t i = 0; i < count; i++)
		all[i]->chosen = count <= rows;
	if (count <= rows)
		return;
	qsort(all, count, sizeof(struct span *), most_interesting_first);
	for (size_t i = 0; i < rows; i++)
		for (struct span *span = all[i]; span && !span->chosen; span = span->parent)
			span->chosen = true;
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		for (size_t i = 0; i < model->stalls[kind].kept_count; i++)
			for (struct span *span = model->stalls[kind].kept[i]->span;
			     span && !span->chosen; span = span->parent)
				span->chosen = true;
}

struct span **model_spans(const struct model *model, size_t *ret_count)
{
	const struct spans *spans = model->spans;
	struct span **all = xcalloc(spans->memory_count + 1, sizeof(struct span *));
	size_t count = 0, chosen = 0;

	for (struct span *span = spans->all; span; span = span->next)
		all[count++] = span;
	choose(model, all, count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->chosen)
			all[chosen++] = all[i];
	qsort(all, chosen, sizeof(struct span *), by_start);
	*ret_count = chosen;
	return all;
}

uint64_t model_spans_begun(const struct model *model)
{
	return model->spans->begun;
}

/* -- Answers --------------------------------------------------------------------------------------- */

const char *span_phase_at(const struct span *span, uint64_t time_ns)
{
	const char *name = NULL;
	uint64_t start_ns = 0;

	for (unsigned i = 0; i < span->phase_count; i++) {
		if (span->phases[i].start_ns > time_ns || span->phases[i].start_ns < start_ns)
			continue;
		name = span->phases[i].name;
		start_ns = span->phases[i].start_ns;
	}
	return name;
}

/* Whether stalls, or threads that may have had stalls, were lost in this time. */
static bool lost_between(const struct trace_facts *trace, uint64_t start_ns, uint64_t end_ns)
{
	static const enum loss_kind kinds[] = {LOSS_RINGBUF_STALL, LOSS_RINGBUF_OFF_CPU,
					       LOSS_THREAD_STORAGE, LOSS_THREAD_UNKNOWN};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct loss_counter *loss = &trace->losses[kinds[i]];

		if (loss->count && loss->first_ns <= end_ns && loss->last_ns >= start_ns)
			return true;
	}
	return false;
}

enum span_answer span_answer(const struct span *span, const struct trace_facts *trace)
{
	uint64_t end_ns = span->ended || span->stage == SPAN_SETTLED ? span->end_ns : UINT64_MAX;
	bool traced = span->traced || (span->process && span->process->host_pid);

	if (!has_failed(span))
		return SPAN_NO_ANSWER;
	if (span->stalls && span->stalls->before_failure)
		return SPAN_STALLED;
	if (trace->status != TRACE_FULL || !traced || span->ambiguous ||
	    lost_between(trace, span->start_ns, end_ns))
		return SPAN_NOT_MEASURED;
	return SPAN_NOT_STALLED;
}

static bool any_lost(const struct trace_facts *trace)
{
	return lost_between(trace, 0, UINT64_MAX);
}

void model_span_counts(const struct model *model, const struct trace_facts *trace,
		       struct span_counts *ret)
{
	const struct spans *spans = model->spans;
	bool measured = trace->status == TRACE_FULL && !any_lost(trace);
	enum span_answer answer;

	*ret = spans->gone;
	ret->answers[measured ? SPAN_NOT_STALLED : SPAN_NOT_MEASURED] += spans->gone_failed_clean;
	ret->answers[SPAN_NOT_MEASURED] += spans->gone_failed_untraced;
	ret->waited += measured ? spans->gone_failed_waited : 0;
	for (const struct span *span = spans->all; span; span = span->next) {
		if (span->has_tests || span->outcome == SPAN_NO_OUTCOME)
			continue;
		ret->outcomes[span->outcome]++;
		answer = span_answer(span, trace);
		ret->answers[answer]++;
		ret->waited += answer == SPAN_NOT_STALLED && span_waited(span);
	}
	ret->answers[SPAN_NO_ANSWER] = 0;
}
