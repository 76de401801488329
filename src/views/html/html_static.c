/* Prints what the HTML page shows without its script: the verdict and the worst of everything */
#include "views/html/html_static.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "catalog/words.h"
#include "views/html/html_text.h"
#include "views/account_words.h"
#include "views/attempt_list.h"
#include "views/reasons.h"
#include "views/tests.h"

#define SENTENCE_CHARS 400
#define TEST_CHARS     120
#define LIST_MAX       8
#define ATTEMPTS_MAX   20
#define STALLS_MAX     30
#define TESTS_MAX      50
#define REPORTS_MAX    60

static const struct view_style style = {
	.escape = html_name,
	.name_columns = 32,
	.path_columns = 80,
};
/* For sentences that latwrap wrote: not shown as code. */
static const struct view_style prose = {
	.escape = html_escape, .name_columns = 32, .path_columns = 80};

static void print_list(const char *lead, const struct texts *list, FILE *out)
{
	for (size_t i = 0; i < MIN(list->count, (size_t)LIST_MAX); i++) {
		_cleanup_free_ char *safe = html_escape(list->list[i], SENTENCE_CHARS);

		fprintf(out, "<li>%s%s</li>\n", lead, safe);
	}
}

/* -- Verdict --------------------------------------------------------------------------------------- */

static void print_reasons(const struct report *report, FILE *out)
{
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *safe = html_escape(reasons[i], SENTENCE_CHARS);

		fprintf(out, "<li>%s</li>\n", safe);
		free(reasons[i]);
	}
}

static void print_gates(const struct report *report, FILE *out)
{
	for (size_t i = 0; i < MIN(report->verdict.gates.count, (size_t)LIST_MAX); i++) {
		const struct report_gate *gate = &report->verdict.gates.list[i];
		_cleanup_free_ char *expression = html_name(gate->expression, 80);
		_cleanup_free_ char *was = view_gate_actual(gate);

		fprintf(out, "<li>gate %s %s%s%s</li>\n", expression,
			gate->breached ? "<strong>breached</strong>"
			: was          ? "held"
				       : "not judged: not measured",
			was ? ", it was " : "", was ? was : "");
	}
}

static void print_attempts(const struct report *report, FILE *out)
{
	/* The lines are sentences that latwrap wrote: not shown as code. */
	static const struct view_style sentences = {.escape = html_escape, .name_columns = 32};
	size_t count = attempts_worth_showing(report) ? report->attempts.count : 0;

	for (size_t i = 0; i < MIN(count, (size_t)ATTEMPTS_MAX); i++) {
		_cleanup_free_ char *line = attempt_line(&report->attempts.list[i], &sentences);

		fprintf(out, "<li>%s</li>\n", line);
	}
	if (count > 1)
		fputs("<li>All else here is about the last attempt.</li>\n", out);
}

/* Failed tests come first: they are why people open the page. */
static void print_headline(const struct report *report, const char *sentence, FILE *out)
{
	const struct named_report named = {.name = "", .report = report};
	const struct named_reports reports = {.list = &named, .count = 1};
	_cleanup_free_ char *answers = NULL;
	char failed[VIEW_COUNT_BYTES], total[VIEW_COUNT_BYTES];
	struct tests tests;

	tests_find(&reports, &tests);
	answers = tests_answers(&tests);
	if (tests.failed)
		fprintf(out, "<h1>%s of %s tests failed%s%s</h1>\n<p>%s</p>\n",
			view_count(failed, tests.failed),
			view_count(total, MAX(tests.total, tests.failed)), *answers ? ": " : "",
			answers, sentence);
	else
		fprintf(out, "<h1>%s</h1>\n", sentence);
	tests_clear(&tests);
}

