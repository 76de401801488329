/* Tests of model/timeline: a sample per second for a run of any length; merging loses nothing */
#include "model/timeline.h"

#include <math.h>

#include "base/util.h"
#include "tap.h"

#define START_NS (UINT64_C(1000) * NSEC_PER_SEC)

static struct timeline_sample sample(uint64_t from_ns, uint64_t until_ns, double value)
{
	return (struct timeline_sample){
		.from_ns = START_NS + from_ns,
		.at_ns = START_NS + until_ns,
		.cpu_some = value,
		.io_some = value,
		.memory_some = value,
		.steal = value,
		.busy = value,
		.run_queue = value,
		.load = value,
		.gauge_ns = value,
		.memory_available_bytes = 1000,
	};
}

static void add(struct timeline *timeline, uint64_t from_ns, uint64_t until_ns, double value)
{
	struct timeline_sample one = sample(from_ns, until_ns, value);

	timeline_add(timeline, &one);
}

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static bool has_no_gaps(const struct timeline *timeline)
{
	uint64_t at_ns = START_NS;

	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_sample *at = &timeline->samples[i];

		if (at->from_ns != at_ns || at->at_ns <= at_ns)
			return false;
		at_ns = at->at_ns;
	}
	return true;
}

/* The sum of a value over all samples: merging must not change it. */
static double sum(const struct timeline *timeline)
{
	double total = 0;

	for (size_t i = 0; i < timeline->count; i++)
		total += timeline->samples[i].busy *
			 (double)(timeline->samples[i].at_ns - timeline->samples[i].from_ns);
	return total / (double)NSEC_PER_SEC;
}

static void is_gauged(const struct timeline *timeline, uint64_t from_ms, uint64_t until_ms,
		      double ns, uint64_t known_ms)
{
	struct gauged gauged = timeline_gauged(timeline, START_NS + from_ms * NSEC_PER_MSEC,
					       START_NS + until_ms * NSEC_PER_MSEC);

	okf(isnan(ns) ? isnan(gauged.ns) : near(gauged.ns, ns), "%.0f is %.0f", gauged.ns, ns);
	is_u64(gauged.known_ns, known_ms * NSEC_PER_MSEC);
}

static void test_short(void)
{
	struct timeline timeline = {0};

	is_u64(timeline_interval_ns(&timeline), NSEC_PER_SEC);
	add(&timeline, 0, 0, 1);
	is_u64(timeline.count, 0);

	/* Even the shortest run has a sample. */
	add(&timeline, 0, 2000, 0.5);
	is_u64(timeline.count, 1);
	is_u64(timeline.samples[0].at_ns, START_NS + 2000);
	timeline_done(&timeline);
	is_u64(timeline.count, 0);
	ok(!timeline.samples);

	add(&timeline, 0, NSEC_PER_SEC, 0.5);
	add(&timeline, NSEC_PER_SEC, NSEC_PER_SEC + 500 * NSEC_PER_MSEC, 1);
	is_u64(timeline.count, 2);
	ok(has_no_gaps(&timeline));
	timeline_done(&timeline);
}

static void test_rest(void)
{
	struct timeline timeline = {0};
	struct timeline_sample rest = sample(NSEC_PER_SEC, 1050 * NSEC_PER_MSEC, 1);

	/* 50 ms join the second before, and weigh only as much as they last. */
	add(&timeline, 0, NSEC_PER_SEC, 0);
	rest.memory_available_bytes = 500;
	timeline_add(&timeline, &rest);
	is_u64(timeline.count, 1);
	is_u64(timeline.samples[0].from_ns, START_NS);
	is_u64(timeline.samples[0].at_ns, START_NS + 1050 * NSEC_PER_MSEC);
	ok(near(timeline.samples[0].busy, 0.05 / 1.05));
	ok(near(timeline.samples[0].load, 0.05 / 1.05));
	is_u64(timeline.samples[0].memory_available_bytes, 500);

	/* A remainder does not fill an interval: the next sample is a new one. */
	add(&timeline, 1050 * NSEC_PER_MSEC, 2 * NSEC_PER_SEC, 1);
	is_u64(timeline.count, 2);
	timeline_done(&timeline);
}

