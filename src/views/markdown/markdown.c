/* Reports as Markdown: a CI job's summary page, a merge request's comment */
#include "views/markdown/markdown.h"

#include <inttypes.h>

#include "base/duration.h"
#include "views/attempt_list.h"
#include "report/load.h"
#include "views/markdown/markdown_details.h"
#include "views/markdown/markdown_text.h"
#include "views/tests.h"

#define SENTENCE_CHARS 500
#define TEST_CHARS     120
#define STALLS_DEFAULT 100
#define TESTS_MAX      200
#define ATTEMPTS_MAX   20
/* What each section may take, so that no list takes the room of what stands below it. */
#define OVERVIEW_BYTES (150u << 10)
#define TESTS_BYTES    (200u << 10)
#define STALLS_BYTES   (350u << 10)
#define DETAILS_BYTES  (190u << 10)

/* -- One report or several ------------------------------------------------------------------------- */

static void put_attempts(struct markdown *md, const cJSON *report)
{
	const struct view_style sentences = {.escape = markdown_text, .name_columns = 32};
	const cJSON *attempts = report_array(report, "attempts"), *entry;
	int count = cJSON_GetArraySize(attempts), shown = 0;

	if (!count || (count == 1 && report_u64(attempts->child, "exit.code", 1) == 0))
		return;
	markdown_put(md, "%d attempt%s; all else here is about the last:\n\n", count,
		     count == 1 ? "" : "s");
	cJSON_ArrayForEach(entry, attempts) {
		_cleanup_free_ char *outcome = attempt_outcome(entry, &sentences);
		_cleanup_free_ char *why = attempt_why(entry, &sentences);

		if (shown++ == ATTEMPTS_MAX)
			break;
		if (shown == count && report_u64(entry, "exit.code", 1) == 0)
			markdown_put(md, "1. %s\n", outcome);
		else
			markdown_put(md, "1. %s; %s\n", outcome, why);
	}
	markdown_put(md, "\n");
}

static void put_verdict(struct markdown *md)
{
	const cJSON *report = md->reports->list[0].report;
	const char *word = markdown_status_word(report);
	const char *given = report_string(report, "verdict.sentence", "");
	/* Of blanks alone the asterisks would make a line across the page. */
	_cleanup_free_ char *sentence =
		markdown_text(given[strspn(given, " ")] ? given : word, SENTENCE_CHARS);

	markdown_put(md, "## %s latwrap: %s\n\n**%s**\n\n", markdown_status_icon(word), word,
		     sentence);
	markdown_put_run(md, report);
	put_attempts(md, report);
}

struct total {
	uint64_t count, total_ns, max_ns;
};

static uint64_t sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static struct total add_kinds(const cJSON *report)
{
	static const char *const kinds[] = {"cpu", "io", "hiccup"};
	struct total all = {0};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const cJSON *kind = report_object(report_object(report, "totals"), kinds[i]);

		all.count = sum(all.count, report_u64(kind, "count", 0));
		all.total_ns = sum(all.total_ns, report_u64(kind, "total_ns", 0));
		all.max_ns = MAX(all.max_ns, report_u64(kind, "max_ns", 0));
	}
	return all;
}

static void print_overview_row(struct markdown *md, const void *userdata, size_t row, FILE *out)
{
	const struct named_row *rows = userdata;
	const cJSON *report = rows[row].of->report;
	_cleanup_free_ char *label = named_label(rows[row].of, &md->cell);
	_cleanup_free_ char *status = view_exit(report, &md->cell);
	const char *word = markdown_status_word(report);
	struct total all = add_kinds(report);
	char number[VIEW_COUNT_BYTES], max[DURATION_FORMAT_BYTES], total[DURATION_FORMAT_BYTES];

	fprintf(out, "| %s | %s %s | %s | %s | %s | %s", label, markdown_status_icon(word), word,
		status, view_count(number, all.count), duration_format(max, all.max_ns),
		duration_format(total, all.total_ns));
}

static int compare_overview(const void *a, const void *b)
{
	const struct named_row *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void put_overview(struct markdown *md)
{
	size_t n = md->reports->count, counts[3] = {0};
	_cleanup_free_ struct named_row *rows = xcalloc(n + 1, sizeof(*rows));
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
		const char *word = markdown_status_word(md->reports->list[i].report);

		counts[streq(word, "stalled") ? 0 : streq(word, "clean") ? 1 : 2]++;
		rows[i] = (struct named_row){
			.of = &md->reports->list[i],
			.value = add_kinds(md->reports->list[i].report).total_ns,
			.order = i,
		};
	}
	qsort(rows, n, sizeof(*rows), compare_overview);
	markdown_put(md, "## %s latwrap: %zu of %zu runs stood still",
		     markdown_status_icon(counts[0]   ? "stalled"
					  : counts[2] ? "unmeasured"
						      : "clean"),
		     counts[0], n);
	if (counts[2])
		markdown_put(md, ", %zu %s not measured", counts[2],
			     counts[2] == 1 ? "was" : "were");
	markdown_put(md, "\n\n");
	markdown_put_table(md, &table);
}

