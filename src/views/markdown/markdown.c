/* Prints reports as Markdown: the summary page of a CI job, or a comment on a merge request */
#include "views/markdown/markdown.h"

#include <inttypes.h>

#include "base/duration.h"
#include "catalog/answers.h"
#include "views/account_words.h"
#include "views/attempt_list.h"
#include "views/markdown/markdown_details.h"
#include "views/markdown/markdown_text.h"
#include "views/tests.h"

#define SENTENCE_CHARS 500
#define TEST_CHARS     120
#define STALLS_DEFAULT 100
#define TESTS_MAX      200
#define ATTEMPTS_MAX   20
/* The limit of each section, so that a long list leaves room for the sections below it. */
#define OVERVIEW_BYTES (150u << 10)
#define TESTS_BYTES    (200u << 10)
#define STALLS_BYTES   (350u << 10)
#define DETAILS_BYTES  (190u << 10)

/* -- One report or several ------------------------------------------------------------------------- */

/* For sentences that latwrap wrote, with names in them: not shown as code. */
static const struct view_style sentences = {.escape = markdown_text, .name_columns = 32};

static void put_attempts(struct markdown *md, const struct report *report)
{
	size_t count = report->attempts.count;

	if (!attempts_worth_showing(report))
		return;
	markdown_put(md, "%zu attempt%s; all else here is about the last:\n\n", count,
		     count == 1 ? "" : "s");
	for (size_t i = 0; i < MIN(count, (size_t)ATTEMPTS_MAX); i++) {
		const struct report_attempt *entry = &report->attempts.list[i];
		_cleanup_free_ char *outcome = attempt_outcome(entry, &sentences);
		_cleanup_free_ char *why = attempt_why(entry, &sentences);

		if (i + 1 == count && attempt_passed(entry))
			markdown_put(md, "1. %s\n", outcome);
		else
			markdown_put(md, "1. %s; %s\n", outcome, why);
	}
	markdown_put(md, "\n");
}

static const char *icon_of(const struct report *report)
{
	enum verdict_status status = (enum verdict_status)report->verdict.status.value;

	return markdown_status_icon(
		view_is_green(report) && status == VERDICT_STALLED ? VERDICT_CLEAN : status);
}

static void put_verdict(struct markdown *md)
{
	const struct report *report = md->reports->list[0].report;
	/* Never blank: the asterisks around a blank headline would make a horizontal rule. */
	_cleanup_free_ char *headline = view_headline(report);
	_cleanup_free_ char *sentence = markdown_text(headline, SENTENCE_CHARS);

	_cleanup_free_ char *answer = view_run_answer(report, &sentences);

	markdown_put(md, "## %s latwrap: %s\n\n**%s**\n\n", icon_of(report), view_end(report),
		     sentence);
	markdown_put_run(md, report);
	if (answer)
		markdown_put(md, "**Whose fault was it?** %s\n\n", answer);
	put_attempts(md, report);
}

/* The reports in order of their stalled time, the longest first. */
struct overview_row {
	const struct named_report *of;
	struct view_stall_sum stalls;
	size_t order;
};

static void print_overview_row(struct markdown *md, const void *userdata, size_t row, FILE *out)
{
	const struct overview_row *of = (const struct overview_row *)userdata + row;
	const struct word *verdict = &of->of->report->verdict.status;
	_cleanup_free_ char *label = named_label(of->of, &md->cell);
	_cleanup_free_ char *status = view_exit(of->of->report, &md->cell);
	char number[VIEW_COUNT_BYTES], max[DURATION_FORMAT_BYTES], total[DURATION_FORMAT_BYTES];

	fprintf(out, "| %s | %s %s | %s | %s | %s | %s", label,
		markdown_status_icon(verdict->value), verdict->text, status,
		view_count(number, of->stalls.count), duration_format(max, of->stalls.max_ns),
		duration_format(total, of->stalls.total_ns));
}

