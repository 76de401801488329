/* Measure the machine and the cgroups of the run during a run: pressure, limits and samples */
#pragma once

#include <stdint.h>

#include "model/facts.h"
#include "run/cgroup.h"
#include "run/limits.h"
#include "run/pressure.h"
#include "run/sampler.h"

struct resources {
	struct pressure_sample pressure;
	struct limits limits;
	struct sampler sampler;
};

#define RESOURCES_NONE ((struct resources){.sampler = SAMPLER_NONE})

/* Call this just before the command is started; cgroup may be CGROUP_NONE. */
void resources_start(struct resources *resources, const struct cgroup *cgroup);

/*
 * Adds a sample to facts->timeline if one is due. Call this several times a second during the run.
 */
void resources_tick(struct resources *resources, uint64_t at_ns, struct run_facts *facts);

/*
 * Sets facts->pressure and facts->limits to the values so far; may be repeated while the cgroup
 * exists.
 */
void resources_read(const struct resources *resources, const struct cgroup *cgroup,
		    struct run_facts *facts);

/* Like resources_read(), for the last time: also adds a last sample that ends at facts->end_ns. */
void resources_stop(struct resources *resources, const struct cgroup *cgroup,
		    struct run_facts *facts);

/* Closes and frees; resources need not have been started. */
void resources_close(struct resources *resources);
