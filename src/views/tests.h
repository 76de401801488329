/* The tests of a run: which spans they are, how they ended, and whose fault a failure was */
#pragma once

#include <stdbool.h>

#include "catalog/answers.h"
#include "views/named.h"

/*
 * Spans nest: a session has files, a file has tests, a test may have phases. A test is a span with
 * an outcome none of whose children has one. Unknown parents, loops and duplicate ids, which only a
 * made-up report has, do no harm.
 */
struct test {
	const struct report_span *span;
	const struct named_report *of;
	bool failed; /* or ended with an error, or was interrupted */
	enum answer answer; /* ANSWER_NONE for a test that did not fail */
	bool stalled;
	uint64_t stalled_ns;
	size_t order;
};

struct tests {
	struct test *
		list; /* those that failed first, by answer, the machine's first; then by stalled_ns */
	size_t count; /* of the list, which the report may have cut */
	size_t stalled; /* of the list: all with stalls, passed or not */
	/* Of all, also those that are not in the list: */
	uint64_t total;
	uint64_t failed; /* with those interrupted */
	uint64_t answered[ANSWERS];
};

/* Any span with an outcome, a test or not; its order is 0. */
struct test test_of_span(const struct report_span *span, const struct named_report *of);

void tests_find(const struct named_reports *reports, struct tests *ret);
void tests_clear(struct tests *tests);
/* All answers for a failed test, in the order in which views count them. */
#define TESTS_ANSWERS (ANSWERS - 1)
extern const enum answer tests_answer_order[TESTS_ANSWERS];
/* What to do if the command of the only report failed and no test was named; NULL: nothing */
const char *tests_advice(const struct tests *tests, const struct named_reports *reports);
/* "2 the machine, 1 the code": how many failed tests have each answer; empty if none failed. The caller frees it. */
char *tests_answers(const struct tests *tests);

/* The words for the answer of a failed test, or how another test ended. */
const char *test_answer(const struct test *test);
/* The evidence for the answer of a failed test; NULL: none. The caller frees it. It begins with a word of ours. */
char *test_evidence(const struct test *test, const struct view_style *style);

/* "3 stalls, 120ms of 1.5s (8 %), longest 60ms: behind other programs, cc1plus". Empty without stalls. */
char *test_stalls(const struct test *test, const struct view_style *style);

/* "test_networking.py:120" or NULL. A path below the run's directory is made relative to it. It
 * begins with a name. */
char *test_place(const struct test *test, const struct view_style *style);
const char *test_file(const struct test *test);

/* The same for the span in which a stall was, with its line (0: unknown). NULL: no such span. */
const char *test_file_of(const struct named_stall *stall, uint64_t *ret_line);
