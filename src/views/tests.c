/* The tests of a run: which spans they are, how they ended, and whose fault a failure was */
#include "views/tests.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "catalog/words.h"

/* -- Which spans are tests ------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The parents of all spans with an outcome, sorted. */
static size_t find_parents(const struct report *report, uint64_t **ret)
{
	uint64_t *parents = xcalloc(report->spans.count + 1, sizeof(*parents));
	size_t n = 0;

	for (size_t i = 0; i < report->spans.count; i++) {
		const struct report_span *span = &report->spans.list[i];

		if (span->parent.known && span->outcome.text)
			parents[n++] = span->parent.value;
	}
	qsort(parents, n, sizeof(*parents), compare_ids);
	*ret = parents;
	return n;
}

struct test test_of_span(const struct report_span *span, const struct named_report *of)
{
	struct test test = {
		.span = span,
		.of = of,
		.answer = span->answer.text ? (enum answer)MAX(span->answer.value, 0) : ANSWER_NONE,
		.stalled = span->stalled_ns > 0,
		.stalled_ns = span->stalled_ns,
	};

	test.failed = span->outcome.value == SPAN_FAILED || span->outcome.value == SPAN_ERROR ||
		      test.answer != ANSWER_NONE;
	return test;
}

static void add_test(struct tests *tests, size_t *allocated, const struct named_report *of,
		     const struct report_span *span)
{
	struct test test = test_of_span(span, of);

	test.order = tests->count;
	tests->stalled += test.stalled;
	if (tests->count == *allocated) {
		*allocated = *allocated ? *allocated * 2 : 64;
		tests->list = xreallocarray(tests->list, *allocated, sizeof(*tests->list));
	}
	tests->list[tests->count++] = test;
}

/* The verdict counts all tests, the list may lack some. */
static void count_tests(struct tests *tests, const struct report_test_counts *counts)
{
	uint64_t interrupted = 0;

	tests->total = view_sum(tests->total, counts->count);
	for (enum answer answer = ANSWER_NONE + 1; answer < ANSWERS; answer++) {
		tests->answered[answer] =
			view_sum(tests->answered[answer], counts->answered[answer]);
		interrupted = view_sum(interrupted, counts->answered[answer]);
	}
	/* A test that was interrupted may have no outcome. */
	tests->failed =
		view_sum(tests->failed, MAX(view_sum(counts->failed, counts->error), interrupted));
}

static int rank(const struct test *test)
{
	static const int ranks[ANSWERS] = {
		[ANSWER_MACHINE] = 6,    [ANSWER_CROWDED] = 5,     [ANSWER_WAITED] = 4,
		[ANSWER_UNMEASURED] = 3, [ANSWER_INTERRUPTED] = 2, [ANSWER_CODE] = 1,
	};

	return test->failed ? 1 + ranks[test->answer] : 0;
}