static int compare_overview(const void *a, const void *b)
{
	const struct overview_row *x = a, *y = b;

	if (x->stalls.total_ns != y->stalls.total_ns)
		return x->stalls.total_ns < y->stalls.total_ns ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void put_overview(struct markdown *md)
{
	size_t n = md->reports->count, counts[VERDICT_STATUSES] = {0};
	_cleanup_free_ struct overview_row *rows = xcalloc(n + 1, sizeof(*rows));
	struct table table = {
		.head = "| Report | Verdict | Command | Stalls | Longest | Total |\n"
			"| --- | --- | --- | ---: | ---: | ---: |\n",
		.what = "reports",
		.rows = n,
		.rows_max = n,
		.rows_total = n,
		.print_row = print_overview_row,
		.userdata = rows,
	};

	for (size_t i = 0; i < n; i++) {
		const struct named_report *of = &md->reports->list[i];

		counts[of->report->verdict.status.value]++;
		rows[i] = (struct overview_row){of, view_stall_sum(&of->report->totals), i};
	}
	qsort(rows, n, sizeof(*rows), compare_overview);
	markdown_put(md, "## %s latwrap: %zu of %zu runs stalled",
		     markdown_status_icon(counts[VERDICT_STALLED]      ? VERDICT_STALLED
					  : counts[VERDICT_UNMEASURED] ? VERDICT_UNMEASURED
								       : VERDICT_CLEAN),
		     counts[VERDICT_STALLED], n);
	if (counts[VERDICT_UNMEASURED])
		markdown_put(md, ", %zu %s not measured", counts[VERDICT_UNMEASURED],
			     counts[VERDICT_UNMEASURED] == 1 ? "was" : "were");
	markdown_put(md, "\n\n");
	markdown_put_table(md, &table);
}

/* -- Tests ----------------------------------------------------------------------------------------- */

static void print_test_row(struct markdown *md, const void *userdata, size_t row, FILE *out)
{
	const struct test *test = &((const struct tests *)userdata)->list[row];
	_cleanup_free_ char *name = markdown_cell(test->span->name, TEST_CHARS);
	_cleanup_free_ char *place = test_place(test, &md->cell);
	_cleanup_free_ char *evidence = test_evidence(test, &sentences), *label = NULL;
	_cleanup_free_ char *account = account_line(test->span->account);

	fprintf(out, "| %s%s%s | **%s** | %s%s%s%s", name, place ? "<br>" : "", place ? place : "",
		test_answer(test), evidence ? evidence : "", evidence && account ? "<br>" : "",
		account ? "All its time: it " : "", account ? account : "");
	if (md->several) {
		label = named_label(test->of, &md->cell);
		fprintf(out, " | %s", label);
	}
}

static void put_meanings(struct markdown *md, const struct tests *tests)
{
	for (size_t i = 0; i < TESTS_ANSWERS; i++) {
		enum answer answer = tests_answer_order[i];

		if (tests->answered[answer])
			markdown_put(md, "- **%s**: %s\n", answer_catalog[answer].words,
				     answer_catalog[answer].meaning);
	}
	markdown_put(md, "\n");
}

static void put_tests(struct markdown *md)
{
	struct table table = {
		.head = md->several ? "| Test | Whose fault? | Why | Report |\n"
				      "| --- | --- | --- | --- |\n"
				    : "| Test | Whose fault? | Why |\n| --- | --- | --- |\n",
		.what = "tests",
		.rows_max = TESTS_MAX,
		.print_row = print_test_row,
	};
	char total[VIEW_COUNT_BYTES], failed[VIEW_COUNT_BYTES];
	_cleanup_free_ char *answers = NULL;
	struct tests tests;

	tests_find(md->reports, &tests);
	answers = tests_answers(&tests);
	view_count(total, MAX(tests.total, tests.failed));
	while (table.rows < tests.count && tests.list[table.rows].failed)
		table.rows++;
	table.rows_total = table.rows;
	table.userdata = &tests;
	if (tests.failed) {
		markdown_put(md, "### Failed tests\n\n%s of %s tests failed%s%s.\n\n",
			     view_count(failed, tests.failed), total, *answers ? ": " : "",
			     answers);
		if (table.rows > 0)
			markdown_put_table(md, &table);
		put_meanings(md, &tests);
	} else if (tests.total) {
		markdown_put(md, "%s tests, none of them failed.\n\n", total);
	}
	tests_clear(&tests);
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void print_why(struct markdown *md, const struct report_stall *stall, FILE *out)
{
	struct view_why why;

	view_stall_why(stall, &md->cell, &why);
	for (size_t i = 0; i < why.n_parts; i++) {
		char buf[DURATION_FORMAT_BYTES];

		fprintf(out, "%s%s %s", i > 0 ? "<br>" : "", duration_format(buf, why.parts[i].ns),
			why.parts[i].text);
	}
	view_why_clear(&why);
}

static void print_stall_row(struct markdown *md, const void *userdata, size_t row, FILE *out)
{
	const struct named_stall *rows = userdata;
	const struct report_stall *stall = rows[row].stall;
	_cleanup_free_ char *who = view_stall_who(stall, &md->cell);
	_cleanup_free_ char *what = view_stall_what(stall, &md->cell);
	_cleanup_free_ char *span = stall->span ? markdown_cell(stall->span, TEST_CHARS) : NULL;
	char buf[DURATION_FORMAT_BYTES], when[VIEW_COUNT_BYTES];

	fprintf(out, "| %s | %s | %s%s%s%s%s | ", duration_format(buf, stall->duration_ns),
		view_offset(when, stall->start_ns), who ? who : "", who ? " " : "", what,
		span ? "<br>in " : "", span ? span : "");
	print_why(md, stall, out);
	if (md->several) {
		_cleanup_free_ char *label = named_label(rows[row].of, &md->cell);

		fprintf(out, " | %s", label);
	}
}

static void put_stalls(struct markdown *md, size_t max_stalls)
{
	_cleanup_free_ struct named_stall *rows = NULL;
	uint64_t total = 0;
	struct table table = {
		.head = md->several ? "| Length | At | What stalled | Because | Report |\n"
				      "| ---: | ---: | --- | --- | --- |\n"
				    : "| Length | At | What stalled | Because |\n"
				      "| ---: | ---: | --- | --- |\n",
		.what = "stalls",
		.rows = named_stalls(md->reports, &rows),
		.rows_max = max_stalls ? max_stalls : STALLS_DEFAULT,
		.print_row = print_stall_row,
	};

	if (table.rows == 0)
		return;
	for (size_t i = 0; i < md->reports->count; i++)
		total = view_sum(total, view_stall_sum(&md->reports->list[i].report->totals).count);
	table.rows_total = MAX(table.rows, (size_t)total);
	table.userdata = rows;
	markdown_put(
		md,
		"### Worst stalls\n\nA stall is one long wait of a thread of the run, for a CPU or "
		"in a file operation. Not every stall makes a test fail.\n\n");
	markdown_put_table(md, &table);
}

static bool all_green(const struct named_reports *reports)
{
	for (size_t i = 0; i < reports->count; i++)
		if (!view_is_green(reports->list[i].report))
			return false;
	return true;
}

void markdown_print(const struct named_reports *reports, FILE *out, size_t max_stalls)
{
	bool folded = all_green(reports);
	struct markdown md = {
		.reports = reports,
		.out = out,
		.cell = {.escape = markdown_cell, .name_columns = 32, .path_columns = 80},
		.prose = {.escape = markdown_code, .name_columns = 32, .path_columns = 80},
		.several = reports->count > 1,
	};
	size_t i;

	markdown_allow(&md, OVERVIEW_BYTES);
	if (md.several)
		put_overview(&md);
	else
		put_verdict(&md);
	markdown_allow(&md, TESTS_BYTES);
	put_tests(&md);
	if (folded)
		markdown_put(&md, "<details><summary>Stalls, causes and machine</summary>\n\n");
	markdown_allow(&md, STALLS_BYTES);
	put_stalls(&md, max_stalls);
	markdown_allow(&md, DETAILS_BYTES);
	markdown_put(&md, "### Causes and machine\n\n");
	for (i = 0; i < reports->count && markdown_put_details(&md, &reports->list[i]); i++)
		;
	markdown_allow(&md, MARKDOWN_BYTES_MAX - md.used_bytes);
	if (i < reports->count)
		markdown_put(&md, "The details of %zu more reports are not shown here.\n",
			     reports->count - i);
	if (folded)
		markdown_put(&md, "\n</details>\n");
}
