/* What the HTML page says without its script: the verdict and the worst of everything */
#include "views/html/html_static.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "views/html/html_text.h"
#include "views/attempt_list.h"
#include "report/load.h"
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

static const char *status_word(const cJSON *report)
{
	static const char *const words[] = {"clean", "stalled", "unmeasured"};
	const char *status = report_string(report, "verdict.status", "");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(status, words[i]))
			return words[i];
	return "no verdict";
}

static void print_list(const char *lead, const cJSON *list, FILE *out)
{
	unsigned int n = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		_cleanup_free_ char *safe = NULL;

		if (n++ == LIST_MAX)
			break;
		safe = html_escape(report_string(item, "", "?"), SENTENCE_CHARS);
		fprintf(out, "<li>%s%s</li>\n", lead, safe);
	}
}

/* -- Verdict --------------------------------------------------------------------------------------- */

static void print_reasons(const cJSON *report, FILE *out)
{
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *safe = html_escape(reasons[i], SENTENCE_CHARS);

		fprintf(out, "<li>%s</li>\n", safe);
		free(reasons[i]);
	}
}

static void print_gates(const cJSON *report, FILE *out)
{
	unsigned int n = 0;
	const cJSON *gate;

	cJSON_ArrayForEach(gate, report_array(report, "verdict.gates")) {
		_cleanup_free_ char *expression = NULL;
		uint64_t actual = report_u64(gate, "actual", 0);
		char buf[MAX(DURATION_FORMAT_BYTES, VIEW_COUNT_BYTES)];
		bool known = report_known(gate, "actual");

		if (n++ == LIST_MAX)
			break;
		expression = html_name(report_string(gate, "expression", "?"), 80);
		fprintf(out, "<li>gate %s %s", expression,
			report_bool(gate, "breached", false) ? "<strong>breached</strong>"
			: known                              ? "held"
							     : "not judged: not measured");
		if (known)
			fprintf(out, ", it was %s",
				streq(report_string(gate, "unit", ""), "ns")
					? duration_format(buf, actual)
					: view_count(buf, actual));
		fputs("</li>\n", out);
	}
}

static void print_attempts(const cJSON *report, FILE *out)
{
	/* What is in them are sentences of ours, for the most part: no code. */
	static const struct view_style sentences = {.escape = html_escape, .name_columns = 32};
	unsigned int n = 0;
	const cJSON *entry;

	cJSON_ArrayForEach(entry, attempts_to_tell(report)) {
		_cleanup_free_ char *line = NULL;

		if (n++ == ATTEMPTS_MAX)
			break;
		line = attempt_line(entry, &sentences);
		fprintf(out, "<li>%s</li>\n", line);
	}
	if (n > 1)
		fputs("<li>All else here is about the last attempt.</li>\n", out);
}

static void print_verdict(const cJSON *report, FILE *out)
{
	const char *word = status_word(report);
	_cleanup_free_ char *sentence =
		html_escape(report_string(report, "verdict.sentence", word), SENTENCE_CHARS);
	_cleanup_free_ char *status = view_exit(report, &style);
	_cleanup_free_ char *command = view_command(report, &style, 160);
	const char *given = report_string(report, "tracing.advice", NULL);
	_cleanup_free_ char *advice = given ? html_escape(given, SENTENCE_CHARS) : NULL;
	char buf[DURATION_FORMAT_BYTES];

	fprintf(out,
		"<header class=\"verdict %s\">\n<p class=\"badge\">latwrap: %s</p>\n"
		"<h1>%s</h1>\n<p>%s after %s: %s</p>\n",
		*word == 'n' ? "unmeasured" : word, word, sentence, status,
		duration_format(buf, report_u64(report, "run.duration_ns", 0)), command);
	if (!report_bool(report, "complete", true))
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

static uint64_t count_stalls(const cJSON *report)
{
	static const char *const kinds[] = {"cpu", "io", "hiccup"};
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const cJSON *kind = report_object(report_object(report, "totals"), kinds[i]);
		uint64_t n = report_u64(kind, "count", 0);

		all = n > UINT64_MAX - all ? UINT64_MAX : all + n;
	}
	return all;
}

static void print_overview(const struct named_reports *reports, FILE *out)
{
	size_t counts[3] = {0};

	for (size_t i = 0; i < reports->count; i++) {
		const char *word = status_word(reports->list[i].report);

		counts[streq(word, "stalled") ? 0 : streq(word, "clean") ? 1 : 2]++;
	}
	fprintf(out,
		"<header class=\"verdict %s\">\n<p class=\"badge\">latwrap: %zu runs</p>\n"
		"<h1>%zu of %zu runs stood still",
		counts[0]   ? "stalled"
		: counts[2] ? "unmeasured"
			    : "clean",
		reports->count, counts[0], reports->count);
	if (counts[2])
		fprintf(out, ", %zu %s not measured", counts[2], counts[2] == 1 ? "was" : "were");
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
			status_word(of->report), status,
			view_count(number, count_stalls(of->report)));
	}
	fputs("</table>\n", out);
	if (reports->count > REPORTS_MAX)
		fprintf(out, "<p>%zu more.</p>\n", reports->count - REPORTS_MAX);
	fputs("</section>\n", out);
}

