/* Histograms of durations: one with buckets of powers of two, to show; a finer one, for percentiles */
#include "model/hist.h"

#include "base/util.h"

#define SUB_COUNT       (UINT64_C(1) << HIST_FINE_SUB_BITS)
#define OVERFLOW_BUCKET (HIST_FINE_BUCKETS - 1)

static unsigned floor_log2(uint64_t value)
{
	return value == 0 ? 0 : 63 - (unsigned)__builtin_clzll(value);
}

unsigned hist_log2_bucket(uint64_t value)
{
	return floor_log2(value);
}

uint64_t hist_log2_lower(unsigned bucket)
{
	return bucket == 0 ? 0 : UINT64_C(1) << bucket;
}

void hist_log2_add(struct hist_log2 *h, uint64_t value)
{
	h->buckets[hist_log2_bucket(value)]++;
}

void hist_log2_merge(struct hist_log2 *h, const struct hist_log2 *other)
{
	for (unsigned i = 0; i < HIST_LOG2_BUCKETS; i++)
		h->buckets[i] += other->buckets[i];
}

uint64_t hist_log2_count(const struct hist_log2 *h)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < HIST_LOG2_BUCKETS; i++)
		count += h->buckets[i];
	return count;
}

/*
 * A value of up to 6 bits is its own bucket. A longer value keeps its top 7 bits, which are 64 + (the sub-bucket), and
 * drops the lower shift bits. The rows of buckets have no gap between them, as shift 0 starts at 64.
 */
static unsigned fine_bucket(uint64_t value_ns)
{
	unsigned shift;

	if (value_ns < SUB_COUNT)
		return (unsigned)value_ns;
	if (value_ns >> HIST_FINE_MAX_BITS)
		return OVERFLOW_BUCKET;
	shift = floor_log2(value_ns) - HIST_FINE_SUB_BITS;
	return (unsigned)((shift << HIST_FINE_SUB_BITS) + (value_ns >> shift));
}

/* The largest value that bucket counts. */
static uint64_t fine_upper(unsigned bucket)
{
	unsigned shift;
	uint64_t top;

	if (bucket < SUB_COUNT)
		return bucket;
	if (bucket == OVERFLOW_BUCKET)
		return UINT64_MAX;
	shift = (bucket >> HIST_FINE_SUB_BITS) - 1;
	top = SUB_COUNT + (bucket & (SUB_COUNT - 1));
	return ((top + 1) << shift) - 1;
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

void hist_fine_add(struct hist_fine *h, uint64_t value_ns)
{
	h->count++;
	h->total_ns = add_saturating(h->total_ns, value_ns);
	h->max_ns = MAX(h->max_ns, value_ns);
	h->buckets[fine_bucket(value_ns)]++;
}

void hist_fine_merge(struct hist_fine *h, const struct hist_fine *other)
{
	h->count += other->count;
	h->total_ns = add_saturating(h->total_ns, other->total_ns);
	h->max_ns = MAX(h->max_ns, other->max_ns);
	for (unsigned i = 0; i < HIST_FINE_BUCKETS; i++)
		h->buckets[i] += other->buckets[i];
}

uint64_t hist_fine_percentile(const struct hist_fine *h, unsigned percent)
{
	uint64_t rank, seen = 0;

	if (h->count == 0)
		return 0;

	/* ceil(count * percent / 100), at least 1, without overflow. */
	percent = MIN(percent, 100U);
	rank = h->count / 100 * percent + (h->count % 100 * percent + 99) / 100;
	rank = MAX(rank, UINT64_C(1));

	for (unsigned i = 0; i < HIST_FINE_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= rank)
			return MIN(fine_upper(i), h->max_ns);
	}
	return h->max_ns;
}
