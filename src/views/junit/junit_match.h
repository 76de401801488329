/* Which test of a report each case of a JUnit file is: by its names, which every runner writes differently */
#pragma once

#include "report/junit_file.h"
#include "views/tests.h"

/*
 * Names are compared part by part, from the last to the first, whatever separates the parts: the span
 * "tests/test_a.py::TestB::test_c" is the case "test_c" of class "tests.test_a.TestB". One of the two may
 * lack parts at its front. What more than one test could be is ambiguous, and then it is none.
 */
struct junit_index;

struct junit_index *junit_index_new(const struct named_reports *reports);
struct junit_index *junit_index_free(struct junit_index *index);
DEFINE_CLEANUP(struct junit_index *, junit_index_free);

/* Of all cases of all files: */
struct junit_counts {
	size_t cases, matched, ambiguous;
	size_t tests, unmatched_tests; /* of the report: failed ones, and those with stalls */
};

/*
 * Finds the test of each case: ret[i] is that of file->cases[i], or NULL; it lives as long as the index.
 * Repeated cases of one name are its attempts, in order; a single one is the last attempt. What ran several times without
 * being an attempt at the same test, as in several environments or jobs, is told apart by how it ended, or else ambiguous.
 */
void junit_match(struct junit_index *index, const struct junit_file *file, const struct test **ret,
		 struct junit_counts *counts);
/* After all files: counts the tests that no case was. */
void junit_count_tests(const struct junit_index *index, struct junit_counts *counts);
