/* The tests of a run: which spans they are, how they ended, and what stood still in them */
#include "views/tests.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "report/load.h"

/* -- Which spans are tests ------------------------------------------------------------------------- */

/* An id is a number, or a string where it might pass 2^53. */
static int compare_ids(const cJSON *a, const cJSON *b)
{
	if (cJSON_IsString(a) != cJSON_IsString(b))
		return cJSON_IsString(a) ? 1 : -1;
	if (cJSON_IsString(a))
		return strcmp(report_string(a, "", ""), report_string(b, "", ""));
	return a->valuedouble < b->valuedouble ? -1 : a->valuedouble > b->valuedouble;
}

static int compare_parents(const void *a, const void *b)
{
	return compare_ids(*(const cJSON *const *)a, *(const cJSON *const *)b);
}

static bool is_id(const cJSON *id)
{
	return cJSON_IsString(id) || (cJSON_IsNumber(id) && __builtin_isfinite(id->valuedouble));
}

/* The parents of all spans with an outcome, sorted. */
static size_t find_parents(const cJSON *spans, const cJSON ***ret)
{
	const cJSON **parents = NULL, *span;
	size_t n = 0, allocated = 0;

	cJSON_ArrayForEach(span, spans) {
		const cJSON *parent = report_get(span, "parent");

		if (!is_id(parent) || !report_known(span, "outcome"))
			continue;
		if (n == allocated) {
			allocated = allocated ? allocated * 2 : 64;
			parents = xreallocarray(parents, allocated, sizeof(const cJSON *));
		}
		parents[n++] = parent;
	}
	if (n > 0)
		qsort(parents, n, sizeof(const cJSON *), compare_parents);
	*ret = parents;
	return n;
}

static bool is_failure(const char *outcome)
{
	return streq(outcome, "failed") || streq(outcome, "error");
}

struct test test_of_span(const cJSON *span, const struct named_report *of)
{
	const char *answer = report_string(span, "answer", "");
	struct test test = {
		.span = span,
		.of = of,
		.failed = is_failure(report_string(span, "outcome", "")),
		.stalled_ns = report_u64(span, "stalled_ns", 0),
	};

	test.stalled = test.stalled_ns > 0;
	test.spoiled = test.failed && streq(answer, "stalled while failing");
	return test;
}

static void add_test(struct tests *tests, size_t *allocated, const struct named_report *of,
		     const cJSON *span)
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

static void add(uint64_t *sum, const cJSON *counts, const char *field)
{
	uint64_t n = report_u64(counts, field, 0);

	*sum = n > UINT64_MAX - *sum ? UINT64_MAX : *sum + n;
}

/* Without a stall, but it was not the code alone. */
static bool test_waited(const struct test *test)
{
	return test->failed && !test->spoiled &&
	       streq(report_string(test->span, "answer", ""), "not stalled") &&
	       cJSON_IsTrue(report_get(test->span, "waited"));
}

/* The verdict counts all tests; without it, those of the list, from first on. */
static void count_tests(struct tests *tests, size_t first, const cJSON *counts)
{
	if (counts) {
		add(&tests->total, counts, "count");
		add(&tests->failed, counts, "failed");
		add(&tests->failed, counts, "error");
		add(&tests->failed_stalled, counts, "stalled_while_failing");
		add(&tests->failed_clean, counts, "not_stalled");
		add(&tests->failed_waited, counts, "waited");
		tests->failed_clean -= MIN(report_u64(counts, "waited", 0), tests->failed_clean);
		add(&tests->failed_unmeasured, counts, "not_measured");
		return;
	}
	tests->total += tests->count - first;
	for (size_t i = first; i < tests->count; i++) {
		const struct test *test = &tests->list[i];
		const char *answer = report_string(test->span, "answer", "");

		if (!test->failed)
			continue;
		tests->failed++;
		if (test->spoiled)
			tests->failed_stalled++;
		else if (test_waited(test))
			tests->failed_waited++;
		else if (streq(answer, "not stalled"))
			tests->failed_clean++;
		else
			tests->failed_unmeasured++;
	}
}

static int rank(const struct test *test)
{
	return test->failed ? 1 + test->spoiled : 0;
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
		const cJSON *spans = report_array(reports->list[i].report, "spans"), *span;
		_cleanup_free_ const cJSON **parents = NULL;
		size_t n = find_parents(spans, &parents), first = ret->count;

		cJSON_ArrayForEach(span, spans) {
			const cJSON *id = report_get(span, "id");

			if (!report_known(span, "outcome"))
				continue;
			if (n > 0 && is_id(id) &&
			    bsearch(&id, parents, n, sizeof(const cJSON *), compare_parents))
				continue;
			add_test(ret, &allocated, &reports->list[i], span);
		}
		count_tests(ret, first, report_object(reports->list[i].report, "verdict.tests"));
	}
	if (ret->count > 0)
		qsort(ret->list, ret->count, sizeof(*ret->list), compare_tests);
}

