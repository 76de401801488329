/* Sample the whole system once a second while the command runs: PSI, CPU, load, memory, and the gauge */
#include "run/sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "base/util.h"

#define TEXT_BYTES 512
#define STAT_BYTES 16384 /* /proc/stat has a line for each CPU */
#define TICKS_MIN  10 /* a share of fewer ticks would be too coarse */

static const char *const paths[SAMPLER_FILES] = {
	[SAMPLER_STAT] = "/proc/stat",
	[SAMPLER_LOAD] = "/proc/loadavg",
	[SAMPLER_MEMORY] = "/proc/meminfo",
	[SAMPLER_CPU_PRESSURE] = "/proc/pressure/cpu",
	[SAMPLER_IO_PRESSURE] = "/proc/pressure/io",
	[SAMPLER_MEMORY_PRESSURE] = "/proc/pressure/memory",
};

/* -- Text -------------------------------------------------------------------------------------- */

int sampler_parse_load(const char *text, double *ret_load, uint64_t *ret_runnable)
{
	uint64_t whole, hundredths;
	const char *p = text;

	if (take_u64(&p, &whole) < 0 || *p++ != '.' || take_u64(&p, &hundredths) < 0 ||
	    hundredths > 99)
		return -EINVAL;
	for (int i = 0; i < 2; i++) {
		p += strspn(p, " ");
		p += strcspn(p, " ");
	}
	p += strspn(p, " ");
	if (take_u64(&p, ret_runnable) < 0 || *p != '/')
		return -EINVAL;
	*ret_load = (double)whole + (double)hundredths / 100;
	return 0;
}

int sampler_parse_memory(const char *text, uint64_t *ret_available_bytes)
{
	const char *p = strstr(text, "\nMemAvailable:");
	uint64_t kib;

	if (!p)
		return -EINVAL;
	p += strlen("\nMemAvailable:");
	p += strspn(p, " ");
	if (take_u64(&p, &kib) < 0 || !startswith(p, " kB") ||
	    __builtin_mul_overflow(kib, UINT64_C(1024), ret_available_bytes))
		return -EINVAL;
	return 0;
}

/* -- Files ------------------------------------------------------------------------------------- */

static bool read_again(const struct sampler *sampler, int which, char *text, size_t size)
{
	ssize_t n;

	if (sampler->fds[which] < 0)
		return false;
	n = pread(sampler->fds[which], text, size - 1, 0);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

static void read_ticks(const struct sampler *sampler, struct sampler_counters *ret)
{
	char text[STAT_BYTES];
	const char *line = text;
	struct cpu_ticks ticks;
	unsigned cpu;

	if (!read_again(sampler, SAMPLER_STAT, text, sizeof(text)))
		return;
	ret->ticks_known = pressure_parse_ticks(text, &ret->ticks) == 0;
	while (pressure_parse_cpu(&line, &cpu, &ticks) == 0)
		if (cpu < SAMPLER_CPUS)
			ret->busy_ticks[cpu] = ticks.busy;
}

static void read_counters(const struct sampler *sampler, uint64_t at_ns,
			  struct sampler_counters *ret)
{
	const struct {
		int which;
		struct pressure_pair *pair;
	} pressures[] = {
		{SAMPLER_CPU_PRESSURE, &ret->cpu},
		{SAMPLER_IO_PRESSURE, &ret->io},
		{SAMPLER_MEMORY_PRESSURE, &ret->memory},
	};
	char text[TEXT_BYTES];

	*ret = (struct sampler_counters){.at_ns = at_ns};
	for (size_t i = 0; i < ARRAY_SIZE(pressures); i++)
		if (read_again(sampler, pressures[i].which, text, sizeof(text)))
			pressure_parse(text, pressures[i].pair);
	read_ticks(sampler, ret);
}

static void read_states(const struct sampler *sampler, struct timeline_sample *ret)
{
	char text[TEXT_BYTES];
	uint64_t runnable;

	ret->load = ret->run_queue = NAN;
	/* Do not count ourselves: we are running. */
	if (read_again(sampler, SAMPLER_LOAD, text, sizeof(text)) &&
	    sampler_parse_load(text, &ret->load, &runnable) == 0)
		ret->run_queue = runnable > 0 ? (double)(runnable - 1) : 0;
	if (!read_again(sampler, SAMPLER_MEMORY, text, sizeof(text)) ||
	    sampler_parse_memory(text, &ret->memory_available_bytes) < 0)
		ret->memory_available_bytes = 0;
}

/* -- Samples ----------------------------------------------------------------------------------- */

static double share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (double)MIN(part, whole) / (double)whole : NAN;
}

