/* The spans of a report: one row each, and the count of tests by outcome and answer. */
#include "report/span_rows.h"

#include <stdlib.h>

#include "base/util.h"
#include "report/account_rows.h"
#include "report/fill.h"
#include "spans/span_selection.h"
#include "spans/span_stalls.h"

static void fill_phases(struct arena *memory, const struct span *span, uint64_t start_ns,
			struct report_span *row)
{
	row->phases.count = span->phase_count;
	row->phases.list = arena_alloc(memory, span->phase_count, sizeof(*row->phases.list));
	for (unsigned i = 0; i < span->phase_count; i++)
		row->phases.list[i] = (struct report_phase){
			.name = fill_text(memory, span->phases[i].name),
			.start_ns = offset_ns(span->phases[i].start_ns, start_ns),
		};
}

static struct report_span_culprit *fill_culprit(struct arena *memory, const struct span *span)
{
	const struct span_culprit *culprit = span_culprit(span);
	struct report_span_culprit *row;

	if (!culprit)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_span_culprit){
		.pid = known_u64(culprit->host_pid, true),
		.comm = fill_comm(memory, culprit->comm),
		.where = word_of(culprit_where_names, culprit->where),
		.ns = culprit->ns,
	};
	return row;
}

static void fill_stalls(struct arena *memory, const struct span *span, struct report_span *row)
{
	const struct span_stalls *stalls = span->stalls;

	row->stalled_ns = span_stalled_ns(span);
	row->stalled_share = NAN;
	if (row->duration_ns.value)
		row->stalled_share =
			MIN((double)row->stalled_ns / (double)row->duration_ns.value, 1.0);
	row->culprit = fill_culprit(memory, span);
	if (!stalls)
		return;
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		row->stalls.of[kind] = stalls->count[kind];
		row->stalls_by_kind.of[kind] = (struct report_span_sum){stalls->kind_total_ns[kind],
									stalls->kind_max_ns[kind]};
	}
	row->max_stall_ns = stalls->max_ns;
	row->cause = (struct word){cause_catalog[span_cause(span)].name, (int)span_cause(span)};
}

static void fill_times(const struct span *span, const struct run_facts *facts,
		       struct report_span *row)
{
	bool over = span->ended || span->stage == SPAN_FINAL;
	uint64_t end_ns = over ? span->end_ns : MAX(facts->end_ns, span->start_ns);

	if (span->untimed) {
		row->duration_ns = known_u64(span->duration_ns, span->has_duration);
		return;
	}
	row->start_ns = known_u64(offset_ns(span->start_ns, facts->start_ns), true);
	row->end_ns = known_u64(offset_ns(span->end_ns, facts->start_ns), span->ended);
	row->duration_ns = known_u64(end_ns - span->start_ns, true);
}

static void fill_span(struct arena *memory, const struct span *span, const struct answers *answers,
		      struct report_span *row)
{
	const struct run_facts *facts = answers->facts;
	_cleanup_free_ char *evidence = NULL;
	enum answer answer = answer_of(answers, span, &evidence);

	*row = (struct report_span){
		.id = span->number,
		.parent = known_u64(span->parent ? span->parent->number : 0, span->parent),
		.name = fill_name(memory, span->name.data, span->name.size),
		.name_hex = fill_hex(memory, span->name.data, span->name.size),
		.runner = fill_text(memory, span->runner),
		.file = fill_text(memory, span->file),
		.line = known_u64(span->line, span->line),
		.attempt = known_u64(span->attempt, span->attempt),
		.outcome = word_of(span_outcome_names, span->outcome),
		.worker = fill_text(memory, span->worker),
		.pid = known_u64(span->pid, span->pid),
		.answer = {answer_catalog[answer].name, (int)answer},
		.evidence = fill_text(memory, evidence),
		.cause.value = -1,
		.cpu_time_ns = span->has_cpu_time ? known_u64(span->cpu_time_ns, true)
						  : known_u64(span->seen_cpu_ns, span->saw_process),
	};
	fill_times(span, facts, row);
	fill_phases(memory, span, facts->start_ns, row);
	fill_stalls(memory, span, row);
	row->account = account_rows(memory, span->account, facts);
	if (!span->account)
		return;
	row->lost_ns = known_u64(account_side_ns(span->account, SIDE_LOST), true);
	row->crowded_ns = known_u64(account_side_ns(span->account, SIDE_CROWDED), true);
}

struct report_span *rows_spans(struct arena *memory, const struct answers *answers,
			       size_t *ret_count)
{
	_cleanup_free_ struct span **spans = model_spans(answers->model, ret_count);
	struct report_span *rows = arena_alloc(memory, *ret_count, sizeof(*rows));

	for (size_t i = 0; i < *ret_count; i++)
		fill_span(memory, spans[i], answers, &rows[i]);
	return rows;
}

struct report_test_counts span_rows_counts(const struct span_counts *counts,
					   const struct answers *answers)
{
	struct report_test_counts row = {
		.passed = counts->outcomes[SPAN_PASSED],
		.failed = counts->outcomes[SPAN_FAILED],
		.skipped = counts->outcomes[SPAN_SKIPPED],
		.error = counts->outcomes[SPAN_ERROR],
		.unknown = counts->outcomes[SPAN_UNKNOWN],
	};

	memcpy(row.answered, answers->count, sizeof(row.answered));
	for (enum span_outcome outcome = SPAN_PASSED; outcome < SPAN_OUTCOMES; outcome++)
		row.count += counts->outcomes[outcome];
	return row;
}

uint64_t span_rows_dropped(const struct model *model)
{
	size_t rows;

	free(model_spans(model, &rows));
	return model_spans_begun(model) - rows;
}

void span_rows_owner(struct arena *memory, const struct stall *stall, struct report_stall *row)
{
	const struct span *span = stall->span && !stall->span->cancelled ? stall->span : NULL;
	const char *phase = span ? span_phase_at(span, stall->start_ns) : NULL;

	if (!span)
		return;
	row->span = fill_name(memory, span->name.data, span->name.size);
	row->span_id = known_u64(span->number, true);
	row->span_phase = fill_text(memory, phase);
}
