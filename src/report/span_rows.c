/* The spans of a report: one row each, and the count of tests by outcome and answer. */
#include "report/span_rows.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/span.h"
#include "report/json.h"
#include "report/rows.h"

static void add_word(cJSON *row, const char *key, const char *word)
{
	json_name(row, key, word, word ? strlen(word) : 0);
}

static void add_phases(cJSON *row, const struct span *span, uint64_t start_ns)
{
	cJSON *array = json_array(row, "phases");

	for (unsigned i = 0; i < span->phase_count; i++) {
		cJSON *phase = json_row(array);

		add_word(phase, "name", span->phases[i].name);
		json_u64(phase, "start_ns", rows_offset(span->phases[i].start_ns, start_ns));
	}
}

static void add_culprit(cJSON *row, const struct span *span)
{
	const struct span_culprit *culprit = span_culprit(span);
	cJSON *object;

	if (!culprit) {
		json_text(row, "culprit", NULL);
		return;
	}
	object = json_object(row, "culprit");
	json_u64(object, "pid", culprit->host_pid);
	json_name(object, "comm", culprit->comm, strnlen(culprit->comm, COMM_BYTES));
	json_text(object, "where", culprit_where_names[culprit->where]);
	json_u64(object, "ns", culprit->ns);
}

static void add_stalls(cJSON *row, const struct span *span, uint64_t duration_ns)
{
	uint64_t stalled_ns = span_stalled_ns(span);
	cJSON *object = json_object(row, "stalls");

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		json_u64(object, kind_catalog[kind].name,
			 span->stalls ? span->stalls->count[kind] : 0);
	object = json_object(row, "stalls_by_kind");
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		cJSON *sums = json_object(object, kind_catalog[kind].name);

		json_u64(sums, "total_ns", span->stalls ? span->stalls->kind_total_ns[kind] : 0);
		json_u64(sums, "max_ns", span->stalls ? span->stalls->kind_max_ns[kind] : 0);
	}
	json_u64(row, "waits_ns", span->waits_ns);
	cJSON_AddBoolToObject(row, "waited", span_waited(span));
	json_u64(row, "stalled_ns", stalled_ns);
	json_u64(row, "max_stall_ns", span->stalls ? span->stalls->max_ns : 0);
	if (duration_ns)
		cJSON_AddNumberToObject(row, "stalled_share",
					MIN((double)stalled_ns / (double)duration_ns, 1.0));
	else
		json_text(row, "stalled_share", NULL);
	json_text(row, "cause", span->stalls ? cause_catalog[span_cause(span)].name : NULL);
	add_culprit(row, span);
}

static void add_span(cJSON *array, const struct span *span, const struct run_facts *facts)
{
	bool over = span->ended || span->stage == SPAN_SETTLED;
	uint64_t end_ns = over ? span->end_ns : MAX(facts->end_ns, span->start_ns);
	cJSON *row = json_row(array);

	json_u64(row, "id", span->number);
	json_u64_known(row, "parent", span->parent ? span->parent->number : 0, span->parent);
	json_name_hex(row, "name", span->name.data, span->name.size);
	add_word(row, "runner", span->runner);
	add_word(row, "file", span->file);
	json_u64_known(row, "line", span->line, span->line);
	json_u64_known(row, "attempt", span->attempt, span->attempt);
	json_text(row, "outcome", span_outcome_names[span->outcome]);
	json_u64(row, "start_ns", rows_offset(span->start_ns, facts->start_ns));
	json_u64_known(row, "end_ns", rows_offset(span->end_ns, facts->start_ns), span->ended);
	json_u64(row, "duration_ns", end_ns - span->start_ns);
	add_word(row, "worker", span->worker);
	json_u64_known(row, "pid", span->pid, span->pid);
	add_phases(row, span, facts->start_ns);
	json_text(row, "answer", span_answer_names[span_answer(span, &facts->trace)]);
	add_stalls(row, span, end_ns - span->start_ns);
	if (span->has_cpu_time)
		json_u64(row, "cpu_time_ns", span->cpu_time_ns);
	else
		json_u64_known(row, "cpu_time_ns", span->seen_cpu_ns, span->saw_process);
}

void rows_spans(cJSON *report, const struct model *model, const struct run_facts *facts)
{
	cJSON *array = json_array(report, "spans");
	size_t count;
	_cleanup_free_ struct span **spans = model_spans(model, &count);

	for (size_t i = 0; i < count; i++)
		add_span(array, spans[i], facts);
}

void spans_add_counts(cJSON *report, const struct model *model, const struct run_facts *facts)
{
	cJSON *tests = json_object(cJSON_GetObjectItemCaseSensitive(report, "verdict"), "tests");
	struct span_counts counts;
	uint64_t all = 0;

	model_span_counts(model, &facts->trace, &counts);
	for (enum span_outcome outcome = SPAN_PASSED; outcome < SPAN_OUTCOMES; outcome++)
		all += counts.outcomes[outcome];
	json_u64(tests, "count", all);
	for (enum span_outcome outcome = SPAN_PASSED; outcome < SPAN_OUTCOMES; outcome++)
		json_u64(tests, span_outcome_names[outcome], counts.outcomes[outcome]);
	json_u64(tests, "stalled_while_failing", counts.answers[SPAN_STALLED]);
	json_u64(tests, "not_stalled", counts.answers[SPAN_NOT_STALLED]);
	json_u64(tests, "waited", counts.waited);
	json_u64(tests, "not_measured", counts.answers[SPAN_NOT_MEASURED]);
}

void spans_add_losses(cJSON *array, const struct model *model, const struct run_facts *facts)
{
	struct span_counts counts;

	model_span_counts(model, &facts->trace, &counts);
	for (enum span_loss loss = 0; loss < SPAN_LOSSES; loss++) {
		cJSON *row;

		if (!counts.losses[loss])
			continue;
		row = json_row(array);
		json_text(row, "what", span_loss_names[loss]);
		json_u64(row, "count", counts.losses[loss]);
		json_text(row, "first_ns", NULL);
		json_text(row, "last_ns", NULL);
	}
}

void spans_add_dropped(cJSON *dropped, const struct model *model)
{
	size_t rows;

	free(model_spans(model, &rows));
	json_u64(dropped, "spans", model_spans_begun(model) - rows);
}

void spans_add_owner(cJSON *row, const struct stall *stall)
{
	const struct span *span = stall->span;

	json_name(row, "span", span ? span->name.data : NULL, span ? span->name.size : 0);
	json_u64_known(row, "span_id", span ? span->number : 0, span);
	json_text(row, "span_phase", span ? span_phase_at(span, stall->start_ns) : NULL);
}
