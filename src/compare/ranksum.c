/* Compares two groups of numbers by ranks: Mann-Whitney U test, effect sizes, Holm's correction. */
#include "compare/ranksum.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"

static int by_value(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return one < other ? -1 : one > other;
}

double ranksum_median(const int64_t *sorted, size_t count)
{
	size_t low = (count - 1) / 2, high = count / 2;

	return ((double)sorted[low] + (double)sorted[high]) / 2;
}

int64_t ranksum_percentile(const int64_t *sorted, size_t count, unsigned percent)
{
	size_t rank = (count * percent + 99) / 100;

	return sorted[rank ? rank - 1 : 0];
}

/* -- Ranks ------------------------------------------------------------------------------------------- */

/* Two sorted groups, pooled. */
struct pool {
	size_t count;
	uint64_t *ranks2; /* twice the rank of each value, as equal values share a mean rank */
	uint64_t second_sum2; /* sum of the second group's doubled ranks */
	double tie_sum; /* sum of t^3 - t over each set of t equal values */
};

static void pool_ranks(const int64_t *first, size_t first_count, const int64_t *second,
		       size_t second_count, struct pool *ret)
{
	size_t a = 0, b = 0;

	*ret = (struct pool){.count = first_count + second_count};
	ret->ranks2 = xcalloc(ret->count + 1, sizeof(*ret->ranks2));
	for (size_t at = 0; at < ret->count;) {
		int64_t value = b == second_count || (a < first_count && first[a] <= second[b])
					? first[a]
					: second[b];
		size_t a_from = a, b_from = b, ties;
		uint64_t rank2;

		while (a < first_count && first[a] == value)
			a++;
		while (b < second_count && second[b] == value)
			b++;
		ties = a - a_from + b - b_from;
		rank2 = 2 * at + ties + 1;
		for (size_t i = 0; i < ties; i++)
			ret->ranks2[at + i] = rank2;
		at += ties;
		ret->second_sum2 += rank2 * (b - b_from);
		ret->tie_sum += (double)ties * (double)ties * (double)ties - (double)ties;
	}
}

/* -- Exact ------------------------------------------------------------------------------------------- */

/*
 * For each sum, counts the ways to choose `chosen` ranks that have this sum. Adds one rank after the other. A double
 * holds the counts exactly: C(30, 15) is 1.6e8.
 */
static double *count_sums(const struct pool *pool, size_t chosen, size_t *ret_sums)
{
	size_t sums = 1;
	double *ways;

	for (size_t i = 0; i < pool->count; i++)
		sums += pool->ranks2[i];
	ways = xcalloc((chosen + 1) * sums, sizeof(*ways));
	ways[0] = 1;
	for (size_t i = 0; i < pool->count; i++)
		for (size_t k = MIN(i + 1, chosen); k > 0; k--)
			for (size_t sum = pool->ranks2[i]; sum < sums; sum++)
				ways[k * sums + sum] +=
					ways[(k - 1) * sums + sum - pool->ranks2[i]];
	*ret_sums = sums;
	return ways;
}

/* p is the part of all ways whose sum is at least as far from the mean, on either side. */
static void test_exactly(const struct pool *pool, size_t second_count, struct ranksum *ret)
{
	size_t sums;
	_cleanup_free_ double *ways = count_sums(pool, second_count, &sums);
	const double *of_all = ways + second_count * sums;
	double mean2 = (double)second_count * ((double)pool->count + 1);
	double distance2 = fabs((double)pool->second_sum2 - mean2), farthest2 = 0;
	double all = 0, as_far = 0, at_farthest = 0;

	for (size_t sum = 0; sum < sums; sum++)
		if (of_all[sum] > 0)
			farthest2 = fmax(farthest2, fabs((double)sum - mean2));
	for (size_t sum = 0; sum < sums; sum++) {
		double from_mean2 = fabs((double)sum - mean2);

		all += of_all[sum];
		as_far += from_mean2 >= distance2 ? of_all[sum] : 0;
		at_farthest += from_mean2 >= farthest2 ? of_all[sum] : 0;
	}
	ret->exact = true;
	ret->p = as_far / all;
	ret->p_smallest = at_farthest / all;
}

