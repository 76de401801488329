/* The machine's condition in the course of a run: samples in a list that is thinned out, not cut off */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/util.h"

#define TIMELINE_SAMPLES     600
#define TIMELINE_INTERVAL_NS NSEC_PER_SEC /* between two samples, until the list is full */

/* Of the whole system, from from_ns to at_ns (CLOCK_MONOTONIC). NAN: unknown. */
struct timeline_sample {
	uint64_t from_ns, at_ns;
	double cpu_some, io_some, memory_some; /* PSI, as shares of the interval, 0 to 1 */
	double steal, busy; /* shares of all CPUs' time, 0 to 1; the rest was idle */
	double run_queue; /* threads that ran or waited for a CPU; ours is not counted */
	double load; /* over one minute */
	uint64_t memory_available_bytes; /* the least that was seen; 0: unknown */
};

/* Zeroed it is empty and ready. The samples are in order and without gaps. */
struct timeline {
	size_t count;
	struct timeline_sample *samples;
	unsigned doublings; /* a sample covers 2^doublings intervals */
	unsigned parts; /* of which the last one has got so many */
};

/*
 * Appends a sample of one interval. When there are TIMELINE_SAMPLES already, neighbours are merged and
 * the interval doubles, so that there are always more than half as many from then on. What is shorter
 * than a tenth of an interval, as the end of a run can be, is too short for the 10 ms in which
 * /proc/stat counts, and becomes part of the sample before it. A sample of no length is ignored.
 */
void timeline_add(struct timeline *timeline, const struct timeline_sample *sample);

/* What a sample covers now, but for the last one. */
uint64_t timeline_interval_ns(const struct timeline *timeline);

void timeline_done(struct timeline *timeline);
