/* The timeline of a run: samples of the machine's resources; a full list halves its resolution */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

#define TIMELINE_SAMPLES     600
#define TIMELINE_INTERVAL_NS NSEC_PER_SEC /* between two samples, until the list is full */

/* The state of the whole system from from_ns to at_ns (CLOCK_MONOTONIC). NAN: unknown. */
struct timeline_sample {
	uint64_t from_ns, at_ns;
	double cpu_some, io_some, memory_some; /* PSI, as shares of the interval, 0 to 1 */
	double steal, busy; /* shares of the time of all CPUs, 0 to 1; the rest is idle time */
	double run_queue; /* threads that run or wait for a CPU, without latwrap's own */
	double load; /* one-minute load average */
	double gauge_ns; /* the time of a fixed loop on a CPU of the run (run/gauge_loop.h) */
	uint64_t memory_available_bytes; /* minimum; 0: unknown */
};

/* All zeros is an empty timeline. The samples are in order, without gaps. */
struct timeline {
	size_t count;
	struct timeline_sample *samples;
	unsigned doublings; /* a sample covers 2^doublings intervals */
	unsigned parts; /* the number of intervals in the last sample so far */
	double best_gauge_ns; /* the shortest of the run; 0: never taken */
};

/* The mean of the gauge over an interval */
struct gauged {
	double ns; /* NAN: not known for half of the interval */
	uint64_t known_ns; /* for how much of it */
};

/*
 * Appends a sample of one interval. If the list has TIMELINE_SAMPLES samples, merges pairs of neighbours first, which
 * doubles the interval; so from then on the list is always at least half full. Merges a sample shorter than a tenth of
 * an interval, as at the end of a run, into the one before: /proc/stat counts in steps of 10 ms, which are too coarse
 * for it. Ignores a sample of no length.
 */
void timeline_add(struct timeline *timeline, const struct timeline_sample *sample);

/* The time that each sample covers now; the last one may cover less. */
uint64_t timeline_interval_ns(const struct timeline *timeline);

struct gauged timeline_gauged(const struct timeline *timeline, uint64_t from_ns, uint64_t until_ns);

void timeline_done(struct timeline *timeline);
