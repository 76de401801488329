/* Prints annotations for GitHub Actions: workflow commands on standard output */
#include "views/github/github.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>

#include "base/duration.h"
#include "catalog/words.h"
#include "views/watched_words.h"
#include "views/attempt_list.h"
#include "views/tests.h"

#define ANNOTATIONS_MAX 10
#define SENTENCE_CHARS  500
#define ATTEMPTS_MAX    20

enum level {
	LEVEL_ERROR,
	LEVEL_WARNING,
	LEVEL_NOTICE,
	LEVELS,
};

struct annotation {
	char *title, *message; /* escaped for a terminal, not yet for a workflow command */
	const char *file; /* NULL: none. Not escaped */
	uint64_t line; /* 0: none */
};

struct github {
	const struct named_reports *reports;
	FILE *out;
	struct view_style style;
	struct annotation shown[LEVELS][ANNOTATIONS_MAX];
	size_t count[LEVELS]; /* including those not shown */
};

/* Takes ownership of title and message. */
static struct annotation *add(struct github *g, enum level level, char *title, char *message)
{
	static struct annotation nowhere;
	size_t at = g->count[level]++;

	if (at >= ANNOTATIONS_MAX) {
		free(title);
		free(message);
		return &nowhere;
	}
	g->shown[level][at] = (struct annotation){.title = title, .message = message};
	return &g->shown[level][at];
}

/* -- Printing -------------------------------------------------------------------------------------- */

/*
 * The escapes of actions/runner (ActionCommand.cs). After them, no character of the text can end the command or one of
 * its properties.
 */
static void print_escaped(const char *text, bool property, FILE *out)
{
	for (; *text; text++) {
		if (*text == '%' || *text == '\r' || *text == '\n' ||
		    (property && (*text == ':' || *text == ',')))
			fprintf(out, "%%%02X", (unsigned char)*text);
		else
			putc(*text, out);
	}
}

static void print_annotation(const struct annotation *a, const char *level, FILE *out)
{
	_cleanup_free_ char *file = a->file ? view_escape_terminal(a->file, 0) : NULL;

	fprintf(out, "::%s ", level);
	if (file) {
		fputs("file=", out);
		print_escaped(file, true, out);
		putc(',', out);
	}
	if (file && a->line)
		fprintf(out, "line=%" PRIu64 ",", a->line);
	fputs("title=", out);
	print_escaped(a->title, true, out);
	fputs("::", out);
	print_escaped(a->message, false, out);
	putc('\n', out);
}

static void print_level(struct github *g, enum level level, const char *name)
{
	size_t shown = MIN(g->count[level], (size_t)ANNOTATIONS_MAX);

	/* If there are too many, the last annotation says how many are missing. */
	if (g->count[level] > ANNOTATIONS_MAX)
		shown--;
	for (size_t i = 0; i < shown; i++)
		print_annotation(&g->shown[level][i], name, g->out);
	if (g->count[level] > shown)
		fprintf(g->out,
			"::%s title=latwrap::%zu more of this kind are not shown here: see the report\n",
			name, g->count[level] - shown);
	for (size_t i = 0; i < ANNOTATIONS_MAX; i++) {
		free(g->shown[level][i].title);
		free(g->shown[level][i].message);
	}
}

/* -- What to say ----------------------------------------------------------------------------------- */

/* " (artifacts/fedora.json)" where there are several reports */
static char *format_of(const struct github *g, const struct named_report *of)
{
	_cleanup_free_ char *label = NULL;

	if (g->reports->count == 1)
		return xstrdup("");
	label = named_label(of, &g->style);
	return xasprintf(" (%s)", label);
}

