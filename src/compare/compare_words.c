/* Prints a comparison of runs as text for a terminal and as Markdown */
#include "compare/compare_words.h"

#include <inttypes.h>
#include <math.h>

#include "base/duration.h"
#include "base/util.h"
#include "catalog/kinds.h"
#include "views/markdown/markdown_text.h"
#include "views/view.h"

#define TESTS_MAX  50
#define NAME_CHARS 100

/* -- Words ------------------------------------------------------------------------------------------- */

const char *compare_verdict_words(enum compare_verdict verdict)
{
	static const char *const words[COMPARE_VERDICTS] = {
		[COMPARE_DIFFERENT] = "different",
		[COMPARE_NO_DIFFERENCE] = "no difference that these runs could show",
		[COMPARE_TOO_FEW] = "too few runs to tell",
	};

	return words[verdict];
}

char *compare_metric_words(const char *metric)
{
	static const struct {
		const char *metric, *words;
	} plain[] = {
		{"duration_ns", "duration"},
		{"stalled_ns", "stalled time"},
		{"waits.total_ns", "all waits for a CPU"},
		{"operations.total_ns", "all file operations"},
	};
	static const struct view_style style = {.escape = view_escape_terminal, .name_columns = 32};
	const char *group = NULL, *rest = metric;
	_cleanup_free_ char *cause = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (streq(plain[i].metric, metric))
			return xstrdup(plain[i].words);
	for (enum stall_kind kind = 0; kind < STALL_KINDS && !group; kind++) {
		const char *below = startswith(metric, kind_catalog[kind].name);

		if (!below || *below != '.')
			continue;
		rest = below + 1;
		if (streq(rest, "total_ns"))
			return xstrdup(kind_catalog[kind].sum);
		if (streq(rest, "max_ns"))
			return xstrdup(kind_catalog[kind].longest);
		group = kind_catalog[kind].group;
	}
	cause = view_cause(rest, &style);
	return xasprintf("%s: %s", group ? group : metric, cause);
}

#define NUMBER_BYTES (DURATION_FORMAT_BYTES + 1)

static const char *time_of(char buf[NUMBER_BYTES], double ns)
{
	return duration_format(buf, (uint64_t)llround(fmax(ns, 0)));
}

static const char *shift_of(char buf[NUMBER_BYTES], double ns)
{
	buf[0] = ns < 0 ? '-' : '+';
	duration_format(buf + 1, (uint64_t)llround(fabs(ns)));
	return buf;
}

/* "12ms (40ms)": the median and the 90th percentile. */
static char *side_of(const struct compare_row *row, enum compare_side side)
{
	char median[NUMBER_BYTES], p90[NUMBER_BYTES];

	return xasprintf("%s (%s)", time_of(median, row->median[side]),
			 time_of(p90, (double)row->p90[side]));
}

/* ", failed 3 of 10, then 0 of 10"; empty if the test never failed. */
static char *failures_of(const struct compare_row *row)
{
	if (!row->failed[COMPARE_BASE] && !row->failed[COMPARE_NEW])
		return xstrdup("");
	return xasprintf(", failed %zu of %zu, then %zu of %zu", row->failed[COMPARE_BASE],
			 row->count[COMPARE_BASE], row->failed[COMPARE_NEW],
			 row->count[COMPARE_NEW]);
}

static char *runs_of(const struct compare_runs *runs)
{
	return xasprintf("%zu run%s, %zu failed", runs->runs, runs->runs == 1 ? "" : "s",
			 runs->failed);
}

