/* Measure the machine and the cgroups of the run during a run: pressure, limits and samples */
#include "run/resources.h"

#include "base/util.h"

void resources_start(struct resources *resources, const struct cgroup *cgroup)
{
	pressure_start(cgroup->dir, &resources->pressure);
	limits_start(cgroup, &resources->limits);
	sampler_start(&resources->sampler, kernel_now_ns());
}

void resources_tick(struct resources *resources, uint64_t at_ns, struct run_facts *facts)
{
	sampler_tick(&resources->sampler, at_ns, facts->pid, &facts->timeline);
}

void resources_read(const struct resources *resources, const struct cgroup *cgroup,
		    struct run_facts *facts)
{
	pressure_stop(&resources->pressure, cgroup->dir, &facts->pressure);
	limits_stop(&resources->limits, &facts->limits);
}

void resources_stop(struct resources *resources, const struct cgroup *cgroup,
		    struct run_facts *facts)
{
	sampler_stop(&resources->sampler, facts->end_ns, &facts->timeline);
	resources_read(resources, cgroup, facts);
}

void resources_close(struct resources *resources)
{
	limits_done(&resources->limits);
	sampler_close(&resources->sampler);
}