/* A breached gate is an error if it changed the exit status, otherwise a notice. */
static void add_gates(struct github *g, const struct named_report *of)
{
	enum level level = view_gates_decide(of->report) ? LEVEL_ERROR : LEVEL_NOTICE;

	for (size_t i = 0; i < of->report->verdict.gates.count; i++) {
		const struct report_gate *gate = &of->report->verdict.gates.list[i];
		_cleanup_free_ char *expression = NULL, *where = NULL, *was = NULL;

		if (!gate->breached)
			continue;
		expression = view_escape_terminal(gate->expression, g->style.path_columns);
		where = format_of(g, of);
		was = view_gate_actual(gate);
		add(g, level, xstrdup("latwrap: gate breached"),
		    xasprintf("The gate %s did not hold%s%s%s.", expression, was ? ", it was " : "",
			      was ? was : "", where));
	}
}

static void add_tests(struct github *g, const struct tests *tests)
{
	for (size_t i = 0; i < tests->count; i++) {
		const struct test *test = &tests->list[i];
		_cleanup_free_ char *name = NULL, *evidence = NULL, *where = NULL;
		struct annotation *a;

		if (!test->failed)
			break;
		name = view_escape_terminal(test->span->name, 120);
		evidence = test_evidence(test, &g->style);
		where = format_of(g, test->of);
		a = add(g, LEVEL_WARNING, xasprintf("%s: %s", test_answer(test), name),
			xasprintf("Why%s: %s.", where, evidence ? evidence : test_answer(test)));
		a->file = test_file(test);
		a->line = test->span->line.value;
	}
}

/* For a command that failed without a failed test. */
static void add_run_answer(struct github *g, const struct named_report *of)
{
	_cleanup_free_ char *answer = view_run_answer(of->report, &g->style), *where = NULL;

	/* The annotation of the verdict says the same, with advice. */
	if (!answer || of->report->verdict.status.value == VERDICT_UNMEASURED)
		return;
	where = format_of(g, of);
	add(g, LEVEL_WARNING, xstrdup("latwrap: whose fault was it?"),
	    xasprintf("The command failed%s: %s.", where, answer));
}

/* A line for each attempt; empty without --retry. */
static char *format_attempts(const struct github *g, const struct report *report)
{
	char *lines = xstrdup("");

	if (!attempts_worth_showing(report))
		return lines;
	for (size_t i = 0; i < MIN(report->attempts.count, (size_t)ATTEMPTS_MAX); i++) {
		_cleanup_free_ char *line = attempt_line(&report->attempts.list[i], &g->style);
		char *longer = xasprintf("%s\n%s", lines, line);

		free(lines);
		lines = longer;
	}
	return lines;
}

/* A run that ended well gets a single notice: its gates and attempts are lines in it. */
static char *format_rest(const struct github *g, const struct report *report)
{
	uint64_t breached = view_gates_breached(report);
	_cleanup_free_ char *attempts = format_attempts(g, report), *gates = NULL;
	char number[VIEW_COUNT_BYTES];

	if (!view_is_green(report))
		return xstrdup("");
	if (breached)
		gates = xasprintf("\nGates breached, without effect on the exit status: %s",
				  view_count(number, breached));
	return xasprintf("%s%s", gates ? gates : "", attempts);
}

static void add_verdict(struct github *g, const struct named_report *of)
{
	_cleanup_free_ char *rest = format_rest(g, of->report);
	const struct report_verdict *verdict = &of->report->verdict;
	const char *advice = of->report->tracing.advice;
	_cleanup_free_ char *headline = view_headline(of->report);
	_cleanup_free_ char *sentence = view_escape_terminal(headline, SENTENCE_CHARS);
	_cleanup_free_ char *what = advice ? view_escape_terminal(advice, SENTENCE_CHARS) : NULL;
	_cleanup_free_ char *where = format_of(g, of), *lost = NULL;
	char number[VIEW_COUNT_BYTES];

	if (verdict->status.value == VERDICT_UNMEASURED) {
		add(g, view_is_green(of->report) ? LEVEL_NOTICE : LEVEL_WARNING,
		    xstrdup("latwrap: not measured"),
		    xasprintf("%s%s%s%s%s", sentence, where, what ? "\nWhat to do: " : "",
			      what ? what : "", rest));
		return;
	}
	if (view_lost(of->report))
		lost = xasprintf("\n%s records were lost: the numbers are lower bounds.",
				 view_count(number, view_lost(of->report)));
	add(g, LEVEL_NOTICE, xstrdup("latwrap"),
	    xasprintf("%s%s%s%s", sentence, where, lost ? lost : "", rest));
}

