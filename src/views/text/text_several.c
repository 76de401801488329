/* Prints several reports as one text: the verdict over all, the worst runs, tests and stalls */
#include "views/text/text_several.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "base/util.h"
#include "catalog/words.h"
#include "views/text/text_print.h"
#include "views/text/text_stalls.h"
#include "views/text/text_tests.h"

#define RUNS_MAX 20

enum state {
	CLEAN,
	UNMEASURED,
	STALLED,
	STATES,
};

struct run {
	const struct named_report *of;
	enum state state;
	bool failed, ended;
	struct view_stall_sum stalls;
	unsigned int breached;
	size_t order;
};

/* -- The state of each run ------------------------------------------------------------------------- */

static enum state state_of(const struct report *report)
{
	static const enum state states[VERDICT_STATUSES] = {
		[VERDICT_CLEAN] = CLEAN,
		[VERDICT_STALLED] = STALLED,
		[VERDICT_UNMEASURED] = UNMEASURED,
	};

	return states[report->verdict.status.value];
}

static struct run run_of(const struct named_report *of, size_t order)
{
	int status = view_exit_status(of->report);
	struct run run = {
		.of = of,
		.state = state_of(of->report),
		.failed = status > 0,
		.ended = status >= 0,
		.stalls = view_stall_sum(&of->report->totals),
		.order = order,
	};

	for (size_t i = 0; i < of->report->verdict.gates.count; i++)
		run.breached += of->report->verdict.gates.list[i].breached;
	return run;
}

/* Runs whose failure the stalls may explain come first. */
static int compare_runs(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->state != y->state)
		return (int)y->state - (int)x->state;
	if (x->failed != y->failed)
		return y->failed - x->failed;
	if (x->stalls.total_ns != y->stalls.total_ns)
		return x->stalls.total_ns < y->stalls.total_ns ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* -- The verdict ----------------------------------------------------------------------------------- */

static void print_verdict(const struct text *t, const struct run *runs)
{
	size_t n = t->reports->count, states[STATES] = {0}, failed = 0, going_on = 0;

	for (size_t i = 0; i < n; i++) {
		states[runs[i].state]++;
		failed += runs[i].failed;
		going_on += !runs[i].ended;
	}
	text_painted(t,
		     states[STALLED]      ? YELLOW
		     : states[UNMEASURED] ? MAGENTA
					  : GREEN,
		     "latwrap: ");
	if (states[STALLED])
		text_painted(t, YELLOW, "%zu of %zu runs stalled", states[STALLED], n);
	else if (states[CLEAN])
		text_painted(t, states[UNMEASURED] ? MAGENTA : GREEN,
			     "No stalls in %zu of %zu runs", states[CLEAN], n);
	else
		text_painted(t, MAGENTA, "None of %zu runs was measured", n);
	if (states[UNMEASURED] && states[UNMEASURED] < n)
		text_painted(t, MAGENTA, ", %zu %s not measured", states[UNMEASURED],
			     states[UNMEASURED] == 1 ? "was" : "were");
	fputs(". ", t->out);
	if (failed)
		text_painted(t, RED, "%zu of %zu commands failed", failed, n);
	else
		fputs(going_on == n ? "No command has ended" : "No command failed", t->out);
	if (going_on && going_on < n)
		fprintf(t->out, ", of %zu it is not known", going_on);
	fputs(".\n", t->out);
}

/* -- The runs -------------------------------------------------------------------------------------- */

static void print_run(const struct text *t, const struct run *run)
{
	static const struct {
		const char *word;
		enum text_color color;
	} states[STATES] = {{"clean", GREEN}, {"not measured", MAGENTA}, {"stalled", YELLOW}};
	_cleanup_free_ char *label = named_label(run->of, &t->style);
	_cleanup_free_ char *status = view_exit(run->of->report, &t->style);
	char number[VIEW_COUNT_BYTES], total[DURATION_FORMAT_BYTES], max[DURATION_FORMAT_BYTES];

	fputs("  ", t->out);
	text_painted(t, states[run->state].color, "%s", states[run->state].word);
	fputs(", ", t->out);
	text_painted(t, run->failed ? RED : PLAIN, "%s", status);
	fprintf(t->out, " after %s", duration_format(total, run->of->report->run.duration_ns));
	if (run->state == STALLED)
		fprintf(t->out, ", %s stall%s, %s in all, longest %s",
			view_count(number, run->stalls.count), text_plural(run->stalls.count),
			duration_format(total, run->stalls.total_ns),
			duration_format(max, run->stalls.max_ns));
	if (run->breached)
		text_painted(t, RED, ", %u gate%s breached", run->breached,
			     text_plural(run->breached));
	fprintf(t->out, ": %s\n", label);
}

static void print_runs(const struct text *t, const struct run *runs)
{
	size_t n = t->reports->count, shown = MIN(n, (size_t)RUNS_MAX);

	text_painted_line(t, BOLD, "Runs");
	for (size_t i = 0; i < shown; i++)
		print_run(t, &runs[i]);
	if (n > shown)
		fprintf(t->out, "  and %zu more\n", n - shown);
}

/* -- What was not measured ------------------------------------------------------------------------- */

static void print_loss(const struct text *t)
{
	size_t runs = 0;
	uint64_t lost = 0;
	char number[VIEW_COUNT_BYTES];

	for (size_t i = 0; i < t->reports->count; i++) {
		uint64_t of_run = view_lost(t->reports->list[i].report);

		lost = view_sum(lost, of_run);
		runs += of_run > 0;
	}
	if (lost)
		text_painted_line(
			t, RED,
			"LOST: %s records in %zu of the runs: their numbers are lower bounds",
			view_count(number, lost), runs);
}

void report_print_text_several(const struct named_reports *reports, FILE *out,
			       const struct text_options *options)
{
	_cleanup_free_ struct run *runs = xcalloc(reports->count + 1, sizeof(*runs));
	struct text t;

	text_open(&t, reports, out, options);
	for (size_t i = 0; i < reports->count; i++)
		runs[i] = run_of(&reports->list[i], i);
	qsort(runs, reports->count, sizeof(*runs), compare_runs);

	print_verdict(&t, runs);
	print_runs(&t, runs);
	text_print_tests(reports, out, options->color, &t.style);
	text_print_stalls(&t);
	text_print_watched(&t);
	print_loss(&t);
}