static void print_verdict(const struct report *report, FILE *out)
{
	enum verdict_status status = (enum verdict_status)report->verdict.status.value;
	const char *given = report->tracing.advice;
	_cleanup_free_ char *headline = view_headline(report);
	_cleanup_free_ char *sentence = html_escape(headline, SENTENCE_CHARS);
	_cleanup_free_ char *ended = view_exit(report, &style);
	_cleanup_free_ char *command = view_command(report, &style, 160);
	_cleanup_free_ char *answer = view_run_answer(report, &prose);
	_cleanup_free_ char *advice = given ? html_escape(given, SENTENCE_CHARS) : NULL;
	char buf[DURATION_FORMAT_BYTES];

	fprintf(out, "<header class=\"verdict %s\">\n<p class=\"badge\">latwrap: %s</p>\n",
		verdict_status_names[view_is_green(report) && status == VERDICT_STALLED
					     ? VERDICT_CLEAN
					     : status],
		view_end(report));
	print_headline(report, sentence, out);
	fprintf(out, "<p>%s after %s: %s</p>\n", ended,
		duration_format(buf, report->run.duration_ns), command);
	if (answer)
		fprintf(out, "<p><strong>Whose fault was it?</strong> %s</p>\n", answer);
	if (!report->complete)
		fputs("<p><strong>A checkpoint: the run had not ended, or latwrap was "
		      "killed.</strong></p>\n",
		      out);
	fputs("<ul>\n", out);
	print_reasons(report, out);
	print_gates(report, out);
	print_attempts(report, out);
	if (advice)
		fprintf(out, "<li>What to do: %s</li>\n", advice);
	fputs("</ul>\n</header>\n", out);
}

static void print_overview(const struct named_reports *reports, FILE *out)
{
	size_t counts[VERDICT_STATUSES] = {0};
	size_t stalled, unmeasured;

	for (size_t i = 0; i < reports->count; i++)
		counts[reports->list[i].report->verdict.status.value]++;
	stalled = counts[VERDICT_STALLED];
	unmeasured = counts[VERDICT_UNMEASURED];
	fprintf(out,
		"<header class=\"verdict %s\">\n<p class=\"badge\">latwrap: %zu runs</p>\n"
		"<h1>%zu of %zu runs stalled",
		verdict_status_names[stalled      ? VERDICT_STALLED
				     : unmeasured ? VERDICT_UNMEASURED
						  : VERDICT_CLEAN],
		reports->count, stalled, reports->count);
	if (unmeasured)
		fprintf(out, ", %zu %s not measured", unmeasured, unmeasured == 1 ? "was" : "were");
	fputs(".</h1>\n</header>\n", out);
}

static void print_runs(const struct named_reports *reports, FILE *out)
{
	fputs("<section>\n<h2>Runs</h2>\n<table>\n"
	      "<tr><th>Run</th><th>Verdict</th><th>Command</th><th>Stalls</th></tr>\n",
	      out);
	for (size_t i = 0; i < MIN(reports->count, (size_t)REPORTS_MAX); i++) {
		const struct named_report *of = &reports->list[i];
		_cleanup_free_ char *label = named_label(of, &style);
		_cleanup_free_ char *status = view_exit(of->report, &style);
		char number[VIEW_COUNT_BYTES];

		fprintf(out, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", label,
			of->report->verdict.status.text, status,
			view_count(number, view_stall_sum(&of->report->totals).count));
	}
	fputs("</table>\n", out);
	if (reports->count > REPORTS_MAX)
		fprintf(out, "<p>%zu more.</p>\n", reports->count - REPORTS_MAX);
	fputs("</section>\n", out);
}

/* -- Tests ----------------------------------------------------------------------------------------- */

static void print_test(const struct test *test, bool several, FILE *out)
{
	_cleanup_free_ char *name = html_name(test->span->name, TEST_CHARS);
	_cleanup_free_ char *place = test_place(test, &style), *label = NULL;
	_cleanup_free_ char *why = test_evidence(test, &prose);
	_cleanup_free_ char *account = account_line(test->span->account);

	if (several)
		label = named_label(test->of, &style);
	fprintf(out, "<tr><td>%s%s%s%s%s</td><td>%s</td><td>%s%s%s</td></tr>\n", name,
		place ? "<br>" : "", place ? place : "", label ? "<br>" : "", label ? label : "",
		test_answer(test), why ? why : "", account ? "<br>It " : "",
		account ? account : "");
}