void tests_clear(struct tests *tests)
{
	free(tests->list);
	*tests = (struct tests){0};
}

char *tests_waited(const struct tests *tests)
{
	if (!tests->failed_waited)
		return xstrdup("");
	return xasprintf("%" PRIu64 " without a stall, but waiting for a CPU in short pieces, ",
			 tests->failed_waited);
}

/* -- In words -------------------------------------------------------------------------------------- */

const char *test_answer(const struct test *test)
{
	static const char *const outcomes[] = {"passed", "skipped"};
	const char *outcome = report_string(test->span, "outcome", "");
	const char *answer = report_string(test->span, "answer", "");

	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		if (streq(outcome, outcomes[i]))
			return outcomes[i];
	if (!test->failed)
		return "ended unknown";
	if (test->spoiled)
		return "stalled while failing";
	if (test_waited(test))
		return "not stalled, but it waited for a CPU";
	return streq(answer, "not stalled") ? "not stalled: look at the code" : "not measured";
}

/* ": behind other programs, cc1plus" */
static char *format_cause(const struct test *test, const struct view_style *style)
{
	const char *cause = report_string(test->span, "cause", NULL);
	const cJSON *culprit = report_get(test->span, "culprit");
	const char *name = report_string(culprit, "", report_string(culprit, "comm", NULL));
	_cleanup_free_ char *words = cause ? view_cause(cause, style) : NULL;
	_cleanup_free_ char *who = name ? style->escape(name, style->path_columns) : NULL;

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

static char *short_waits(const struct test *test)
{
	uint64_t waits_ns = report_u64(test->span, "waits_ns", 0);
	_cleanup_free_ char *share =
		format_share(waits_ns, report_u64(test->span, "duration_ns", 0));
	char total[DURATION_FORMAT_BYTES];

	if (!test_waited(test))
		return xstrdup("");
	return xasprintf("waited %s%s for a CPU, in pieces too short for a stall",
			 duration_format(total, waits_ns), share);
}

char *test_stalls(const struct test *test, const struct view_style *style)
{
	static const char *const kinds[] = {"cpu", "io", "hiccup"};
	uint64_t duration_ns = report_u64(test->span, "duration_ns", 0), count = 0;
	uint64_t max_ns = report_u64(test->span, "max_stall_ns", 0);
	char total[DURATION_FORMAT_BYTES], max[DURATION_FORMAT_BYTES];
	_cleanup_free_ char *cause = NULL, *share = NULL, *longest = NULL;

	if (!test->stalled)
		return short_waits(test);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t n = report_u64(report_object(test->span, "stalls"), kinds[i], 0);

		count = n > UINT64_MAX - count ? UINT64_MAX : count + n;
	}
	duration_format(total, test->stalled_ns);
	share = format_share(test->stalled_ns, duration_ns);
	if (count != 1 && max_ns)
		longest = xasprintf(", longest %s", duration_format(max, max_ns));
	cause = format_cause(test, style);
	return xasprintf("stood still %" PRIu64 " time%s, %s%s%s%s", count, count == 1 ? "" : "s",
			 total, share, longest ? longest : "", cause);
}

static const char *span_file(const cJSON *span, const cJSON *report)
{
	const char *file = report_string(span, "file", NULL), *rest;
	const char *cwd = report_string(report, "run.cwd", NULL);

	if (!file || !*file)
		return NULL;
	rest = cwd && *cwd == '/' && cwd[1] ? startswith(file, cwd) : NULL;
	return rest && *rest == '/' && rest[1] ? rest + 1 : file;
}

const char *test_file(const struct test *test)
{
	return span_file(test->span, test->of->report);
}

const char *test_file_of(const struct named_row *stall, uint64_t *ret_line)
{
	const cJSON *id = report_get(stall->row, "span_id"), *span;

	cJSON_ArrayForEach(span, report_array(stall->of->report, "spans")) {
		const cJSON *candidate = report_get(span, "id");

		if (!is_id(id) || !is_id(candidate) || compare_ids(id, candidate) != 0)
			continue;
		*ret_line = report_u64(span, "line", 0);
		return span_file(span, stall->of->report);
	}
	return NULL;
}

char *test_place(const struct test *test, const struct view_style *style)
{
	const char *file = test_file(test);
	_cleanup_free_ char *place = NULL;

	if (!file)
		return NULL;
	if (!report_known(test->span, "line"))
		return style->escape(file, style->path_columns);
	place = xasprintf("%s:%" PRIu64, file, report_u64(test->span, "line", 0));
	return style->escape(place, style->path_columns);
}
