/* Tests of compare/ranksum against published values, and against a count of all divisions */
#include "compare/ranksum.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "tap.h"

#define is_near(got, expected)                                                              \
	do {                                                                                \
		double tap_got = (got), tap_expected = (expected);                          \
		if (!ok_expression(fabs(tap_got - tap_expected) < 1e-9,                     \
				   #got " is about " #expected))                            \
			printf("# got: %.17g\n# expected: %.17g\n", tap_got, tap_expected); \
	} while (0)

static struct ranksum test_of(const int64_t *first, size_t first_count, const int64_t *second,
			      size_t second_count)
{
	int64_t a[128], b[128];
	struct ranksum result;

	memcpy(a, first, first_count * sizeof(*a));
	memcpy(b, second, second_count * sizeof(*b));
	ranksum_test(a, first_count, b, second_count, &result);
	return result;
}

/* The example of SciPy's documentation of mannwhitneyu: ages at diagnosis of men and women. */
static void test_published(void)
{
	const int64_t women[] = {20, 11, 17, 12}, men[] = {19, 22, 16, 29, 24};
	struct ranksum result = test_of(women, 4, men, 5);

	is_near(result.u, 17);
	is_near(result.p, 0.1111111111111111);
	ok(result.exact);
	is_near(result.p_smallest, 2.0 / 126);
	is_near(result.cliffs_delta, 2 * 17.0 / 20 - 1);
	result = test_of(men, 5, women, 4);
	is_near(result.u, 3);
	is_near(result.p, 0.1111111111111111);
	/* Hollander and Wolfe's permeability of membranes (R's wilcox.test), in units of 0.01: W 35, p 0.2544. */
	{
		const int64_t term[] = {80, 83, 189, 104, 145, 138, 191, 164, 73, 146};
		const int64_t early[] = {115, 88, 90, 74, 121};

		result = test_of(early, 5, term, 10);
		is_near(result.u, 35);
		is_near(round(result.p * 1e4), 2544);
		is_near(result.shift, 30.5);
	}
}

/* By hand: 20 and 20 values; mean 200, deviation sqrt(400 * 41 / 12) without ties. */
static void test_normal(void)
{
	int64_t first[20], second[20];
	struct ranksum result;

	for (int i = 0; i < 20; i++) {
		first[i] = 2 * i;
		second[i] = 2 * i + 11;
	}
	result = test_of(first, 20, second, 20);
	ok(!result.exact);
	is_near(result.u, 295);
	is_near(result.p, erfc((95 - 0.5) / sqrt(400 * 41 / 12.0) / sqrt(2)));
	is_near(result.p_smallest, erfc((200 - 0.5) / sqrt(400 * 41 / 12.0) / sqrt(2)));
	is_near(result.shift, 11);
	/* Half of each group is 0: one tie of 20 values. */
	for (int i = 0; i < 10; i++)
		first[i] = second[i] = 0;
	result = test_of(first, 20, second, 20);
	is_near(result.p, erfc((fabs(result.u - 200) - 0.5) /
			       sqrt(400 / 12.0 * (41 - (8000 - 20) / (40.0 * 39))) / sqrt(2)));
}

static void test_degenerate(void)
{
	const int64_t same[] = {5, 5, 5}, one[] = {7};
	struct ranksum result = test_of(same, 3, same, 3);

	is_near(result.p, 1);
	is_near(result.p_smallest, 1);
	is_near(result.cliffs_delta, 0);
	is_near(result.shift, 0);
	result = test_of(same, 3, one, 0);
	is_near(result.p, 1);
	result = test_of(one, 0, one, 0);
	is_near(result.p, 1);
	result = test_of(one, 1, same, 1);
	is_near(result.p, 1);
	is_near(result.shift, -2);
	{
		int64_t many[40] = {0}, zeros[40] = {0};

		ranksum_test(many, 40, zeros, 40, &result);
		is_near(result.p, 1);
		is_near(result.p_smallest, 1);
	}
}

/* u by its definition, over all ways to choose the second group from the pool. */
static double u_of(const int64_t *pool, unsigned count, unsigned chosen)
{
	double u = 0;

	for (unsigned b = 0; b < count; b++)
		for (unsigned a = 0; a < count && chosen >> b & 1; a++)
			if (!(chosen >> a & 1))
				u += pool[b] > pool[a] ? 1 : pool[b] == pool[a] ? 0.5 : 0;
	return u;
}

static void test_by_enumeration(void)
{
	unsigned state = 12345, wrong = 0, rounds = 0;

	for (unsigned count = 2; count <= 10; count++) {
		for (unsigned range = 2; range <= 50; range += 12) {
			int64_t pool[10], first[10], second[10];
			unsigned n1 = 1 + count / 3, n2 = count - n1, all = 0, as_far = 0;
			double distance;
			struct ranksum result;

			for (unsigned i = 0; i < count; i++) {
				state = state * 1103515245 + 12345;
				pool[i] = state >> 16 & 0xffff;
				pool[i] %= range;
			}
			memcpy(second, pool, n2 * sizeof(*pool));
			memcpy(first, pool + n2, n1 * sizeof(*pool));
			ranksum_test(first, n1, second, n2, &result);
			distance = fabs(u_of(pool, count, (1u << n2) - 1) - n1 * n2 / 2.0);
			for (unsigned chosen = 0; chosen < 1u << count; chosen++) {
				if ((unsigned)__builtin_popcount(chosen) != n2)
					continue;
				all++;
				as_far += fabs(u_of(pool, count, chosen) - n1 * n2 / 2.0) >=
					  distance - 1e-9;
			}
			wrong += fabs(result.p - (double)as_far / all) > 1e-12;
			wrong += fabs(result.u - u_of(pool, count, (1u << n2) - 1)) > 1e-12;
			rounds++;
		}
	}
	is_int(wrong, 0);
	ok(rounds > 40);
}

static int by_size(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

static void test_shift_by_enumeration(void)
{
	unsigned state = 99, wrong = 0;

	for (unsigned round = 0; round < 200; round++) {
		int64_t first[12], second[12];
		double differences[144];
		size_t n1 = 1 + round % 12, n2 = 1 + round / 12 % 12, pairs = 0;
		struct ranksum result;

		for (size_t i = 0; i < 12; i++) {
			state = state * 1103515245 + 12345;
			first[i] = (int64_t)(state >> 16) - 30000;
			state = state * 1103515245 + 12345;
			second[i] = (int64_t)(state >> 18) * (round % 3 ? 1 : 1000000007);
		}
		for (size_t a = 0; a < n1; a++)
			for (size_t b = 0; b < n2; b++)
				differences[pairs++] = (double)(second[b] - first[a]);
		qsort(differences, pairs, sizeof(*differences), by_size);
		ranksum_test(first, n1, second, n2, &result);
		wrong += fabs(result.shift -
			      (differences[(pairs - 1) / 2] + differences[pairs / 2]) / 2) > 1e-6;
	}
	is_int(wrong, 0);
}

static void test_holm(void)
{
	/* Wikipedia's example of the method: 0.01, 0.04, 0.03, 0.005 */
	double p[] = {0.01, 0.04, 0.03, 0.005}, large[] = {0.9, 0.8};

	ranksum_holm(p, 4);
	is_near(p[0], 0.03);
	is_near(p[1], 0.06);
	is_near(p[2], 0.06);
	is_near(p[3], 0.02);
	ranksum_holm(large, 2);
	is_near(large[0], 1);
	is_near(large[1], 1);
	ranksum_holm(NULL, 0);
	is_near(ranksum_smallest_p(3, 3), 0.1);
	is_near(ranksum_smallest_p(4, 4), 2.0 / 70);
	is_near(ranksum_smallest_p(1, 1), 1);
	is_near(ranksum_smallest_p(0, 9), 1);
}

static void test_order_statistics(void)
{
	const int64_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

	is_near(ranksum_median(values, 10), 5.5);
	is_near(ranksum_median(values, 9), 5);
	is_near(ranksum_median(values, 1), 1);
	is_int(ranksum_percentile(values, 10, 90), 9);
	is_int(ranksum_percentile(values, 3, 90), 3);
	is_int(ranksum_percentile(values, 1, 50), 1);
	is_int(ranksum_percentile(values, 10, 0), 1);
}

int main(void)
{
	test_published();
	test_normal();
	test_degenerate();
	test_by_enumeration();
	test_shift_by_enumeration();
	test_holm();
	test_order_statistics();
	return tap_done();
}
