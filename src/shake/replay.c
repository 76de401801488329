/* The stalls of the failed tests of a report, as disturbances that put them where they were */
#include "shake/replay.h"

#include "views/tests.h"

#define PARENTS_MAX 64 /* a forged report may have loops */

struct interval {
	uint64_t start_ns, end_ns;
};

static int compare_starts(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static uint64_t length_of(const struct interval *of)
{
	return of->end_ns - of->start_ns;
}

static int compare_lengths(const void *a, const void *b)
{
	uint64_t x = length_of(a), y = length_of(b);

	return x > y ? -1 : x < y;
}

/* Returns how many are left. */
static size_t merge(struct interval *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(*list), compare_starts);
	for (size_t i = 0; i < count; i++) {
		if (kept && list[i].start_ns <= list[kept - 1].end_ns)
			list[kept - 1].end_ns = MAX(list[kept - 1].end_ns, list[i].end_ns);
		else
			list[kept++] = list[i];
	}
	return kept;
}

static const struct report_span *span_with(const struct report *report, uint64_t id)
{
	for (size_t i = 0; i < report->spans.count; i++)
		if (report->spans.list[i].id == id)
			return &report->spans.list[i];
	return NULL;
}

/* Whether the stall was in the span or in one below it. span NULL: the command, which has all. */
static bool is_within(const struct report *report, const struct report_stall *stall,
		      const struct report_span *span)
{
	struct optional_u64 id = stall->span_id;

	if (!span)
		return true;
	for (unsigned i = 0; i < PARENTS_MAX && id.known; i++) {
		const struct report_span *of;

		if (id.value == span->id)
			return true;
		of = span_with(report, id.value);
		id = of ? of->parent : (struct optional_u64){0};
	}
	return false;
}

/* The part of the stall that lies in the test, from the test's begin on */
static struct interval part_in(const struct report_stall *stall, uint64_t start_ns, uint64_t end_ns)
{
	uint64_t from_ns = MAX(stall->start_ns, start_ns);
	uint64_t until_ns = MIN(view_sum(stall->start_ns, stall->duration_ns), end_ns);

	return (struct interval){from_ns - start_ns, MAX(until_ns, from_ns) - start_ns};
}

static void take_stalls(const struct report *report, const struct report_span *span,
			enum disturbance disturbance, struct disturb_steps *ret)
{
	_cleanup_free_ struct interval *list = xcalloc(report->stalls.count + 1, sizeof(*list));
	uint64_t start_ns = span ? span->start_ns.value : 0, end_ns = UINT64_MAX;
	size_t count = 0;

	if (span)
		end_ns = view_sum(start_ns, span->duration_ns.value);
	for (size_t i = 0; i < report->stalls.count; i++) {
		const struct report_stall *stall = &report->stalls.list[i];

		if ((disturbance == DISTURB_FILES && stall->kind.value != STALL_IO) ||
		    !is_within(report, stall, span))
			continue;
		list[count] = part_in(stall, start_ns, end_ns);
		count += length_of(&list[count]) > 0;
	}
	count = merge(list, count);
	if (count)
		qsort(list, count, sizeof(*list), compare_lengths);
	count = merge(list, MIN(count, (size_t)DISTURB_STEPS_MAX));
	*ret = (struct disturb_steps){.count = count};
	for (size_t i = 0; i < count; i++) {
		ret->list[i].offset_ns = list[i].start_ns;
		ret->list[i].length_ns = length_of(&list[i]);
	}
}

size_t replay_plan(const struct report *report, enum disturbance disturbance, struct search *search)
{
	const struct named_report named = {.name = "", .report = report};
	const struct named_reports reports = {&named, 1};
	struct disturb_steps steps;
	struct tests tests;
	size_t planned = 0;

	tests_find(&reports, &tests);
	for (size_t i = 0; i < tests.count; i++) {
		const struct report_span *span = tests.list[i].span;

		if (!tests.list[i].failed)
			continue;
		take_stalls(report, span, disturbance, &steps);
		planned += steps.count > 0;
		search_replay(search, &(struct test_key){span->name, span->file, span->runner},
			      &steps);
	}
	if (!tests.count && view_exit_status(report) != 0) {
		take_stalls(report, NULL, disturbance, &steps);
		planned += steps.count > 0;
		search_replay(search, &(struct test_key){0}, &steps);
	}
	tests_clear(&tests);
	return planned;
}
