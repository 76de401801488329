/* Find out when the tests of JUnit files ran, and in which process: only where nothing else is possible */
#include "cli/junit_places.h"

#include <stdlib.h>

#include "base/util.h"

/* Each placed test looks at all stalls that were kept. */
#define PLACED_MAX     100000
/* A test whose begin and end are less exact is not placed: a stall could be that of the next test. */
#define EXACT_NS       ((uint64_t)NSEC_PER_MSEC)
/* All zones differ from UTC by a multiple of this, and by no more than that. */
#define ZONE_STEP_NS   (INT64_C(15) * 60 * (int64_t)NSEC_PER_SEC)
#define ZONE_STEPS_MAX (14 * 4)
/* What summer time changes by at least, on Lord Howe Island: in a shorter run, times before and after do not fit. */
#define ZONE_CHANGE_NS (UINT64_C(30) * 60 * NSEC_PER_SEC)

/* -- When ------------------------------------------------------------------------------------------ */

static bool has_run(const struct junit_case *test)
{
	return !test->skipped || test->failed || test->duration.duration.ns;
}

static bool has_times(const struct junit_case *test)
{
	return test->has_timestamp && test->duration.is_known && !test->try_count;
}

/* How exact the times of a file are: the least exact one decides. */
static uint64_t resolution_of(const struct placed_case *cases, size_t count)
{
	uint64_t resolution_ns = 0;

	for (size_t i = 0; i < count; i++) {
		const struct junit_case *test = cases[i].of;

		if (has_run(test))
			resolution_ns =
				MAX(resolution_ns, MAX(test->timestamp.resolution_ns,
						       test->duration.duration.resolution_ns));
	}
	return resolution_ns;
}

/* By how much the clock of the files has moved against CLOCK_MONOTONIC since the start of the run */
static uint64_t clock_moved_ns(const struct run_facts *facts)
{
	uint64_t wall_ns = now_ns(CLOCK_REALTIME), since_ns = kernel_now_ns();
	uint64_t began_ns = (uint64_t)facts->started_at.tv_sec * NSEC_PER_SEC +
			    (uint64_t)facts->started_at.tv_nsec;
	uint64_t then_ns = wall_ns - (since_ns - facts->start_ns);

	return MAX(then_ns, began_ns) - MIN(then_ns, began_ns);
}

/* The time of the case after the start of the run if its zone is so many steps from UTC */
static int64_t offset_of(const struct placed_case *one, const struct run_facts *facts, int steps)
{
	const struct junit_timestamp *timestamp = &one->of->timestamp;
	int64_t began_ns =
		facts->started_at.tv_sec * (int64_t)NSEC_PER_SEC + facts->started_at.tv_nsec;

	return timestamp->ns - began_ns - (timestamp->has_zone ? 0 : steps * ZONE_STEP_NS);
}

/* Whether all tests of the file ran in the run, if its zone is so many steps from UTC */
static bool fits(const struct placed_case *cases, size_t count, const struct run_facts *facts,
		 int steps)
{
	int64_t run_ns = (int64_t)(facts->end_ns - facts->start_ns);

	for (size_t i = 0; i < count; i++) {
		int64_t from_ns = offset_of(&cases[i], facts, steps);
		int64_t duration_ns = (int64_t)cases[i].of->duration.duration.ns;

		if (has_run(cases[i].of) && (from_ns < -(int64_t)EXACT_NS ||
					     from_ns + duration_ns > run_ns + (int64_t)EXACT_NS))
			return false;
	}
	return true;
}

/* A file that names no zone is understood only if a single one makes sense: that of this machine may not be the tests'. */
static bool find_zone(const struct placed_case *cases, size_t count, const struct run_facts *facts,
		      bool has_zone, int *ret_steps)
{
	int most = has_zone ? 0 : ZONE_STEPS_MAX;
	size_t found = 0;

	if (!has_zone && facts->end_ns - facts->start_ns >= ZONE_CHANGE_NS)
		return false;
	for (int steps = -most; steps <= most; steps++) {
		if (!fits(cases, count, facts, steps))
			continue;
		*ret_steps = steps;
		found++;
	}
	return found == 1;
}