/* "310: no difference that these runs could show": the rows that are not shown. NULL: all are shown. */
static char *rest_of_tests(const struct compare_part *tests, size_t shown)
{
	size_t counts[COMPARE_VERDICTS] = {0};
	_cleanup_free_ char *few = NULL;

	for (size_t i = shown; i < tests->count; i++)
		counts[tests->rows[i].verdict]++;
	if (shown == tests->count)
		return NULL;
	if (counts[COMPARE_DIFFERENT])
		return xasprintf("%zu more are different; all are in the JSON",
				 counts[COMPARE_DIFFERENT]);
	if (counts[COMPARE_TOO_FEW])
		few = xasprintf("%s%zu: %s, so many tests being compared",
				counts[COMPARE_NO_DIFFERENCE] ? "; " : "", counts[COMPARE_TOO_FEW],
				compare_verdict_words(COMPARE_TOO_FEW));
	if (!counts[COMPARE_NO_DIFFERENCE])
		return steal_ptr(few);
	return xasprintf("%zu: %s%s", counts[COMPARE_NO_DIFFERENCE],
			 compare_verdict_words(COMPARE_NO_DIFFERENCE), few ? few : "");
}

static size_t different_tests(const struct compare_part *tests)
{
	size_t shown = 0;

	/* The rows are in order of p, which is also the order of the corrected p. */
	while (shown < MIN(tests->count, (size_t)TESTS_MAX) &&
	       tests->rows[shown].verdict == COMPARE_DIFFERENT)
		shown++;
	return shown;
}

/* The smallest corrected p that these runs could reach. */
static char *reach_of(const struct compare_part *part)
{
	double least = 1;

	for (size_t i = 0; i < part->count; i++)
		least = fmin(least, part->rows[i].test.p_smallest);
	return xasprintf(
		"A difference counts if p, corrected for %zu comparisons, is at most %g; these runs could reach %.2g.",
		part->count, COMPARE_ALPHA, fmin(1, least * (double)part->count));
}

/* -- For a terminal ---------------------------------------------------------------------------------- */

static void text_row(const struct compare_row *row, const char *what, FILE *out, bool color)
{
	_cleanup_free_ char *base = side_of(row, COMPARE_BASE), *new = side_of(row, COMPARE_NEW);
	bool different = row->verdict == COMPARE_DIFFERENT;
	char shift[NUMBER_BYTES];

	fprintf(out, "%s%c %-46s %-20s %-20s %-9s %+5.2f  %-8.2g %.2g%s\n",
		different && color ? "\033[1m" : "", different ? '*' : ' ', what, base, new,
		shift_of(shift, row->test.shift), row->test.cliffs_delta, row->test.p,
		row->p_corrected, different && color ? "\033[0m" : "");
}

static void text_test(const struct compare_row *row, FILE *out, bool color)
{
	_cleanup_free_ char *name = view_escape_terminal(row->name, NAME_CHARS);
	_cleanup_free_ char *file = row->file ? view_escape_terminal(row->file, NAME_CHARS) : NULL;
	_cleanup_free_ char *failures = failures_of(row),
			    *metric = compare_metric_words(row->metric);

	/* A CI system could take a name at the start of a line for a command. */
	fprintf(out, "  test %s%s%s%s%s\n", name, file ? " (" : "", file ? file : "",
		file ? ")" : "", failures);
	text_row(row, metric, out, color);
}

static void text_tests(const struct comparison *comparison, FILE *out, bool color)
{
	const struct compare_part *tests = &comparison->tests;
	size_t shown = different_tests(tests);
	_cleanup_free_ char *rest = rest_of_tests(tests, shown), *reach = reach_of(tests);

	if (!tests->count)
		return;
	fprintf(out, "Tests, %zu comparisons of durations and of stalled time\n", tests->count);
	for (size_t i = 0; i < shown; i++)
		text_test(&tests->rows[i], out, color);
	if (rest)
		fprintf(out, "  %s\n", rest);
	fprintf(out, "  %s\n", reach);
}

