/* Compares two groups of numbers by ranks: Mann-Whitney U test, effect sizes, Holm's correction. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The test assumes nothing about the distribution of the numbers, as timings have long tails. Values must be at most
 * 2^53 in magnitude.
 */

/* Up to this many values in both groups, p is exact: it counts all ways to divide them, with ties. */
#define RANKSUM_EXACT_MAX 30

struct ranksum {
	double u; /* U of the second group: pairs in which its value is larger; equal pairs count half */
	double p; /* two-sided; 1 if a group is empty */
	double p_smallest; /* the smallest p that any division of the same values into two groups gives */
	bool exact; /* false: normal approximation, corrected for ties and continuity */
	double cliffs_delta; /* P(second > first) - P(second < first), from -1 to 1 */
	double shift; /* Hodges-Lehmann: the median of all differences, second minus first */
};

/* Sorts both groups in place. Each may be empty; the effects are 0 then. */
void ranksum_test(int64_t *first, size_t first_count, int64_t *second, size_t second_count,
		  struct ranksum *ret);

/* The median of a sorted, non-empty group. */
double ranksum_median(const int64_t *sorted, size_t count);
/* The percentile of a sorted, non-empty group by nearest rank, as for stalls: at least percent % of the values are <= it. */
int64_t ranksum_percentile(const int64_t *sorted, size_t count, unsigned percent);

/*
 * Corrects each p in place for the number of comparisons, by Holm's step-down method (Scandinavian Journal of
 * Statistics 6, 1979). The results are at most 1.
 */
void ranksum_holm(double *p, size_t count);

/* The smallest p that groups of these sizes can give, without ties. */
double ranksum_smallest_p(size_t first_count, size_t second_count);