static void set_time(struct placed_case *one, const struct run_facts *facts, int steps,
		     uint64_t unsure_ns)
{
	struct told_time *time = &one->time;
	int64_t offset_ns = offset_of(one, facts, steps);

	time->is_known = true;
	time->start_ns = facts->start_ns + (uint64_t)MAX(offset_ns, INT64_C(0));
	time->end_ns = time->start_ns + one->of->duration.duration.ns;
	time->surely_from_ns = time->start_ns + unsure_ns;
	time->surely_until_ns = time->end_ns - unsure_ns;
}

/* Returns whether the time of each case that ran is known. */
static bool time_file(struct placed_case *cases, size_t count, const struct run_facts *facts)
{
	uint64_t unsure_ns = resolution_of(cases, count) + clock_moved_ns(facts);
	const struct junit_case *first = NULL;
	int steps;

	for (size_t i = 0; i < count; i++) {
		const struct junit_case *test = cases[i].of;

		if (!has_run(test))
			continue;
		first = first ? first : test;
		if (!has_times(test) || test->timestamp.has_zone != first->timestamp.has_zone)
			return false;
	}
	if (!first)
		return true;
	if (unsure_ns > 2 * EXACT_NS ||
	    !find_zone(cases, count, facts, first->timestamp.has_zone, &steps))
		return false;
	for (size_t i = 0; i < count; i++)
		if (has_run(cases[i].of))
			set_time(&cases[i], facts, steps, unsure_ns);
	return true;
}

/* -- In which process ------------------------------------------------------------------------------ */

static int by_begin(const void *a, const void *b)
{
	const struct placed_case *one = *(struct placed_case *const *)a,
				 *other = *(struct placed_case *const *)b;

	if (one->time.start_ns != other->time.start_ns)
		return one->time.start_ns < other->time.start_ns ? -1 : 1;
	return one < other ? -1 : one > other;
}

/* Tests at the same time: a process may run both. */
static void mark_overlaps(struct placed_case **list, size_t count)
{
	struct placed_case *longest = NULL;

	for (size_t i = 0; i < count; i++) {
		struct told_time *time = &list[i]->time;

		if (longest && time->surely_from_ns < longest->time.surely_until_ns)
			time->overlaps = longest->time.overlaps = true;
		if (!longest || time->surely_until_ns > longest->time.surely_until_ns)
			longest = list[i];
	}
}

static void find_processes(struct placed_case *cases, size_t count, struct told_places *places)
{
	_cleanup_free_ struct placed_case **list = xcalloc(count + 1, sizeof(*list));
	size_t timed = 0;

	for (size_t i = 0; i < count; i++)
		if (cases[i].time.is_known)
			list[timed++] = &cases[i];
	qsort(list, timed, sizeof(*list), by_begin);
	mark_overlaps(list, timed);
	for (size_t i = 0; i < MIN(timed, (size_t)PLACED_MAX); i++) {
		struct told_time *time = &list[i]->time;

		time->is_placed = !time->overlaps && time->surely_from_ns < time->surely_until_ns &&
				  told_place(places, time->surely_from_ns, time->surely_until_ns,
					     &time->host_pid);
	}
}

size_t cases_of_file(const struct placed_case *cases, size_t count)
{
	size_t n = 1;

	while (n < count && cases[n].file == cases[0].file)
		n++;
	return n;
}

void junit_place(struct placed_case *cases, size_t count, const struct run_facts *facts,
		 struct told_places *places)
{
	bool all_known = true;

	for (size_t i = 0, n; i < count; i += n) {
		n = cases_of_file(&cases[i], count - i);
		all_known &= time_file(&cases[i], n, facts);
	}
	/* A test without a time may have run at any time. */
	if (all_known)
		find_processes(cases, count, places);
}