static char *format_why(const struct github *g, const struct report_stall *stall)
{
	_cleanup_free_ char *list = xstrdup("");
	struct view_why why;

	view_stall_why(stall, &g->style, &why);
	for (size_t i = 0; i < why.n_parts; i++) {
		char buf[DURATION_FORMAT_BYTES], *longer;

		longer = xasprintf("%s%s%s %s", list, i > 0 ? ", " : "\nBecause: ",
				   duration_format(buf, why.parts[i].ns), why.parts[i].text);
		free(list);
		list = longer;
	}
	view_why_clear(&why);
	return steal_ptr(list);
}

static void add_attempts(struct github *g, const struct named_report *of)
{
	_cleanup_free_ char *lines = format_attempts(g, of->report);
	_cleanup_free_ char *where = format_of(g, of);
	size_t count = of->report->attempts.count;

	if (*lines)
		add(g, LEVEL_NOTICE,
		    xasprintf("latwrap: %zu attempt%s", count, count > 1 ? "s" : ""),
		    xasprintf("All other annotations are about the last attempt%s.%s", where,
			      lines));
}

/* Watched cgroups that stalled: below the run's own warnings. */
static void add_watched(struct github *g, const struct named_report *of)
{
	for (size_t i = 0; i < of->report->watched.count; i++) {
		const struct report_watched *watched = &of->report->watched.list[i];
		const struct report_stall *worst = watched_worst(watched);
		_cleanup_free_ char *name = NULL, *stalls = NULL, *where = NULL, *who = NULL;
		_cleanup_free_ char *what = NULL, *why = NULL;
		struct view_stall_sum totals;

		if (!watched_totals(of->report, watched, &totals) || totals.count == 0)
			continue;
		name = view_escape_terminal(watched_name(watched), 120);
		stalls = watched_stalls(of->report, watched);
		where = format_of(g, of);
		if (worst) {
			who = view_stall_who(worst, &g->style);
			what = view_stall_what(worst, &g->style);
			why = format_why(g, worst);
		}
		add(g, LEVEL_NOTICE, xasprintf("latwrap, watched cgroup: %s", name),
		    xasprintf("It %s%s%s%s%s%s%s", stalls, where, what ? ".\nThe longest: " : "",
			      who ? who : "", who ? " " : "", what ? what : "", why ? why : ""));
	}
}

void github_print(const struct named_reports *reports, FILE *out)
{
	struct github g = {
		.reports = reports,
		.out = out,
		.style = {.escape = view_escape_terminal, .name_columns = 32, .path_columns = 100},
	};
	struct tests tests;

	tests_find(reports, &tests);
	for (size_t i = 0; i < reports->count; i++)
		if (!view_is_green(reports->list[i].report))
			add_gates(&g, &reports->list[i]);
	add_tests(&g, &tests);
	for (size_t i = 0; i < reports->count; i++) {
		add_run_answer(&g, &reports->list[i]);
		add_verdict(&g, &reports->list[i]);
	}
	for (size_t i = 0; i < reports->count; i++) {
		if (view_is_green(reports->list[i].report))
			continue;
		add_attempts(&g, &reports->list[i]);
		add_watched(&g, &reports->list[i]);
	}

	print_level(&g, LEVEL_ERROR, "error");
	print_level(&g, LEVEL_WARNING, "warning");
	print_level(&g, LEVEL_NOTICE, "notice");
	tests_clear(&tests);
}