static void test_unknown(void)
{
	struct timeline timeline = {0};
	struct timeline_sample unknown = sample(NSEC_PER_SEC, NSEC_PER_SEC + 1000, NAN);

	unknown.memory_available_bytes = 0;
	add(&timeline, 0, NSEC_PER_SEC, 0.25);
	timeline_add(&timeline, &unknown);
	ok(near(timeline.samples[0].cpu_some, 0.25));
	is_u64(timeline.samples[0].memory_available_bytes, 1000);
	timeline_done(&timeline);

	add(&timeline, 0, NSEC_PER_SEC, NAN);
	add(&timeline, NSEC_PER_SEC, NSEC_PER_SEC + 1000, NAN);
	ok(isnan(timeline.samples[0].steal));
	add(&timeline, NSEC_PER_SEC + 1000, NSEC_PER_SEC + 2000, 0.75);
	ok(near(timeline.samples[0].steal, 0.75));
	is_u64(timeline.samples[0].memory_available_bytes, 1000);
	timeline_done(&timeline);
}

static void test_gauge(void)
{
	struct timeline timeline = {0};

	ok(isnan(timeline_gauged(&timeline, START_NS, START_NS + 1).ns));
	add(&timeline, 0, NSEC_PER_SEC, NAN);
	ok(near(timeline.best_gauge_ns, 0));
	add(&timeline, NSEC_PER_SEC, 2 * NSEC_PER_SEC, 12000);
	add(&timeline, 2 * NSEC_PER_SEC, 3 * NSEC_PER_SEC, 18000);
	add(&timeline, 3 * NSEC_PER_SEC, 4 * NSEC_PER_SEC, NAN);
	ok(near(timeline.best_gauge_ns, 12000));

	/* Weighted by time; known for at least half of it */
	is_gauged(&timeline, 1000, 3000, 15000, 2000);
	is_gauged(&timeline, 1500, 3000, 16000, 1500);
	is_gauged(&timeline, 2200, 2201, 18000, 1);
	is_gauged(&timeline, 0, 2000, 12000, 1000);
	is_gauged(&timeline, 0, 1900, NAN, 900);
	is_gauged(&timeline, 3000, 9000, NAN, 0);
	timeline_done(&timeline);
}

/* 0 in odd seconds and 1 in even ones, so that every merged pair is 0.5. */
static void add_seconds(struct timeline *timeline, uint64_t first, uint64_t count)
{
	for (uint64_t s = first; s < first + count; s++)
		add(timeline, s * NSEC_PER_SEC, (s + 1) * NSEC_PER_SEC, s % 2 == 0);
}

static void test_full(void)
{
	struct timeline timeline = {0};

	add_seconds(&timeline, 0, 600);
	is_u64(timeline.count, 600);
	is_u64(timeline_interval_ns(&timeline), NSEC_PER_SEC);

	add_seconds(&timeline, 600, 1);
	is_u64(timeline.count, 301);
	is_u64(timeline_interval_ns(&timeline), 2 * NSEC_PER_SEC);
	is_u64(timeline.samples[0].at_ns, START_NS + 2 * NSEC_PER_SEC);
	ok(near(timeline.samples[0].busy, 0.5));
	ok(near(timeline.samples[299].busy, 0.5));
	is_u64(timeline.samples[300].at_ns, START_NS + 601 * NSEC_PER_SEC);
	ok(near(timeline.samples[300].busy, 1));
	ok(has_no_gaps(&timeline));

	/* The second half of the pair */
	add_seconds(&timeline, 601, 1);
	is_u64(timeline.count, 301);
	ok(near(timeline.samples[300].busy, 0.5));
	ok(near(sum(&timeline), 301));
	timeline_done(&timeline);
}

static void test_lengths(void)
{
	static const uint64_t lengths[] = {
		599, 600, 601, 1199, 1200, 1201, 3600, 7 * 3600 + 1, 24 * 3600, 7 * 24 * 3600,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct timeline timeline = {0};
		uint64_t s = lengths[i];

		add_seconds(&timeline, 0, s);
		add(&timeline, s * NSEC_PER_SEC, s * NSEC_PER_SEC + 1000, 0);
		okf(timeline.count <= 600 && (timeline.count > 300 || s <= 300),
		    "%" PRIu64 " s are %zu samples", s, timeline.count);
		okf(has_no_gaps(&timeline), "%" PRIu64 " s have no gaps", s);
		okf(timeline.samples[timeline.count - 1].at_ns ==
			    START_NS + s * NSEC_PER_SEC + 1000,
		    "%" PRIu64 " s are there to the end", s);
		okf(fabs(sum(&timeline) - (double)((s + 1) / 2)) < 1e-3,
		    "%" PRIu64 " s weigh as much", s);
		okf(timeline.samples[0].at_ns - START_NS == timeline_interval_ns(&timeline),
		    "%" PRIu64 " s: the interval is told", s);
		timeline_done(&timeline);
	}
}

int main(void)
{
	test_short();
	test_rest();
	test_unknown();
	test_gauge();
	test_full();
	test_lengths();
	return tap_done();
}
