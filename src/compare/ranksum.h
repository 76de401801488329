/* Two groups of numbers compared by their ranks: Mann-Whitney's test, effect sizes, Holm's correction. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * No assumption about how the numbers are distributed: those of a machine have long tails. Values are of at
 * most 2^53, either sign.
 */

/* Up to so many values in all p is exact: all ways to divide them are counted, ties included. */
#define RANKSUM_EXACT_MAX 30

struct ranksum {
	double u; /* of the second group: pairs in which its value is the larger one; equal ones count half */
	double p; /* two-sided; 1 if a group is empty */
	double p_smallest; /* that the same values could give, divided as clearly as can be */
	bool exact; /* else by the normal distribution, corrected for ties and continuity */
	double cliffs_delta; /* -1: all of the second group are smaller, 1: all are larger */
	double shift; /* Hodges-Lehmann: the median of all differences, second minus first */
};

/* Sorts both groups. Either may be empty: then effects are 0. */
void ranksum_test(int64_t *first, size_t first_count, int64_t *second, size_t second_count,
		  struct ranksum *ret);

/* Of a sorted group, which must not be empty: the middle, or the mean of both middles. */
double ranksum_median(const int64_t *sorted, size_t count);
/* Nearest rank, as the percentiles of stalls: a value of the group, at least as large as percent of it. */
int64_t ranksum_percentile(const int64_t *sorted, size_t count, unsigned percent);

/*
 * Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979) of the p in place, against chance finds
 * among many comparisons. At most 1.
 */
void ranksum_holm(double *p, size_t count);

/* The smallest p that groups of such sizes without ties can give. */
double ranksum_smallest_p(size_t first_count, size_t second_count);
