/* Finds the test of a report for each case of a JUnit file by name, which every runner writes differently */
#pragma once

#include "report/junit_file.h"
#include "views/tests.h"

/*
 * Compares names part by part, from the last to the first, whatever separates the parts: the span
 * "tests/test_a.py::TestB::test_c" is the case "test_c" of class "tests.test_a.TestB". One of the
 * two may lack parts at its beginning. A case that could be more than one test is ambiguous and
 * gets no test.
 */
struct junit_index;

struct junit_index *junit_index_new(const struct named_reports *reports);
struct junit_index *junit_index_free(struct junit_index *index);
DEFINE_CLEANUP(struct junit_index *, junit_index_free);

/* Of all cases of all files: */
struct junit_counts {
	size_t cases, matched, ambiguous;
	size_t tests, unmatched_tests; /* of the report: tests that failed or have stalls */
};

/*
 * Finds the test of each case: ret[i] is the test of file->cases[i], or NULL; it lives as long as
 * the index. Several cases of one name are its attempts, in order; a single case is the last
 * attempt. Tests that ran several times without being attempts, as in several environments or jobs,
 * are told apart by how they ended; else they are ambiguous.
 */
void junit_match(struct junit_index *index, const struct junit_file *file, const struct test **ret,
		 struct junit_counts *counts);
/* Whether the case is a test of the report, or could be one of several. */
bool junit_is_known(const struct junit_index *index, const struct junit_case *one);
/* Call after all files: counts the tests that match no case. */
void junit_count_tests(const struct junit_index *index, struct junit_counts *counts);