void compare_print_text(const struct comparison *comparison, FILE *out, bool color)
{
	const struct compare_part *run = &comparison->run;
	_cleanup_free_ char *base = runs_of(&comparison->runs[COMPARE_BASE]);
	_cleanup_free_ char *new = runs_of(&comparison->runs[COMPARE_NEW]);
	_cleanup_free_ char *reach = reach_of(run);

	fprintf(out, "%slatwrap compare: %s%s\n", color ? "\033[1m" : "", comparison->sentence,
		color ? "\033[0m" : "");
	fprintf(out, "  base: %s; new: %s\n", base, new);
	for (size_t i = 0; i < comparison->note_count; i++) {
		_cleanup_free_ char *safe = view_escape_terminal(comparison->notes[i], 0);

		fprintf(out, "  note: %s\n", safe);
	}
	if (run->count)
		fprintf(out, "  %-46s %-20s %-20s %-9s %5s  %-8s %s\n", "Runs: median (90 %)",
			"base", "new", "shift", "delta", "p", "corrected");
	for (size_t i = 0; i < run->count; i++) {
		_cleanup_free_ char *metric = compare_metric_words(run->rows[i].metric);

		text_row(&run->rows[i], metric, out, color);
	}
	if (run->count)
		fprintf(out, "  %s\n", reach);
	text_tests(comparison, out, color);
}

/* -- As Markdown ------------------------------------------------------------------------------------- */

static void markdown_row(const struct compare_row *row, const char *what, FILE *out)
{
	_cleanup_free_ char *base = side_of(row, COMPARE_BASE), *new = side_of(row, COMPARE_NEW);
	char shift[NUMBER_BYTES];

	fprintf(out, "| %s | %s | %s | %s | %+.2f | %.2g | %.2g | %s |\n", what, base, new,
		shift_of(shift, row->test.shift), row->test.cliffs_delta, row->test.p,
		row->p_corrected, compare_verdict_words(row->verdict));
}

static void markdown_test(const struct compare_row *row, FILE *out)
{
	_cleanup_free_ char *name = markdown_cell(row->name, NAME_CHARS);
	_cleanup_free_ char *file = row->file ? markdown_cell(row->file, NAME_CHARS) : NULL;
	_cleanup_free_ char *failures = failures_of(row),
			    *metric = compare_metric_words(row->metric);
	_cleanup_free_ char *what = xasprintf("%s%s%s: %s%s", name, file ? "<br>" : "",
					      file ? file : "", metric, failures);

	markdown_row(row, what, out);
}

void compare_print_markdown(const struct comparison *comparison, FILE *out)
{
	static const char head[] =
		"| | Base: median (90 %) | New: median (90 %) | Shift | Delta | p | "
		"corrected | |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n";
	const struct compare_part *run = &comparison->run, *tests = &comparison->tests;
	_cleanup_free_ char *base = runs_of(&comparison->runs[COMPARE_BASE]);
	_cleanup_free_ char *new = runs_of(&comparison->runs[COMPARE_NEW]);
	size_t shown = different_tests(tests);
	_cleanup_free_ char *rest = rest_of_tests(tests, shown);
	_cleanup_free_ char *run_reach = reach_of(run), *tests_reach = reach_of(tests);

	fprintf(out, "## latwrap compare\n\n**%s**\n\n- base: %s\n- new: %s\n",
		comparison->sentence, base, new);
	for (size_t i = 0; i < comparison->note_count; i++) {
		_cleanup_free_ char *safe = markdown_text(comparison->notes[i], 0);

		fprintf(out, "- note: %s\n", safe);
	}
	fputs("\n### Runs\n\n", out);
	if (run->count)
		fputs(head, out);
	for (size_t i = 0; i < run->count; i++) {
		_cleanup_free_ char *words = compare_metric_words(run->rows[i].metric);
		_cleanup_free_ char *metric = markdown_text(words, 0);

		markdown_row(&run->rows[i], metric, out);
	}
	if (run->count)
		fprintf(out, "\n%s\n", run_reach);
	if (!tests->count)
		return;
	fputs("\n### Tests\n\n", out);
	if (shown)
		fputs(head, out);
	for (size_t i = 0; i < shown; i++)
		markdown_test(&tests->rows[i], out);
	fprintf(out, "\n%s%s%s\n", rest ? rest : "", rest ? ". " : "", tests_reach);
}
