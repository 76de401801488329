/* The attempts at a command (--retry): one entry each, the earlier ones with their whole reports */
#include "report/attempts.h"

#include "report/fill.h"
#include "report/load.h"

void attempts_done(struct attempt_list *attempts)
{
	for (size_t i = 0; i < attempts->count; i++)
		report_free(attempts->list[i].report);
	free(attempts->list);
	arena_done(&attempts->memory);
	*attempts = (struct attempt_list){0};
}

static struct report_attempt_sums fill_sums(struct arena *memory,
					    const struct report_totals *totals)
{
	struct report_attempt_sums sums = {0};

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct report_stall_sum *of = totals->of[kind];

		if (!of)
			continue;
		sums.of[kind] = arena_alloc(memory, 1, sizeof(*sums.of[kind]));
		*sums.of[kind] = (struct report_attempt_sum){of->count, of->total_ns, of->max_ns};
	}
	return sums;
}

void attempts_add(struct attempt_list *attempts, const struct report *report,
		  const struct attempt_fate *fate)
{
	struct report_attempt *entry;

	attempts->list = xreallocarray(attempts->list, attempts->count + 1, sizeof(*entry));
	entry = &attempts->list[attempts->count++];
	*entry = (struct report_attempt){
		.number = attempts->count,
		.run_id = report->run.id,
		.started_at = report->run.started_at,
		.duration_ns = report->run.duration_ns,
		.exit = report->run.exit,
		.exit_status = report->run.exit_status,
		.verdict = report->verdict.status,
		.stalls = fill_sums(&attempts->memory, &report->totals),
		.tests = report->verdict.tests,
		.spoiled = fate->spoiled,
		.retried = fate->retried,
		.reason = fill_text(&attempts->memory, fate->reason),
	};
	entry->gates.list = report->verdict.gates.list;
	entry->gates.count = report->verdict.gates.count;
}

void attempts_keep(struct attempt_list *attempts, struct report *report)
{
	/* An empty list, not NULL: NULL means that the command had no --retry. */
	report->attempts.list = arena_alloc(&report->memory, 0, 1);
	report->attempts.count = 0;
	attempts->list[attempts->count - 1].report = report;
}

struct report *attempts_take_back(struct attempt_list *attempts, const char *why)
{
	struct report_attempt *entry = &attempts->list[attempts->count - 1];
	struct report *report = steal_ptr(entry->report);
	_cleanup_free_ char *reason = xasprintf("%s, but %s", entry->reason, why);

	entry->retried = false;
	entry->reason = fill_text(&attempts->memory, reason);
	return report;
}

void attempts_attach(struct report *report, const struct attempt_list *attempts)
{
	report->attempts.count = attempts->count;
	report->attempts.list = attempts->count ? attempts->list
						: arena_alloc(&report->memory, 0, 1);
}
