/* The weather of a run: what the machine and the cgroups did meanwhile, from start to end */
#include "run/weather.h"

#include "base/util.h"

void weather_start(struct weather *weather, const struct cgroup *cgroup)
{
	pressure_start(cgroup->dir, &weather->pressure);
	limits_start(cgroup, &weather->limits);
	sampler_start(&weather->sampler, kernel_now_ns());
}

void weather_tick(struct weather *weather, uint64_t at_ns, struct run_facts *facts)
{
	sampler_tick(&weather->sampler, at_ns, &facts->timeline);
}

void weather_read(const struct weather *weather, const struct cgroup *cgroup,
		  struct run_facts *facts)
{
	pressure_stop(&weather->pressure, cgroup->dir, &facts->pressure);
	limits_stop(&weather->limits, &facts->limits);
}

void weather_stop(struct weather *weather, const struct cgroup *cgroup, struct run_facts *facts)
{
	sampler_stop(&weather->sampler, facts->end_ns, &facts->timeline);
	weather_read(weather, cgroup, facts);
}

void weather_close(struct weather *weather)
{
	limits_done(&weather->limits);
	sampler_close(&weather->sampler);
}
