/* What the machine and the cgroups did over a run, as JSON: pressure, limits, the timeline */
#include "report/resource_rows.h"

#include "base/util.h"
#include "report/json.h"
#include "report/rows.h"

static const char *version_name(unsigned version)
{
	return version == 1 ? "v1" : "v2";
}

static void add_throttling(cJSON *pressure, const struct limit_facts *limits)
{
	cJSON *array = json_array(pressure, "throttling");

	for (size_t i = 0; i < limits->throttling_count; i++) {
		const struct throttling *throttling = &limits->throttling[i];
		cJSON *row = json_row(array);

		json_name(row, "cgroup", throttling->cgroup, strlen(throttling->cgroup));
		json_text(row, "controller", version_name(throttling->version));
		json_rounded(row, "quota_share", throttling->quota_share);
		json_u64(row, "periods", throttling->periods);
		json_u64(row, "throttled_periods", throttling->throttled_periods);
		json_u64(row, "throttled_ns", throttling->throttled_ns);
	}
}

static void add_memory_limits(cJSON *pressure, const struct limit_facts *limits)
{
	cJSON *array = json_array(pressure, "memory_limits");

	for (size_t i = 0; i < limits->memory_count; i++) {
		const struct memory_limit *limit = &limits->memory[i];
		cJSON *row = json_row(array);

		json_name(row, "cgroup", limit->cgroup, strlen(limit->cgroup));
		json_text(row, "controller", version_name(limit->version));
		json_u64_known(row, "limit_bytes", limit->limit_bytes, limit->limited);
		json_u64(row, "max_events", limit->max_events);
		json_u64(row, "oom_kills", limit->oom_kills);
	}
}

void resource_rows_add_pressure(cJSON *report, const struct run_facts *facts)
{
	const struct pressure_facts *all = &facts->pressure;
	const struct pressure_pair *pairs[] = {&all->cpu, &all->io, &all->memory};
	static const char *const names[] = {"cpu", "io", "memory"};
	cJSON *pressure = json_object(report, "pressure");
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		cJSON *pair;

		if (!pairs[i]->known) {
			json_text(pressure, names[i], NULL);
			continue;
		}
		any = true;
		pair = json_object(pressure, names[i]);
		json_u64(pair, "some_ns", pairs[i]->some_ns);
		json_u64(pair, "full_ns", pairs[i]->full_ns);
	}
	json_text(pressure, "source", !any ? NULL : all->of_cgroup ? "cgroup" : "system");
	json_u64_known(pressure, "steal_ns", all->steal_ns, all->steal_known);
	add_throttling(pressure, &facts->limits);
	add_memory_limits(pressure, &facts->limits);
}

void resource_rows_add_timeline(cJSON *report, const struct run_facts *facts)
{
	const struct timeline *timeline = &facts->timeline;
	cJSON *object = json_object(report, "timeline"), *array;

	json_u64(object, "interval_ns", timeline_interval_ns(timeline));
	array = json_array(object, "samples");
	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_sample *sample = &timeline->samples[i];
		cJSON *row = json_row(array);

		json_u64(row, "at_ns", rows_offset(sample->at_ns, facts->start_ns));
		json_rounded(row, "cpu_some", sample->cpu_some);
		json_rounded(row, "io_some", sample->io_some);
		json_rounded(row, "memory_some", sample->memory_some);
		json_rounded(row, "steal", sample->steal);
		json_rounded(row, "busy", sample->busy);
		json_rounded(row, "run_queue", sample->run_queue);
		json_rounded(row, "load", sample->load);
		json_u64_known(row, "memory_available_bytes", sample->memory_available_bytes,
			       sample->memory_available_bytes > 0);
	}
}
