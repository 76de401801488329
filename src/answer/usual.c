/* What is usual: how much time tests that passed lost, as the measure for a test that failed */
#include "answer/usual.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/hist.h"

#define OUTLIER_DEVIATIONS 3
#define MAD_SCALE \
	1.4826 /* of a normal distribution: the standard deviation in median absolute deviations */
#define ALIKE_BITS 2 /* tests this many octaves shorter or longer still count as alike */

struct usual_table {
	struct passed_test *list;
	size_t count;
	/* By the octave of useful_ns, filled when first asked for. */
	struct usual of[HIST_LOG2_BUCKETS];
	bool filled[HIST_LOG2_BUCKETS];
};

struct weighted {
	uint64_t value_ns, weight;
};

struct usual_table *usual_new(struct passed_test *list, size_t count)
{
	struct usual_table *table = xcalloc(1, sizeof(*table));

	table->list = list;
	table->count = count;
	return table;
}

void usual_free(struct usual_table *table)
{
	if (table)
		free(table->list);
	free(table);
}

static unsigned octave_of(const struct passed_test *test)
{
	uint64_t lost_ns = test->lost_ns + test->crowded_ns;

	return hist_log2_bucket(test->duration_ns - MIN(lost_ns, test->duration_ns));
}

static bool is_alike(const struct passed_test *test, unsigned octave)
{
	unsigned other = octave_of(test);

	return MAX(other, octave) - MIN(other, octave) <= ALIKE_BITS;
}

static int by_value(const void *a, const void *b)
{
	const struct weighted *one = a, *other = b;

	return one->value_ns < other->value_ns ? -1 : one->value_ns > other->value_ns;
}

/* Sorts the values. */
static uint64_t median(struct weighted *values, size_t count, uint64_t weight)
{
	uint64_t rank = (weight + 1) / 2, seen = 0;

	qsort(values, count, sizeof(*values), by_value);
	for (size_t i = 0; i < count; i++) {
		seen += values[i].weight;
		if (seen >= rank)
			return values[i].value_ns;
	}
	return 0;
}

/*
 * The largest value but for outliers: those above the median by more than three times the median absolute deviation, scaled
 * to a standard deviation (Hampel's identifier). Few tests often pass, and some of them may have met the neighbour.
 */
static uint64_t largest(struct weighted *values, size_t count, uint64_t weight)
{
	_cleanup_free_ struct weighted *deviations = xcalloc(count + 1, sizeof(*deviations));
	uint64_t median_ns = median(values, count, weight), found_ns = 0;
	double limit_ns;

	for (size_t i = 0; i < count; i++) {
		uint64_t value_ns = values[i].value_ns;

		deviations[i] = (struct weighted){
			MAX(value_ns, median_ns) - MIN(value_ns, median_ns), values[i].weight};
	}
	limit_ns = OUTLIER_DEVIATIONS * MAD_SCALE * (double)median(deviations, count, weight);
	for (size_t i = 0; i < count; i++)
		if ((double)values[i].value_ns <= (double)median_ns + limit_ns)
			found_ns = values[i].value_ns;
	return found_ns;
}

/* A longer test had more time to lose: shift its numbers down by the octaves between. */
static struct passed_test scaled(const struct passed_test *test, unsigned octave)
{
	unsigned other = octave_of(test), down = other > octave + ALIKE_BITS ? other - octave : 0;
	struct passed_test result = *test;

	result.lost_ns >>= down;
	result.crowded_ns >>= down;
	result.asleep_ns >>= down;
	return result;
}

void usual_of_list(const struct passed_test *list, size_t count, struct usual *ret)
{
	_cleanup_free_ struct weighted *lost = xcalloc(count + 1, sizeof(*lost)),
				       *crowded = xcalloc(count + 1, sizeof(*crowded)),
				       *both = xcalloc(count + 1, sizeof(*both)),
				       *asleep = xcalloc(count + 1, sizeof(*asleep)),
				       *worked = xcalloc(count + 1, sizeof(*worked)),
				       *gauged = xcalloc(count + 1, sizeof(*gauged));
	uint64_t gauged_tests = 0;

	*ret = (struct usual){0};
	for (size_t i = 0; i < count; i++) {
		const struct passed_test *test = &list[i];

		lost[i] = (struct weighted){test->lost_ns, test->weight};
		crowded[i] = (struct weighted){test->crowded_ns, test->weight};
		both[i] = (struct weighted){test->lost_ns + test->crowded_ns, test->weight};
		asleep[i] = (struct weighted){test->asleep_ns, test->weight};
		worked[i] = (struct weighted){test->worked_ns, test->weight};
		gauged[i] = (struct weighted){(uint64_t)test->gauge_ns,
					      test->gauge_ns > 0 ? test->weight : 0};
		gauged_tests += gauged[i].weight;
		ret->longest_ns = MAX(ret->longest_ns, test->duration_ns);
		ret->tests += test->weight;
	}
	ret->lost_ns = largest(lost, count, ret->tests);
	ret->crowded_ns = largest(crowded, count, ret->tests);
	ret->both_ns = largest(both, count, ret->tests);
	ret->asleep_ns = largest(asleep, count, ret->tests);
	ret->worked_ns = median(worked, count, ret->tests);
	ret->gauge_ns = gauged_tests ? median(gauged, count, gauged_tests) : 0;
}

static void fill(const struct usual_table *table, unsigned octave, bool only_alike,
		 struct usual *ret)
{
	_cleanup_free_ struct passed_test *list = xcalloc(table->count + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		if (!only_alike || is_alike(&table->list[i], octave))
			list[count++] = scaled(&table->list[i], octave);
	usual_of_list(list, count, ret);
}

const struct usual *usual_find(struct usual_table *table, uint64_t useful_ns)
{
	unsigned octave = hist_log2_bucket(useful_ns);
	struct usual *usual = &table->of[octave];

	if (table->filled[octave])
		return usual;
	table->filled[octave] = true;
	fill(table, octave, true, usual);
	if (usual->tests < USUAL_TESTS_MIN)
		fill(table, octave, false, usual);
	if (usual->tests < USUAL_TESTS_MIN)
		*usual = (struct usual){0};
	return usual;
}