static double pressure_share(const struct pressure_pair *from, const struct pressure_pair *until,
			     uint64_t ns)
{
	if (!from->known || !until->known || until->some_ns < from->some_ns)
		return NAN;
	return share(until->some_ns - from->some_ns, ns);
}

/* idle and iowait may decrease (proc_stat(5)). */
static uint64_t growth(uint64_t from, uint64_t until)
{
	return until > from ? until - from : 0;
}

void sampler_compare(const struct sampler_counters *from, const struct sampler_counters *until,
		     struct timeline_sample *ret)
{
	uint64_t ns = growth(from->at_ns, until->at_ns);
	uint64_t busy = growth(from->ticks.busy, until->ticks.busy);
	uint64_t steal = growth(from->ticks.steal, until->ticks.steal);
	uint64_t all = busy + steal + growth(from->ticks.idle, until->ticks.idle);
	bool known = from->ticks_known && until->ticks_known && all >= TICKS_MIN;

	ret->from_ns = from->at_ns;
	ret->at_ns = until->at_ns;
	ret->cpu_some = pressure_share(&from->cpu, &until->cpu, ns);
	ret->io_some = pressure_share(&from->io, &until->io, ns);
	ret->memory_some = pressure_share(&from->memory, &until->memory, ns);
	ret->busy = known ? share(busy, all) : NAN;
	/* A counter that never changed means that there is no steal clock, as in run/pressure.h. */
	ret->steal = known && until->ticks.steal > 0 ? share(steal, all) : NAN;
}

int sampler_pick_cpu(const struct sampler_counters *from, const struct sampler_counters *until,
		     const cpu_set_t *allowed, int last)
{
	for (int i = 1; i <= SAMPLER_CPUS; i++) {
		int cpu = (last + i) % SAMPLER_CPUS;

		if (CPU_ISSET(cpu, allowed) &&
		    growth(from->busy_ticks[cpu], until->busy_ticks[cpu]) >= TICKS_MIN)
			return cpu;
	}
	return -1;
}

/* The time is ready when the next sample is due. */
static void request_gauge(struct sampler *sampler, const struct sampler_counters *now, pid_t pid)
{
	cpu_set_t allowed;
	int cpu;

	if (sched_getaffinity(pid, sizeof(allowed), &allowed) < 0)
		return;
	cpu = sampler_pick_cpu(&sampler->last, now, &allowed, sampler->gauged_cpu);
	if (cpu < 0)
		return;
	gauge_request(&sampler->gauge, (unsigned)cpu);
	sampler->gauged_cpu = cpu;
}

static void take_sample(struct sampler *sampler, const struct sampler_counters *now,
			struct timeline *timeline)
{
	struct timeline_sample sample;

	read_states(sampler, &sample);
	sample.gauge_ns = gauge_take(&sampler->gauge);
	sampler_compare(&sampler->last, now, &sample);
	timeline_add(timeline, &sample);
}

void sampler_start(struct sampler *sampler, uint64_t start_ns)
{
	for (size_t i = 0; i < SAMPLER_FILES; i++)
		sampler->fds[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
	read_counters(sampler, start_ns, &sampler->last);
	sampler->next_ns = start_ns + TIMELINE_INTERVAL_NS;
}

void sampler_tick(struct sampler *sampler, uint64_t at_ns, pid_t pid, struct timeline *timeline)
{
	struct sampler_counters now;

	if (at_ns < sampler->next_ns)
		return;
	read_counters(sampler, at_ns, &now);
	take_sample(sampler, &now, timeline);
	request_gauge(sampler, &now, pid);
	sampler->last = now;
	/* Take one sample for all missed ones, and keep the schedule. */
	sampler->next_ns +=
		(1 + (at_ns - sampler->next_ns) / TIMELINE_INTERVAL_NS) * TIMELINE_INTERVAL_NS;
}

void sampler_stop(struct sampler *sampler, uint64_t end_ns, struct timeline *timeline)
{
	struct sampler_counters now;

	if (end_ns <= sampler->last.at_ns)
		return;
	read_counters(sampler, end_ns, &now);
	take_sample(sampler, &now, timeline);
	sampler->last = now;
}

void sampler_close(struct sampler *sampler)
{
	gauge_close(&sampler->gauge);
	for (size_t i = 0; i < SAMPLER_FILES; i++)
		sampler->fds[i] = close_fd(sampler->fds[i]);
}
