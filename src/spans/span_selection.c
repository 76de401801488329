/* Selects the spans that a report shows, and computes their phases and counts. */
#include "spans/span_selection.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/model.h"
#include "spans/span_stalls.h"
#include "spans/span_tree.h"

/* -- Selection ------------------------------------------------------------------------------------- */

static int most_interesting_first(const void *a, const void *b)
{
	const struct span *one = *(struct span *const *)a, *other = *(struct span *const *)b;
	uint64_t one_ns = span_stalled_ns(one), other_ns = span_stalled_ns(other);

	if (span_has_failed(one) != span_has_failed(other))
		return span_has_failed(other) ? 1 : -1;
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
		all[i]->chosen = count <= rows && !all[i]->cancelled;
	if (count <= rows)
		return;
	qsort(all, count, sizeof(struct span *), most_interesting_first);
	for (size_t i = 0; i < rows; i++)
		for (struct span *span = all[i]; span && !span->chosen && !span->cancelled;
		     span = span->parent)
			span->chosen = true;
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		for (size_t i = 0; i < model->stalls[kind].kept_count; i++)
			for (struct span *span = model->stalls[kind].kept[i]->span;
			     span && !span->chosen && !span->cancelled; span = span->parent)
				span->chosen = true;
}

struct span **model_spans(const struct model *model, size_t *ret_count)
{
	size_t count, chosen = 0;
	struct span **all = span_tree_list(model->spans, &count);

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
	uint64_t begun = model->spans->begun;

	for (const struct span *span = model->spans->all; span; span = span->next)
		begun -= span->cancelled;
	return begun;
}

/* -- Phases and counts ----------------------------------------------------------------------------- */

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

void model_span_counts(const struct model *model, struct span_counts *ret)
{
	const struct spans *spans = model->spans;

	*ret = spans->gone;
	for (const struct span *span = spans->all; span; span = span->next)
		if (!span->has_tests && span->outcome != SPAN_NO_OUTCOME)
			ret->outcomes[span->outcome]++;
}

struct passed_test *model_passed(const struct model *model, size_t *ret_count)
{
	const struct spans *spans = model->spans;
	size_t count = spans->passed ? spans->passed->count : 0;
	struct passed_test *list = xcalloc(count + spans->memory_count + 1, sizeof(*list));

	if (count)
		memcpy(list, spans->passed->list, count * sizeof(*list));
	for (const struct span *span = spans->all; span; span = span->next)
		count += passed_test(span, &list[count]);
	*ret_count = count;
	return list;
}