static void print_tests(const struct named_reports *reports, FILE *out)
{
	_cleanup_free_ char *answers = NULL;
	struct tests tests;
	size_t n = 0;

	tests_find(reports, &tests);
	answers = tests_answers(&tests);
	while (n < tests.count && tests.list[n].failed)
		n++;
	if (n > 0) {
		fprintf(out,
			"<section>\n<h2>Failed tests</h2>\n"
			"<p>%" PRIu64 " of %" PRIu64 " tests failed%s%s.</p>\n<table>\n"
			"<tr><th>Test</th><th>Whose fault?</th><th>Why</th></tr>\n",
			tests.failed, MAX(tests.total, tests.failed), *answers ? ": " : "",
			answers);
		for (size_t i = 0; i < MIN(n, (size_t)TESTS_MAX); i++)
			print_test(&tests.list[i], reports->count > 1, out);
		fputs("</table>\n", out);
		if (n > TESTS_MAX)
			fprintf(out, "<p>%zu more.</p>\n", n - TESTS_MAX);
		fputs("</section>\n", out);
	}
	tests_clear(&tests);
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void print_stall(const struct named_stall *row, bool several, FILE *out)
{
	_cleanup_free_ char *who = view_stall_who(row->stall, &style);
	_cleanup_free_ char *what = view_stall_what(row->stall, &style), *label = NULL;
	char buf[DURATION_FORMAT_BYTES], when[VIEW_COUNT_BYTES];
	struct view_why why;

	if (several)
		label = named_label(row->of, &style);
	fprintf(out, "<tr><td>%s</td><td>%s</td><td>%s%s%s%s%s</td><td>",
		duration_format(buf, row->stall->duration_ns),
		view_offset(when, row->stall->start_ns), who ? who : "", who ? " " : "", what,
		label ? "<br>" : "", label ? label : "");
	view_stall_why(row->stall, &style, &why);
	for (size_t i = 0; i < why.n_parts; i++)
		fprintf(out, "%s%s %s", i > 0 ? "<br>" : "", duration_format(buf, why.parts[i].ns),
			why.parts[i].text);
	view_why_clear(&why);
	fputs("</td></tr>\n", out);
}

static void print_stalls(const struct named_reports *reports, FILE *out)
{
	_cleanup_free_ struct named_stall *rows = NULL;
	size_t n = named_stalls(reports, &rows);

	if (n == 0)
		return;
	fputs("<section>\n<h2>Worst stalls</h2>\n<table>\n"
	      "<tr><th>Length</th><th>At</th><th>What stalled</th><th>Because</th></tr>\n",
	      out);
	for (size_t i = 0; i < MIN(n, (size_t)STALLS_MAX); i++)
		print_stall(&rows[i], reports->count > 1, out);
	fputs("</table>\n", out);
	if (n > STALLS_MAX)
		fprintf(out, "<p>%zu more.</p>\n", n - STALLS_MAX);
	fputs("</section>\n", out);
}

/* -- Machine and loss ------------------------------------------------------------------------------ */

static void print_machine(const struct report *report, FILE *out)
{
	const struct report_host *host = &report->run.host;
	const struct report_tracing *tracing = &report->tracing;
	const struct {
		const char *text, *name;
	} texts[] = {
		{host->hostname, "Host"},          {host->kernel, "Kernel"},
		{host->cpu_model, "CPU"},          {host->virtualization, "Virtualization"},
		{tracing->reason, "Not measured"}, {tracing->advice, "What to do"},
	};

	fputs("<section>\n<h2>Machine</h2>\n<ul>\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *safe =
			texts[i].text ? html_escape(texts[i].text, SENTENCE_CHARS) : NULL;

		if (safe)
			fprintf(out, "<li>%s: %s</li>\n", texts[i].name, safe);
	}
	for (size_t i = 0; i < MIN(tracing->loss.count, (size_t)LIST_MAX); i++) {
		const struct report_loss *loss = &tracing->loss.list[i];
		_cleanup_free_ char *what = html_escape(loss->what, SENTENCE_CHARS);
		char number[VIEW_COUNT_BYTES];

		fprintf(out, "<li>Lost: %s x %s</li>\n", view_count(number, loss->count), what);
	}
	print_list("Not seen: ", &tracing->limits, out);
	fputs("</ul>\n</section>\n", out);
}

void html_print_static(const struct named_reports *reports, FILE *out)
{
	if (reports->count == 1)
		print_verdict(reports->list[0].report, out);
	else
		print_overview(reports, out);
	fputs("<main id=\"page\"></main>\n<div id=\"static\">\n", out);
	if (reports->count > 1)
		print_runs(reports, out);
	print_tests(reports, out);
	print_stalls(reports, out);
	if (reports->count == 1)
		print_machine(reports->list[0].report, out);
	fputs("</div>\n", out);
}