/* -- By the normal distribution ---------------------------------------------------------------------- */

static double normal_p(double distance, double deviation)
{
	double z = (distance - 0.5) / deviation;

	return z <= 0 ? 1 : erfc(z / M_SQRT2);
}

static void test_approximately(const struct pool *pool, double first, double second,
			       struct ranksum *ret)
{
	double all = first + second;
	double variance = first * second / 12 * (all + 1 - pool->tie_sum / (all * (all - 1)));
	double deviation = sqrt(fmax(variance, 0));

	if (deviation <= 0) {
		ret->p = ret->p_smallest = 1;
		return;
	}
	ret->p = normal_p(fabs(ret->u - first * second / 2), deviation);
	ret->p_smallest = normal_p(first * second / 2, deviation);
}

/* -- Effects ----------------------------------------------------------------------------------------- */

static uint64_t count_differences_up_to(const int64_t *first, size_t first_count,
					const int64_t *second, size_t second_count, int64_t limit)
{
	uint64_t count = 0;
	size_t below = 0;

	/* As first[a] grows, more values of second satisfy second[b] - first[a] <= limit: `below` never falls. */
	for (size_t a = 0; a < first_count; a++) {
		while (below < second_count && second[below] - first[a] <= limit)
			below++;
		count += below;
	}
	return count;
}

/* The number-th smallest difference, counted from 1, by bisection: a list of all differences could be long. */
static int64_t difference(const int64_t *first, size_t first_count, const int64_t *second,
			  size_t second_count, uint64_t number)
{
	int64_t low = second[0] - first[first_count - 1];
	int64_t high = second[second_count - 1] - first[0];

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (count_differences_up_to(first, first_count, second, second_count, middle) >=
		    number)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void ranksum_test(int64_t *first, size_t first_count, int64_t *second, size_t second_count,
		  struct ranksum *ret)
{
	double n1 = (double)first_count, n2 = (double)second_count;
	uint64_t pairs = (uint64_t)first_count * second_count;
	struct pool pool;

	*ret = (struct ranksum){.p = 1, .p_smallest = 1};
	if (first_count)
		qsort(first, first_count, sizeof(*first), by_value);
	if (second_count)
		qsort(second, second_count, sizeof(*second), by_value);
	if (!pairs)
		return;
	pool_ranks(first, first_count, second, second_count, &pool);
	ret->u = (double)pool.second_sum2 / 2 - n2 * (n2 + 1) / 2;
	if (pool.count <= RANKSUM_EXACT_MAX)
		test_exactly(&pool, second_count, ret);
	else
		test_approximately(&pool, n1, n2, ret);
	free(pool.ranks2);
	ret->cliffs_delta = 2 * ret->u / (n1 * n2) - 1;
	ret->shift =
		((double)difference(first, first_count, second, second_count, (pairs + 1) / 2) +
		 (double)difference(first, first_count, second, second_count, pairs / 2 + 1)) /
		2;
}

/* -- Many at once ------------------------------------------------------------------------------------ */

struct place {
	double p;
	size_t at;
};

static int by_p(const void *a, const void *b)
{
	const struct place *one = a, *other = b;

	return one->p < other->p ? -1 : one->p > other->p;
}

void ranksum_holm(double *p, size_t count)
{
	_cleanup_free_ struct place *places = xcalloc(count + 1, sizeof(*places));
	double least = 0;

	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){p[i], i};
	qsort(places, count, sizeof(*places), by_p);
	for (size_t i = 0; i < count; i++) {
		least = fmax(least, fmin(1, places[i].p * (double)(count - i)));
		p[places[i].at] = least;
	}
}

double ranksum_smallest_p(size_t first_count, size_t second_count)
{
	double ways = 1;

	for (size_t i = 1; i <= first_count; i++)
		ways = ways * (double)(second_count + i) / (double)i;
	return fmin(1, 2 / ways);
}