/* -- Tests ----------------------------------------------------------------------------------------- */

static void print_test_row(struct markdown *md, const void *userdata, size_t row, FILE *out)
{
	const struct test *test = &((const struct tests *)userdata)->list[row];
	_cleanup_free_ char *name =
		markdown_cell(report_string(test->span, "name", "?"), TEST_CHARS);
	_cleanup_free_ char *place = test_place(test, &md->cell);
	_cleanup_free_ char *stalls = test_stalls(test, &md->cell), *label = NULL;

	fprintf(out, "| %s%s%s | %s | %s", name, place ? "<br>" : "", place ? place : "",
		test_answer(test), stalls);
	if (md->several) {
		label = named_label(test->of, &md->cell);
		fprintf(out, " | %s", label);
	}
}

static void put_tests(struct markdown *md)
{
	struct table table = {
		.head = md->several ? "| Test | Answer | Machine | Report |\n"
				      "| --- | --- | --- | --- |\n"
				    : "| Test | Answer | Machine |\n| --- | --- | --- |\n",
		.what = "tests",
		.rows_max = TESTS_MAX,
		.print_row = print_test_row,
	};
	_cleanup_free_ char *waited = NULL;
	struct tests tests;

	tests_find(md->reports, &tests);
	waited = tests_waited(&tests);
	/* The worst come first; those that passed undisturbed are nobody's concern. */
	while (table.rows < tests.count &&
	       (tests.list[table.rows].failed || tests.list[table.rows].stalled))
		table.rows++;
	table.rows_total = table.rows;
	table.userdata = &tests;
	if (table.rows > 0) {
		markdown_put(md, "### Tests\n\n");
		if (tests.failed)
			markdown_put(md,
				     "Of %" PRIu64 " that failed, **%" PRIu64
				     " failed while the machine stood still**, %" PRIu64
				     " on a quiet machine (look at the code), %s%" PRIu64
				     " unmeasured.\n\n",
				     tests.failed, tests.failed_stalled, tests.failed_clean, waited,
				     tests.failed_unmeasured);
		markdown_put_table(md, &table);
	}
	tests_clear(&tests);
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static void print_why(struct markdown *md, const cJSON *stall, FILE *out)
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
	const struct named_row *rows = userdata;
	const cJSON *stall = rows[row].row;
	const char *name = report_string(stall, "span", NULL);
	_cleanup_free_ char *who = view_stall_who(stall, &md->cell);
	_cleanup_free_ char *what = view_stall_what(stall, &md->cell);
	_cleanup_free_ char *span = name ? markdown_cell(name, TEST_CHARS) : NULL;
	char buf[DURATION_FORMAT_BYTES], when[VIEW_COUNT_BYTES];

	fprintf(out, "| %s | %s | %s%s%s%s%s | ", duration_format(buf, rows[row].value),
		view_offset(when, report_u64(stall, "start_ns", 0)), who ? who : "", who ? " " : "",
		what, span ? "<br>in " : "", span ? span : "");
	print_why(md, stall, out);
	if (md->several) {
		_cleanup_free_ char *label = named_label(rows[row].of, &md->cell);

		fprintf(out, " | %s", label);
	}
}

static void put_stalls(struct markdown *md, size_t max_stalls)
{
	_cleanup_free_ struct named_row *rows = NULL;
	uint64_t total = 0;
	struct table table = {
		.head = md->several ? "| Length | At | What stood still | Because | Report |\n"
				      "| ---: | ---: | --- | --- | --- |\n"
				    : "| Length | At | What stood still | Because |\n"
				      "| ---: | ---: | --- | --- |\n",
		.what = "stalls",
		.rows = named_rows(md->reports, "stalls", named_stall_value, NULL, &rows),
		.rows_max = max_stalls ? max_stalls : STALLS_DEFAULT,
		.print_row = print_stall_row,
	};

	if (table.rows == 0)
		return;
	for (size_t i = 0; i < md->reports->count; i++)
		total = sum(total, add_kinds(md->reports->list[i].report).count);
	table.rows_total = MAX(table.rows, (size_t)total);
	table.userdata = rows;
	markdown_put(md, "### Worst stalls\n\n");
	markdown_put_table(md, &table);
}

void markdown_print(const struct named_reports *reports, FILE *out, size_t max_stalls)
{
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
}
