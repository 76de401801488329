/* Histograms of durations: powers of two to show, a finer one to take percentiles from */
#pragma once

#include <stdint.h>

/* -- Powers of two ----------------------------------------------------------------------------- */

#define HIST_LOG2_BUCKETS 64

/* Bucket i counts the values in [2^i, 2^(i+1)); bucket 0 also counts 0. 512 bytes, any unit. */
struct hist_log2 {
	uint64_t buckets[HIST_LOG2_BUCKETS];
};

/* The bucket that value belongs to, below HIST_LOG2_BUCKETS. */
unsigned hist_log2_bucket(uint64_t value);

/* The smallest value that bucket counts: 0 for bucket 0, else 2^bucket. */
uint64_t hist_log2_lower(unsigned bucket);

void hist_log2_add(struct hist_log2 *h, uint64_t value);

/* Adds all that other holds to h. */
void hist_log2_merge(struct hist_log2 *h, const struct hist_log2 *other);

/* How many values were added. */
uint64_t hist_log2_count(const struct hist_log2 *h);

/* -- For percentiles --------------------------------------------------------------------------- */

#define HIST_FINE_SUB_BITS 6 /* 64 buckets per power of two: none is wider than 1/64 of its start */
#define HIST_FINE_MAX_BITS 48 /* values below 2^48 ns, 78 hours, have buckets */

/* One row of 64 for the values below 64, one for each power of two from 64 on, one bucket for what
 * is too long for any. */
#define HIST_FINE_BUCKETS \
	(((HIST_FINE_MAX_BITS - HIST_FINE_SUB_BITS + 1) << HIST_FINE_SUB_BITS) + 1)

/*
 * Durations in ns, in log-linear buckets: exact below 128 ns, then at most 1.5625 % wide. count,
 * total_ns and max_ns are exact (total_ns stops at UINT64_MAX instead of wrapping). 22 KiB, meant
 * for one per kind of stall, not one per process. All zeros is the empty histogram.
 */
struct hist_fine {
	uint64_t count;
	uint64_t total_ns;
	uint64_t max_ns;
	uint64_t buckets[HIST_FINE_BUCKETS];
};

void hist_fine_add(struct hist_fine *h, uint64_t value_ns);

/* Adds all that other holds to h; the same as adding each of its values. */
void hist_fine_merge(struct hist_fine *h, const struct hist_fine *other);

/*
 * The percent-th percentile (0 to 100) by nearest rank: at least percent of the values are less or
 * equal. Returned is the largest value of the bucket in which that rank falls, or max_ns if that is
 * smaller: never less than the exact percentile, never more than 1.5625 % above it, 0 if the
 * histogram is empty. Above 2^48 ns all that is said is max_ns.
 */
uint64_t hist_fine_percentile(const struct hist_fine *h, unsigned percent);
