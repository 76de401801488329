/* Prints the part of reports that --baseline needs: a report of the tests that passed */
#include "views/baseline/baseline_report.h"

#include <math.h>

#include "base/util.h"
#include "catalog/words.h"
#include "report/write.h"

/* Leaves out the rows of a list, and adds their number to dropped. */
#define DROP(list, dropped)                  \
	do {                                 \
		*(dropped) += (list)->count; \
		(list)->count = 0;           \
	} while (0)

static void drop_rows(struct report *report)
{
	for (size_t i = 0; i < report->stalls.count; i++) {
		int kind = report->stalls.list[i].kind.value;

		/* A newer latwrap may know other kinds. */
		if (kind >= 0)
			report->dropped.stalls.of[kind]++;
	}
	report->stalls.count = 0;
	DROP(&report->processes, &report->dropped.processes);
	DROP(&report->files, &report->dropped.files);
	DROP(&report->commands, &report->dropped.commands);
	report->run.account = NULL;
	report->timeline.samples.count = 0;
	report->watched.count = 0;
	report->included.list = NULL;
	report->attempts.list = NULL;
}

/* The gauge can be compared with that of the same CPU model and version of latwrap. */
static bool has_same_gauge(const struct report *a, const struct report *b)
{
	const char *one = a->run.host.cpu_model, *other = b->run.host.cpu_model;

	return streq(a->tool.version, b->tool.version) && one && other && streq(one, other);
}

static void add_passed(const struct report *report, struct report *to,
		       struct report_account *accounts)
{
	bool keeps_gauge = has_same_gauge(report, to);

	for (size_t i = 0; i < report->spans.count; i++) {
		const struct report_span *span = &report->spans.list[i];
		struct report_span *kept = &to->spans.list[to->spans.count];
		struct report_account *account = &accounts[to->spans.count];

		if (span->outcome.value != SPAN_PASSED || !span->account) {
			to->dropped.spans++;
			continue;
		}
		*account = *span->account;
		account->shares.count = account->path.count = 0;
		if (!keeps_gauge)
			account->gauge_ns = NAN;
		*kept = *span;
		kept->account = account;
		kept->parent.known = false;
		kept->phases.count = 0;
		kept->evidence = NULL;
		kept->culprit = NULL;
		to->spans.count++;
	}
}

void baseline_report_print(const struct named_reports *reports, FILE *out)
{
	_cleanup_free_ struct report_account *accounts = NULL;
	_cleanup_free_ struct report_span *spans = NULL;
	struct report all = *reports->list[0].report;
	size_t count = 0;

	for (size_t i = 0; i < reports->count; i++)
		count += reports->list[i].report->spans.count;
	accounts = xcalloc(count + 1, sizeof(*accounts));
	spans = xcalloc(count + 1, sizeof(*spans));
	drop_rows(&all);
	all.spans.list = spans;
	all.spans.count = 0;
	for (size_t i = 0; i < reports->count; i++)
		add_passed(reports->list[i].report, &all, accounts);
	report_print_json(&all, out);
}
