/* The tests of a run: which spans they are, how they ended, and what stood still in them */
#pragma once

#include <stdbool.h>

#include "views/named.h"

/*
 * Spans nest: a session has files, a file has tests, a test may have phases. A test is a span with
 * an outcome none of whose children has one. Unknown parents, loops and duplicate ids, which only a
 * made-up report has, do no harm.
 */
struct test {
	const struct report_span *span;
	const struct named_report *of;
	bool failed; /* or ended with an error */
	bool spoiled; /* failed after it had stood still */
	bool stalled;
	uint64_t stalled_ns;
	size_t order;
};

struct tests {
	struct test *list; /* the worst first: spoiled, failed, then by stalled_ns */
	size_t count; /* of the list, which the report may have cut */
	size_t stalled; /* of the list: all with stalls, passed or not */
	/* Of all, also those that are not in the list: */
	uint64_t total;
	uint64_t failed;
	uint64_t failed_stalled; /* answer: stalled while failing */
	uint64_t failed_clean; /* answer: not stalled, look at the code; or: */
	uint64_t failed_waited; /* not stalled, but it waited, in short pieces: not in failed_clean */
	uint64_t failed_unmeasured; /* answer: not measured, or none given */
};

/* Any span with an outcome, a test or not; its order is 0. */
struct test test_of_span(const struct report_span *span, const struct named_report *of);

void tests_find(const struct named_reports *reports, struct tests *ret);
/* "3 without a stall, but waiting for a CPU in short pieces, ", or empty. */
char *tests_waited(const struct tests *tests);
void tests_clear(struct tests *tests);

/* Of a failed one "stalled while failing", "not stalled: look at the code", "not stalled, but it waited for a CPU" or "not measured", of
 * another how it ended. */
const char *test_answer(const struct test *test);

/* "stood still 3 times, 120ms of 1.5s (8 %), longest 60ms: behind other programs, cc1plus". "waited 132ms of 266ms (50 %)
 * for a CPU in pieces too short for a stall". Empty if nothing stood still or waited so. It begins with a word of ours. */
char *test_stalls(const struct test *test, const struct view_style *style);

/* "test_networking.py:120" or NULL. A path below the run's directory is made relative to it. It
 * begins with a name. */
char *test_place(const struct test *test, const struct view_style *style);
const char *test_file(const struct test *test);

/* The same for the span in which a stall was, with its line (0: unknown). NULL: no such span. */
const char *test_file_of(const struct named_stall *stall, uint64_t *ret_line);
