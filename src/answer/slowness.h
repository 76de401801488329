/* How slow the CPUs were while a test ran, and what of its own work that explains */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "answer/times.h"
#include "answer/usual.h"
#include "model/timeline.h"

struct slowness {
	/*
	 * The time of the gauge while the test ran, divided by that when the same test passed (if that is known), or else by
	 * the shortest of the run. NAN: unknown.
	 */
	double factor;
	bool of_same_test;
	double work; /* the test's own work, divided by that when it passed; NAN: it did not take clearly longer */
	bool costs_much; /* a tenth of the test's time */
	bool explains_work; /* at least half of what it took longer */
	bool explains_failure; /* see slowness_of() */
};

/*
 * explains_failure is careful, as a bug of the code fails on a slow CPU too: the gauge took half as long again for at least
 * three seconds; that is what the test's own work took longer, to a tenth; the test took longer than it ever did when it
 * passed, and without the slowness would not have.
 */
struct slowness slowness_of(const struct timeline *timeline, uint64_t from_ns, uint64_t until_ns,
			    const struct answer_times *times, const struct usual *usual);

/* What to do about the work of a test whose own code is to blame. The caller frees it. */
char *slowness_advice(const struct slowness *slowness, const struct answer_times *times,
		      const struct usual *usual);

/* "its own work took 1.6 times the usual CPU time (1.2s), ..." for explains_failure. The caller frees it. */
char *slowness_sentence(const struct slowness *slowness, const struct usual *usual);
