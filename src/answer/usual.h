/* What is usual: how much time tests that passed lost, as the measure for a test that failed */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spans/passed.h"

struct usual {
	uint64_t tests; /* the number of tests that it comes from; 0: too few tests passed */
	/* The largest of these tests, without outliers: */
	uint64_t lost_ns, crowded_ns, both_ns, asleep_ns;
	uint64_t longest_ns; /* the longest of these tests */
	/* The medians of these tests: */
	uint64_t worked_ns;
	double gauge_ns; /* 0: unknown */
	bool of_same_test; /* when it passed, in earlier runs */
};

/* With fewer tests that passed, nothing is known to be usual. */
#define USUAL_TESTS_MIN 5

/* Of all tests of the list. */
void usual_of_list(const struct passed_test *list, size_t count, struct usual *ret);

struct usual_table;

/* Takes ownership of the list (spans/passed.h). */
struct usual_table *usual_new(struct passed_test *list, size_t count);
void usual_free(struct usual_table *table); /* table may be NULL */

/*
 * For a test that took useful_ns without what it lost. The best measure is tests that took about as long (an eighth to
 * eight times). If fewer than USUAL_TESTS_MIN of them passed, the measure is all tests, and times of longer ones are scaled
 * down to useful_ns.
 */
const struct usual *usual_find(struct usual_table *table, uint64_t useful_ns);