/* -- Tests ----------------------------------------------------------------------------------------- */

static void print_test(const struct test *test, bool several, FILE *out)
{
	_cleanup_free_ char *name = html_name(report_string(test->span, "name", "?"), TEST_CHARS);
	_cleanup_free_ char *place = test_place(test, &style), *label = NULL;
	_cleanup_free_ char *stalls = test_stalls(test, &style);

	if (several)
		label = named_label(test->of, &style);
	fprintf(out, "<tr><td>%s%s%s%s%s</td><td>%s</td><td>%s</td></tr>\n", name,
		place ? "<br>" : "", place ? place : "", label ? "<br>" : "", label ? label : "",
		test_answer(test), stalls);
}

static void print_tests(const struct named_reports *reports, FILE *out)
{
	_cleanup_free_ char *waited = NULL;
	struct tests tests;
	size_t n = 0;

	tests_find(reports, &tests);
	waited = tests_waited(&tests);
	while (n < tests.count && (tests.list[n].failed || tests.list[n].stalled))
		n++;
	if (n > 0) {
		fprintf(out,
			"<section>\n<h2>Tests</h2>\n"
			"<p>Of %" PRIu64 " that failed, %" PRIu64 " failed while the machine "
			"stood still, %" PRIu64 " on a quiet machine (look at the code), %s%" PRIu64
			" unmeasured.</p>\n<table>\n"
			"<tr><th>Test</th><th>Answer</th><th>Machine</th></tr>\n",
			tests.failed, tests.failed_stalled, tests.failed_clean, waited,
			tests.failed_unmeasured);
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

static void print_stall(const struct named_row *row, bool several, FILE *out)
{
	_cleanup_free_ char *who = view_stall_who(row->row, &style);
	_cleanup_free_ char *what = view_stall_what(row->row, &style), *label = NULL;
	char buf[DURATION_FORMAT_BYTES], when[VIEW_COUNT_BYTES];
	struct view_why why;

	if (several)
		label = named_label(row->of, &style);
	fprintf(out, "<tr><td>%s</td><td>%s</td><td>%s%s%s%s%s</td><td>",
		duration_format(buf, row->value),
		view_offset(when, report_u64(row->row, "start_ns", 0)), who ? who : "",
		who ? " " : "", what, label ? "<br>" : "", label ? label : "");
	view_stall_why(row->row, &style, &why);
	for (size_t i = 0; i < why.n_parts; i++)
		fprintf(out, "%s%s %s", i > 0 ? "<br>" : "", duration_format(buf, why.parts[i].ns),
			why.parts[i].text);
	view_why_clear(&why);
	fputs("</td></tr>\n", out);
}

static void print_stalls(const struct named_reports *reports, FILE *out)
{
	_cleanup_free_ struct named_row *rows = NULL;
	size_t n = named_rows(reports, "stalls", named_stall_value, NULL, &rows);

	if (n == 0)
		return;
	fputs("<section>\n<h2>Worst stalls</h2>\n<table>\n"
	      "<tr><th>Length</th><th>At</th><th>What stood still</th><th>Because</th></tr>\n",
	      out);
	for (size_t i = 0; i < MIN(n, (size_t)STALLS_MAX); i++)
		print_stall(&rows[i], reports->count > 1, out);
	fputs("</table>\n", out);
	if (n > STALLS_MAX)
		fprintf(out, "<p>%zu more.</p>\n", n - STALLS_MAX);
	fputs("</section>\n", out);
}

/* -- Machine and loss ------------------------------------------------------------------------------ */

static void print_machine(const cJSON *report, FILE *out)
{
	static const struct {
		const char *path, *name;
	} texts[] = {
		{"run.host.hostname", "Host"},      {"run.host.kernel", "Kernel"},
		{"run.host.cpu_model", "CPU"},      {"run.host.virtualization", "Virtualization"},
		{"tracing.reason", "Not measured"}, {"tracing.advice", "What to do"},
	};
	unsigned int n = 0;
	const cJSON *loss;

	fputs("<section>\n<h2>Machine</h2>\n<ul>\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = report_string(report, texts[i].path, NULL);
		_cleanup_free_ char *safe = text ? html_escape(text, SENTENCE_CHARS) : NULL;

		if (safe)
			fprintf(out, "<li>%s: %s</li>\n", texts[i].name, safe);
	}
	cJSON_ArrayForEach(loss, report_array(report, "tracing.loss")) {
		_cleanup_free_ char *what = NULL;
		char number[VIEW_COUNT_BYTES];

		if (n++ == LIST_MAX)
			break;
		what = html_escape(report_string(loss, "what", "?"), SENTENCE_CHARS);
		fprintf(out, "<li>Lost: %s x %s</li>\n",
			view_count(number, report_u64(loss, "count", 0)), what);
	}
	print_list("Not seen: ", report_array(report, "tracing.limits"), out);
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
