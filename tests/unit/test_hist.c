/* Tests of model/hist: bucket boundaries, exact counts, and the promised error of percentiles */
#include "model/hist.h"

#include "base/util.h"
#include "tap.h"

static void test_log2(void)
{
	struct hist_log2 a = {0}, b = {0};
	bool lower_right = true, upper_right = true;

	is_u64(hist_log2_bucket(0), 0);
	is_u64(hist_log2_bucket(1), 0);
	is_u64(hist_log2_bucket(2), 1);
	is_u64(hist_log2_bucket(3), 1);
	is_u64(hist_log2_bucket(4), 2);
	is_u64(hist_log2_bucket(UINT64_MAX), 63);
	is_u64(hist_log2_lower(0), 0);
	is_u64(hist_log2_lower(1), 2);
	is_u64(hist_log2_lower(63), UINT64_C(1) << 63);
	for (unsigned i = 1; i < HIST_LOG2_BUCKETS; i++) {
		lower_right &= hist_log2_bucket(hist_log2_lower(i)) == i;
		upper_right &= hist_log2_bucket(hist_log2_lower(i) - 1) == i - 1;
	}
	ok(lower_right);
	ok(upper_right);

	is_u64(hist_log2_count(&a), 0);
	hist_log2_add(&a, 0);
	hist_log2_add(&a, 1);
	hist_log2_add(&a, 1023);
	hist_log2_add(&b, 1024);
	hist_log2_add(&b, UINT64_MAX);
	is_u64(a.buckets[0], 2);
	is_u64(a.buckets[9], 1);
	hist_log2_merge(&a, &b);
	is_u64(hist_log2_count(&a), 5);
	is_u64(a.buckets[9], 1);
	is_u64(a.buckets[10], 1);
	is_u64(a.buckets[63], 1);
	is_u64(hist_log2_count(&b), 2);
}

static void test_fine_empty_and_single(void)
{
	_cleanup_free_ struct hist_fine *h = xcalloc(1, sizeof(*h));

	is_u64(hist_fine_percentile(h, 0), 0);
	is_u64(hist_fine_percentile(h, 99), 0);

	/* One value: max_ns makes every percentile exactly that value. */
	hist_fine_add(h, 123456789);
	is_u64(h->count, 1);
	is_u64(h->total_ns, 123456789);
	is_u64(h->max_ns, 123456789);
	is_u64(hist_fine_percentile(h, 0), 123456789);
	is_u64(hist_fine_percentile(h, 1), 123456789);
	is_u64(hist_fine_percentile(h, 50), 123456789);
	is_u64(hist_fine_percentile(h, 100), 123456789);
	is_u64(hist_fine_percentile(h, 1000), 123456789);
}

/* Values below 128 have a bucket each, so percentiles are exact nearest ranks. */
static void test_fine_rank(void)
{
	_cleanup_free_ struct hist_fine *h = xcalloc(1, sizeof(*h));
	_cleanup_free_ struct hist_fine *two = xcalloc(1, sizeof(*two));

	for (uint64_t i = 1; i <= 100; i++)
		hist_fine_add(h, i);
	is_u64(hist_fine_percentile(h, 0), 1);
	is_u64(hist_fine_percentile(h, 1), 1);
	is_u64(hist_fine_percentile(h, 7), 7);
	is_u64(hist_fine_percentile(h, 50), 50);
	is_u64(hist_fine_percentile(h, 90), 90);
	is_u64(hist_fine_percentile(h, 99), 99);
	is_u64(hist_fine_percentile(h, 100), 100);

	hist_fine_add(two, 0);
	hist_fine_add(two, 127);
	is_u64(hist_fine_percentile(two, 50), 0);
	is_u64(hist_fine_percentile(two, 51), 127);
}

/* The bucket of a value, through the public functions: a second, larger value raises max_ns. */
static uint64_t bucket_upper(struct hist_fine *h, uint64_t value_ns)
{
	memset(h, 0, sizeof(*h));
	hist_fine_add(h, value_ns);
	hist_fine_add(h, UINT64_MAX);
	return hist_fine_percentile(h, 50);
}

static void test_fine_error(void)
{
	_cleanup_free_ struct hist_fine *h = xcalloc(1, sizeof(*h));
	const uint64_t limit = UINT64_C(1) << HIST_FINE_MAX_BITS;
	bool never_less = true, never_far = true, gapless = true;

	for (uint64_t v = 1; v < limit; v += v / 257 + 1) {
		uint64_t upper = bucket_upper(h, v);

		never_less &= upper >= v;
		never_far &= upper - v <= v / 64;
	}
	ok(never_less);
	ok(never_far);

	/* Walk from bucket to bucket: each upper bound + 1 starts the next one, to the very end. */
	for (uint64_t v = 0; v < limit;) {
		uint64_t upper = bucket_upper(h, v);

		if (upper < v || bucket_upper(h, upper) != upper) {
			gapless = false;
			break;
		}
		v = upper + 1;
	}
	ok(gapless);
	is_u64(bucket_upper(h, 127), 127);
	is_u64(bucket_upper(h, 128), 129);
	is_u64(bucket_upper(h, limit - 1), limit - 1);
}

static void test_fine_overflow(void)
{
	_cleanup_free_ struct hist_fine *h = xcalloc(1, sizeof(*h));
	const uint64_t limit = UINT64_C(1) << HIST_FINE_MAX_BITS;

	hist_fine_add(h, limit - 1);
	hist_fine_add(h, limit);
	hist_fine_add(h, limit * 2);
	is_u64(hist_fine_percentile(h, 33), limit - 1);
	is_u64(hist_fine_percentile(h, 50), limit * 2);
	is_u64(hist_fine_percentile(h, 99), limit * 2);

	hist_fine_add(h, UINT64_MAX);
	is_u64(h->max_ns, UINT64_MAX);
	is_u64(h->total_ns, UINT64_MAX);
	hist_fine_add(h, 1);
	is_u64(h->total_ns, UINT64_MAX);
	is_u64(h->count, 5);

	/* The rank of a count near 2^64 does not overflow. */
	memset(h, 0, sizeof(*h));
	h->count = UINT64_MAX;
	h->buckets[10] = UINT64_MAX / 2 + 1;
	h->buckets[20] = UINT64_MAX / 2;
	h->max_ns = 20;
	is_u64(hist_fine_percentile(h, 49), 10);
	is_u64(hist_fine_percentile(h, 99), 20);
	is_u64(hist_fine_percentile(h, 100), 20);
}

static void test_fine_merge(void)
{
	_cleanup_free_ struct hist_fine *a = xcalloc(1, sizeof(*a));
	_cleanup_free_ struct hist_fine *b = xcalloc(1, sizeof(*b));
	_cleanup_free_ struct hist_fine *all = xcalloc(1, sizeof(*all));

	for (uint64_t i = 0, v = 1; i < 1000; i++, v = v * 7 % 1000003) {
		hist_fine_add(i % 3 ? a : b, v);
		hist_fine_add(all, v);
	}
	hist_fine_merge(a, b);
	ok(memcmp(a, all, sizeof(*a)) == 0);
	memset(b, 0, sizeof(*b));
	hist_fine_merge(a, b);
	ok(memcmp(a, all, sizeof(*a)) == 0);
}

int main(void)
{
	test_log2();
	test_fine_empty_and_single();
	test_fine_rank();
	test_fine_error();
	test_fine_overflow();
	test_fine_merge();
	return tap_done();
}
