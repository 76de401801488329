/* The tests of a run: which spans they are, how they ended, and whose fault a failure was */
#pragma once

#include <stdbool.h>

#include "catalog/answers.h"
#include "views/named.h"

/*
 * Spans nest: a session has files, a file has tests, a test may have phases. A test is a span that has an outcome, and no
 * child with an outcome. A forged report may have unknown parents, loops and duplicate ids: they do no harm.
 */
struct test {
	const struct report_span *span;
	const struct named_report *of;
	bool failed; /* including errors and interrupted tests */
	enum answer answer; /* ANSWER_NONE for a test that did not fail */
	bool stalled;
	uint64_t stalled_ns;
	size_t order;
};

struct tests {
	struct test *list; /* failed tests first, in the order of their answers; then by stalled_ns */
	size_t count; /* of the list: the report may lack some tests */
	size_t stalled; /* of the list: tests with stalls, passed or not */
	/* Including tests that are not in the list: */
	uint64_t total;
	uint64_t failed; /* including interrupted tests */
	uint64_t answered[ANSWERS];
};

/* Makes a struct test of any span with an outcome, also of a group of tests; its order is 0. */
struct test test_of_span(const struct report_span *span, const struct named_report *of);

void tests_find(const struct named_reports *reports, struct tests *ret);
void tests_clear(struct tests *tests);
/* The answers for a failed test, in the order of the views. */
#define TESTS_ANSWERS (ANSWERS - 1)
extern const enum answer tests_answer_order[TESTS_ANSWERS];
/* What to do if the command of the only report failed and no test was named; NULL: no advice. */
const char *tests_advice(const struct tests *tests, const struct named_reports *reports);
/* "2 the machine, 1 the code": the number of failed tests by answer; empty if no test failed. The caller frees it. */
char *tests_answers(const struct tests *tests);

/* The words for the answer; for a test that did not fail, the words for its outcome. */
const char *test_answer(const struct test *test);
/* The evidence for the answer; NULL: none. The caller frees it. It begins with a fixed word. */
char *test_evidence(const struct test *test, const struct view_style *style);

/* "3 stalls, 120ms of 1.5s (8 %), longest 60ms: behind other programs, cc1plus". Empty without stalls. */
char *test_stalls(const struct test *test, const struct view_style *style);

/* "test_networking.py:120"; NULL: unknown. A path below the run's directory becomes relative. It begins with a name. */
char *test_place(const struct test *test, const struct view_style *style);
const char *test_file(const struct test *test);

/* The same for the span in which a stall was, with its line (0: unknown). NULL: no such span. */
const char *test_file_of(const struct named_stall *stall, uint64_t *ret_line);
