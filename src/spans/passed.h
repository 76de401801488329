/* A sample of the tests that passed: what each lost, as the measure for the tests that failed */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;

struct passed_test {
	uint64_t duration_ns;
	uint64_t lost_ns, crowded_ns,
		asleep_ns; /* of its account; asleep: without its own sleeps */
	uint64_t worked_ns; /* on a CPU */
	double gauge_ns; /* see struct gauged; 0: unknown, or not needed */
	uint64_t weight; /* how many tests this entry counts for */
};

#define PASSED_MAX 4096

/* Tests that are not in memory any more. When the list is full, every second test is dropped, and the others count twice. */
struct passed {
	struct passed_test list[PASSED_MAX];
	size_t count;
	uint64_t weight, skip; /* skip: the number of tests to leave out before the next one */
};

/* Returns whether the span is a test that passed and has an account; then *ret has its numbers. */
bool passed_test(const struct span *span, struct passed_test *ret);

/* Call it before a span is freed. *passed is allocated when it is first needed. */
void passed_gone(struct passed **passed, const struct span *span);
