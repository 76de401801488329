/* Tests of run/sampler and run/gauge: what is parsed, what two readings make, and what is sampled here */
#include "run/sampler.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <unistd.h>

#include "base/util.h"
#include "tap.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

static void test_load(void)
{
	uint64_t runnable = 0;
	double load = 0;

	is_int(sampler_parse_load("12.07 0.18 0.12 3/80 11206\n", &load, &runnable), 0);
	ok(near(load, 12.07));
	is_u64(runnable, 3);
	is_int(sampler_parse_load("12 0.18 0.12 3/80 11206\n", &load, &runnable), -EINVAL);
	is_int(sampler_parse_load("0.00 0.00 0.00\n", &load, &runnable), -EINVAL);
	is_int(sampler_parse_load("0.00 0.00 0.00 80 11206\n", &load, &runnable), -EINVAL);
	is_int(sampler_parse_load("", &load, &runnable), -EINVAL);
}

static void test_memory(void)
{
	uint64_t bytes = 0;

	is_int(sampler_parse_memory("MemTotal:  9 kB\nMemFree:   8 kB\nMemAvailable:   7 kB\n",
				    &bytes),
	       0);
	is_u64(bytes, 7 * 1024);
	is_int(sampler_parse_memory("MemTotal:  9 kB\nMemFree:   8 kB\n", &bytes), -EINVAL);
	is_int(sampler_parse_memory("\nMemAvailable:\n", &bytes), -EINVAL);
	is_int(sampler_parse_memory("\nMemAvailable: 7", &bytes), -EINVAL);
}

static void test_compare(void)
{
	struct sampler_counters from = {
		.at_ns = 1000,
		.ticks_known = true,
		.ticks = {.busy = 100, .idle = 1000, .steal = 5},
		.cpu = {true, 500, 0},
		.io = {true, 500, 0},
	};
	struct sampler_counters until = {
		.at_ns = 2000,
		.ticks_known = true,
		.ticks = {.busy = 150, .idle = 1030, .steal = 25},
		.cpu = {true, 750, 0},
		.io = {true, 5000, 0},
	};
	struct timeline_sample sample;

	sampler_compare(&from, &until, &sample);
	is_u64(sample.from_ns, 1000);
	is_u64(sample.at_ns, 2000);
	ok(near(sample.cpu_some, 0.25));
	ok(near(sample.io_some, 1)); /* the counter was read later than the clock */
	ok(isnan(sample.memory_some));
	ok(near(sample.busy, 0.5));
	ok(near(sample.steal, 0.2));

	until.ticks.idle = 900;
	sampler_compare(&from, &until, &sample);
	ok(near(sample.busy, 50.0 / 70));

	/* No steal clock; one that has not moved in this interval */
	from.ticks.steal = until.ticks.steal = 0;
	sampler_compare(&from, &until, &sample);
	ok(isnan(sample.steal));
	from.ticks.steal = until.ticks.steal = 1;
	sampler_compare(&from, &until, &sample);
	ok(near(sample.steal, 0));

	/* Too short to tell */
	until.ticks = from.ticks;
	until.ticks.busy += 9;
	sampler_compare(&from, &until, &sample);
	ok(isnan(sample.busy));
	ok(isnan(sample.steal));
	ok(near(sample.cpu_some, 0.25));
	until.ticks.busy++;
	sampler_compare(&from, &until, &sample);
	ok(near(sample.busy, 1));
}

/* The gauge goes round the CPUs that are allowed and were busy. */
static void test_pick_cpu(void)
{
	struct sampler_counters from = {.busy_ticks = {[1] = 100, [3] = 100, [200] = 100}};
	struct sampler_counters until = from;
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	for (int cpu = 1; cpu < SAMPLER_CPUS; cpu++)
		CPU_SET(cpu, &allowed);
	is_int(sampler_pick_cpu(&from, &until, &allowed, -1), -1);
	until.busy_ticks[0] = 1000; /* not allowed */
	until.busy_ticks[1] = 109;
	is_int(sampler_pick_cpu(&from, &until, &allowed, -1), -1);
	until.busy_ticks[1] = until.busy_ticks[3] = until.busy_ticks[200] = 110;
	is_int(sampler_pick_cpu(&from, &until, &allowed, -1), 1);
	is_int(sampler_pick_cpu(&from, &until, &allowed, 1), 3);
	is_int(sampler_pick_cpu(&from, &until, &allowed, 3), 200);
	is_int(sampler_pick_cpu(&from, &until, &allowed, 200), 1);
	CPU_CLR(1, &allowed);
	CPU_CLR(200, &allowed);
	is_int(sampler_pick_cpu(&from, &until, &allowed, 3), 3);
}

static double take_gauge(struct gauge *gauge)
{
	double ns = NAN;

	for (uint64_t at_ns = now_ns(CLOCK_MONOTONIC);
	     gauge->is_busy && now_ns(CLOCK_MONOTONIC) < at_ns + 60 * NSEC_PER_SEC;)
		ns = gauge_take(gauge);
	return ns;
}