static int compare_tests(const void *a, const void *b)
{
	const struct test *x = a, *y = b;

	if (rank(x) != rank(y))
		return rank(y) - rank(x);
	if (x->stalled_ns != y->stalled_ns)
		return x->stalled_ns < y->stalled_ns ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void tests_find(const struct named_reports *reports, struct tests *ret)
{
	size_t allocated = 0;

	*ret = (struct tests){0};
	for (size_t i = 0; i < reports->count; i++) {
		const struct report *report = reports->list[i].report;
		_cleanup_free_ uint64_t *parents = NULL;
		size_t n = find_parents(report, &parents);

		for (size_t k = 0; k < report->spans.count; k++) {
			const struct report_span *span = &report->spans.list[k];

			if ((span->outcome.text || span->answer.text) &&
			    !bsearch(&span->id, parents, n, sizeof(*parents), compare_ids))
				add_test(ret, &allocated, &reports->list[i], span);
		}
		count_tests(ret, &report->verdict.tests);
	}
	if (ret->count > 0)
		qsort(ret->list, ret->count, sizeof(*ret->list), compare_tests);
}

void tests_clear(struct tests *tests)
{
	free(tests->list);
	*tests = (struct tests){0};
}

/* 126 and 127: the command did not start, so there could be no test. */
static bool ran_and_failed(const struct report *report)
{
	int status = view_exit_status(report);

	return status > 0 && status != 126 && status != 127;
}

const char *tests_advice(const struct tests *tests, const struct named_reports *reports)
{
	if (tests->total || tests->count || reports->count != 1 ||
	    !ran_and_failed(reports->list[0].report))
		return NULL;
	return "the command failed and no test was named: docs/spans.md says what to type for a test "
	       "runner, or name each test with: latwrap span NAME COMMAND, or take the tests from "
	       "JUnit files: --junit=PATTERN";
}

/* -- In words -------------------------------------------------------------------------------------- */

const enum answer tests_answer_order[TESTS_ANSWERS] = {
	ANSWER_MACHINE, ANSWER_CROWDED,     ANSWER_WAITED,
	ANSWER_CODE,    ANSWER_INTERRUPTED, ANSWER_UNMEASURED,
};

char *tests_answers(const struct tests *tests)
{
	char *list = xstrdup("");

	for (size_t i = 0; i < TESTS_ANSWERS; i++) {
		enum answer answer = tests_answer_order[i];
		char number[VIEW_COUNT_BYTES], *longer;

		if (!tests->answered[answer])
			continue;
		longer = xasprintf("%s%s%s %s", list, *list ? ", " : "",
				   view_count(number, tests->answered[answer]),
				   answer_catalog[answer].words);
		free(list);
		list = longer;
	}
	return list;
}

const char *test_answer(const struct test *test)
{
	const struct word *outcome = &test->span->outcome;

	if (test->answer != ANSWER_NONE)
		return answer_catalog[test->answer].words;
	if (test->failed)
		return answer_catalog[ANSWER_UNMEASURED].words;
	return outcome->value == SPAN_PASSED || outcome->value == SPAN_SKIPPED ? outcome->text
									       : "ended unknown";
}

char *test_evidence(const struct test *test, const struct view_style *style)
{
	return test->span->evidence ? style->escape(test->span->evidence, VIEW_EVIDENCE_CHARS)
				    : NULL;
}

/* ": behind other programs, cc1plus" */
static char *format_cause(const struct test *test, const struct view_style *style)
{
	const char *cause = test->span->cause.text;
	const struct report_span_culprit *culprit = test->span->culprit;
	_cleanup_free_ char *words = cause ? view_cause(cause, style) : NULL;
	_cleanup_free_ char *who = culprit ? style->escape(culprit->comm, style->path_columns)
					   : NULL;

	if (!words && !who)
		return xstrdup("");
	return xasprintf(": %s%s%s", words ? words : "", words && who ? ", " : "", who ? who : "");
}

/* " of 1.5s (8 %)" */
static char *format_share(uint64_t ns, uint64_t duration_ns)
{
	char of[DURATION_FORMAT_BYTES];

	if (!duration_ns)
		return xstrdup("");
	return xasprintf(" of %s (%.0f %%)", duration_format(of, duration_ns),
			 MIN((double)ns / (double)duration_ns, 1.0) * 100);
}

char *test_stalls(const struct test *test, const struct view_style *style)
{
	uint64_t max_ns = test->span->max_stall_ns, count = 0;
	char total[DURATION_FORMAT_BYTES], max[DURATION_FORMAT_BYTES];
	_cleanup_free_ char *cause = NULL, *share = NULL, *longest = NULL;

	if (!test->stalled)
		return xstrdup("");
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		count = view_sum(count, test->span->stalls.of[kind]);
	duration_format(total, test->stalled_ns);
	share = format_share(test->stalled_ns, test->span->duration_ns.value);
	if (count != 1 && max_ns)
		longest = xasprintf(", longest %s", duration_format(max, max_ns));
	cause = format_cause(test, style);
	return xasprintf("%" PRIu64 " stall%s, %s%s%s%s", count, count == 1 ? "" : "s", total,
			 share, longest ? longest : "", cause);
}

static const char *span_file(const struct report_span *span, const struct report *report)
{
	const char *file = span->file, *cwd = report->run.cwd, *rest;

	if (!file || !*file)
		return NULL;
	rest = cwd && *cwd == '/' && cwd[1] ? startswith(file, cwd) : NULL;
	return rest && *rest == '/' && rest[1] ? rest + 1 : file;
}

const char *test_file(const struct test *test)
{
	return span_file(test->span, test->of->report);
}

const char *test_file_of(const struct named_stall *stall, uint64_t *ret_line)
{
	const struct report *report = stall->of->report;

	for (size_t i = 0; i < report->spans.count && stall->stall->span_id.known; i++) {
		const struct report_span *span = &report->spans.list[i];

		if (span->id != stall->stall->span_id.value)
			continue;
		*ret_line = span->line.value;
		return span_file(span, report);
	}
	return NULL;
}

char *test_place(const struct test *test, const struct view_style *style)
{
	const char *file = test_file(test);
	_cleanup_free_ char *place = NULL;

	if (!file)
		return NULL;
	if (!test->span->line.known)
		return style->escape(file, style->path_columns);
	place = xasprintf("%s:%" PRIu64, file, test->span->line.value);
	return style->escape(place, style->path_columns);
}
