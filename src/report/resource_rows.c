/* Rows about the machine and the cgroups during a run: pressure, limits, the timeline */
#include "report/resource_rows.h"

#include <math.h>

#include "base/util.h"
#include "report/fill.h"

static struct word version_of(unsigned version)
{
	return version == 1 ? (struct word){"v1", 0} : (struct word){"v2", 1};
}

static void fill_throttling(struct arena *memory, const struct limit_facts *limits,
			    struct report_pressure *row)
{
	row->throttling.count = limits->throttling_count;
	row->throttling.list =
		arena_alloc(memory, limits->throttling_count, sizeof(*row->throttling.list));
	for (size_t i = 0; i < limits->throttling_count; i++) {
		const struct throttling *throttling = &limits->throttling[i];

		row->throttling.list[i] = (struct report_throttling){
			.cgroup = fill_text(memory, throttling->cgroup),
			.controller = version_of(throttling->version),
			.quota_share = rounded(throttling->quota_share),
			.periods = throttling->periods,
			.throttled_periods = throttling->throttled_periods,
			.throttled_ns = throttling->throttled_ns,
		};
	}
}

static void fill_memory_limits(struct arena *memory, const struct limit_facts *limits,
			       struct report_pressure *row)
{
	row->memory_limits.count = limits->memory_count;
	row->memory_limits.list =
		arena_alloc(memory, limits->memory_count, sizeof(*row->memory_limits.list));
	for (size_t i = 0; i < limits->memory_count; i++) {
		const struct memory_limit *limit = &limits->memory[i];

		row->memory_limits.list[i] = (struct report_memory_limit){
			.cgroup = fill_text(memory, limit->cgroup),
			.controller = version_of(limit->version),
			.limit_bytes = known_u64(limit->limit_bytes, limit->limited),
			.max_events = limit->max_events,
			.oom_kills = limit->oom_kills,
		};
	}
}

static struct report_pressure_pair *fill_pair(struct arena *memory,
					      const struct pressure_pair *pair)
{
	struct report_pressure_pair *row;

	if (!pair->known)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	row->some_ns = known_u64(pair->some_ns, true);
	row->full_ns = known_u64(pair->full_ns, true);
	return row;
}

struct report_pressure resource_rows_pressure(struct arena *memory, const struct run_facts *facts)
{
	const struct pressure_facts *all = &facts->pressure;
	struct report_pressure row = {
		.cpu = fill_pair(memory, &all->cpu),
		.io = fill_pair(memory, &all->io),
		.memory = fill_pair(memory, &all->memory),
		.source.value = -1,
		.steal_ns = known_u64(all->steal_ns, all->steal_known),
	};

	if (row.cpu || row.io || row.memory)
		row.source = all->of_cgroup ? (struct word){"cgroup", 0}
					    : (struct word){"system", 1};
	fill_throttling(memory, &facts->limits, &row);
	fill_memory_limits(memory, &facts->limits, &row);
	return row;
}

struct report_timeline resource_rows_timeline(struct arena *memory, const struct run_facts *facts)
{
	const struct timeline *timeline = &facts->timeline;
	double best_ns = timeline->best_gauge_ns > 0 ? timeline->best_gauge_ns : NAN;
	struct report_timeline row = {
		.interval_ns = timeline_interval_ns(timeline),
		.gauge_ns = rounded(best_ns),
	};

	row.samples.count = timeline->count;
	row.samples.list = arena_alloc(memory, timeline->count, sizeof(*row.samples.list));
	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_sample *sample = &timeline->samples[i];

		row.samples.list[i] = (struct report_sample){
			.at_ns = offset_ns(sample->at_ns, facts->start_ns),
			.cpu_some = rounded(sample->cpu_some),
			.io_some = rounded(sample->io_some),
			.memory_some = rounded(sample->memory_some),
			.steal = rounded(sample->steal),
			.busy = rounded(sample->busy),
			.run_queue = rounded(sample->run_queue),
			.load = rounded(sample->load),
			.slowness = rounded(sample->gauge_ns / best_ns),
			.memory_available_bytes = known_u64(sample->memory_available_bytes,
							    sample->memory_available_bytes > 0),
		};
	}
	return row;
}