/* Each CPU that we may use can be asked for; the caller stays where it was. */
static void test_gauge(void)
{
	struct gauge gauge = GAUGE_NONE;
	cpu_set_t allowed, now;

	gauge_close(&gauge);
	ok(isnan(gauge_take(&gauge)));
	ok(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		gauge_request(&gauge, (unsigned)cpu);
		while (atomic_load(&gauge.took_ns) == UINT64_MAX)
			sched_yield();
		okf(take_gauge(&gauge) > 0, "the gauge of CPU %d", cpu);
		ok(isnan(gauge_take(&gauge)));
	}
	ok(sched_getaffinity(0, sizeof(now), &now) == 0);
	ok(CPU_EQUAL(&now, &allowed));
	gauge_request(&gauge, CPU_SETSIZE - 1); /* no such CPU here */
	ok(!gauge.is_busy);
	gauge_request(&gauge, CPU_SETSIZE);
	ok(!gauge.is_busy);
	gauge_close(&gauge);
	is_int(gauge.request_fd, -1);
}

/* Taken too early, the result of a request is dropped, and the next request counts again. */
static void test_gauge_late(void)
{
	struct gauge gauge = GAUGE_NONE;
	int cpu = sched_getcpu();

	for (int i = 0; i < 100; i++) {
		gauge_request(&gauge, (unsigned)cpu);
		gauge_take(&gauge);
	}
	take_gauge(&gauge);
	ok(!gauge.is_busy);
	gauge_request(&gauge, (unsigned)cpu);
	gauge_close(&gauge);
	ok(!gauge.is_started);
}

static bool is_share(double value)
{
	return isnan(value) || (value >= 0 && value <= 1);
}

/* Time is what the caller says; what /proc has counted meanwhile is real. */
static void test_sampler(void)
{
	uint64_t start_ns = now_ns(CLOCK_MONOTONIC);
	struct sampler sampler = SAMPLER_NONE;
	struct timeline timeline = {0};

	sampler_close(&sampler);
	sampler_start(&sampler, start_ns);
	sampler_tick(&sampler, start_ns + NSEC_PER_SEC - 1, 0, &timeline);
	is_u64(timeline.count, 0);
	sampler_tick(&sampler, start_ns + NSEC_PER_SEC, 0, &timeline);
	is_u64(timeline.count, 1);
	sampler_tick(&sampler, start_ns + 1200 * NSEC_PER_MSEC, 0, &timeline);
	is_u64(timeline.count, 1);
	/* Late: one sample for three seconds, and then the next in the old rhythm */
	sampler_tick(&sampler, start_ns + 4900 * NSEC_PER_MSEC, 0, &timeline);
	is_u64(timeline.count, 2);
	sampler_tick(&sampler, start_ns + 5 * NSEC_PER_SEC, 0, &timeline);
	is_u64(timeline.count, 3);
	sampler_stop(&sampler, start_ns + 5500 * NSEC_PER_MSEC, &timeline);
	is_u64(timeline.count, 4);
	sampler_stop(&sampler, start_ns + 5500 * NSEC_PER_MSEC, &timeline);
	is_u64(timeline.count, 4);
	for (size_t i = 0; i < timeline.count; i++) {
		const struct timeline_sample *sample = &timeline.samples[i];

		ok(is_share(sample->cpu_some) && is_share(sample->io_some) &&
		   is_share(sample->memory_some) && is_share(sample->busy) &&
		   is_share(sample->steal));
		ok(sample->run_queue >= 0);
		ok(sample->load >= 0);
		ok(sample->memory_available_bytes > 1024);
	}
	timeline_done(&timeline);
	sampler_close(&sampler);
	for (size_t i = 0; i < SAMPLER_FILES; i++)
		is_int(sampler.fds[i], -1);
}

/* One open file tells something new each time it is read at 0. */
static void test_read_again(void)
{
	struct sampler sampler = SAMPLER_NONE;
	struct timeline timeline = {0};
	uint64_t start_ns = now_ns(CLOCK_MONOTONIC), cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID),
		 at_ns;
	uint64_t busy, samples = 0;

	sampler_start(&sampler, start_ns);
	busy = sampler.last.ticks.busy;
	do {
		at_ns = now_ns(CLOCK_MONOTONIC);
		sampler_stop(&sampler, at_ns, &timeline);
		samples++;
	} while (sampler.last.ticks.busy < busy + 5 && at_ns < start_ns + 60 * NSEC_PER_SEC);
	ok(sampler.last.ticks.busy >= busy + 5);
	cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	printf("# a sample takes %.1f us of CPU time\n", (double)cpu_ns / (double)samples / 1000);
	timeline_done(&timeline);
	sampler_close(&sampler);
}

int main(void)
{
	test_load();
	test_memory();
	test_compare();
	test_pick_cpu();
	test_gauge();
	test_gauge_late();
	test_sampler();
	test_read_again();
	return tap_done();
}
