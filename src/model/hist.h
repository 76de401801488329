/* Histograms of durations: one with buckets of powers of two, to show; a finer one, for percentiles */
#pragma once

#include <stdint.h>

/* -- Powers of two ----------------------------------------------------------------------------- */

#define HIST_LOG2_BUCKETS 64

/* Bucket i counts the values in [2^i, 2^(i+1)); bucket 0 also counts 0. Takes 512 bytes; values have any unit. */
struct hist_log2 {
	uint64_t buckets[HIST_LOG2_BUCKETS];
};

/* The bucket that counts value; less than HIST_LOG2_BUCKETS. */
unsigned hist_log2_bucket(uint64_t value);

/* The smallest value of a bucket: 0 for bucket 0, else 2^bucket. */
uint64_t hist_log2_lower(unsigned bucket);

void hist_log2_add(struct hist_log2 *h, uint64_t value);

/* Adds the counts of other to h. */
void hist_log2_merge(struct hist_log2 *h, const struct hist_log2 *other);

/* The number of values in h. */
uint64_t hist_log2_count(const struct hist_log2 *h);

/* -- For percentiles --------------------------------------------------------------------------- */

#define HIST_FINE_SUB_BITS 6 /* 64 buckets per power of two, each at most 1/64 of its start wide */
#define HIST_FINE_MAX_BITS 48 /* values below 2^48 ns, 78 hours, have buckets */

/* 64 buckets for the values below 64, 64 for each power of two from 64 on, one for longer values. */
#define HIST_FINE_BUCKETS \
	(((HIST_FINE_MAX_BITS - HIST_FINE_SUB_BITS + 1) << HIST_FINE_SUB_BITS) + 1)

/*
 * Durations in ns, in log-linear buckets: exact below 128 ns, at most 1.5625 % wide from there on. count, total_ns
 * and max_ns are exact (total_ns saturates at UINT64_MAX). The struct takes 22 KiB: use one per kind of stall, not
 * one per process. All zeros is an empty histogram.
 */
struct hist_fine {
	uint64_t count;
	uint64_t total_ns;
	uint64_t max_ns;
	uint64_t buckets[HIST_FINE_BUCKETS];
};

void hist_fine_add(struct hist_fine *h, uint64_t value_ns);

/* Adds the values of other to h; the same as adding each of them. */
void hist_fine_merge(struct hist_fine *h, const struct hist_fine *other);

/*
 * The percent-th percentile (0 to 100) by nearest rank: at least percent % of the values are less than or equal to it.
 * Returns the upper end of the bucket that has this rank, or max_ns if that is smaller: never less than the exact
 * percentile, at most 1.5625 % more. Returns 0 for an empty histogram, and max_ns for a percentile above 2^48 ns.
 */
uint64_t hist_fine_percentile(const struct hist_fine *h, unsigned percent);
