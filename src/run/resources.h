/* What the machine and the run's cgroups did during a run: pressure, limits, samples */
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

/* Just before the command is started; cgroup may be CGROUP_NONE. */
void resources_start(struct resources *resources, const struct cgroup *cgroup);

/* Adds to facts->timeline when a sample is due. Several times a second while the run lasts. */
void resources_tick(struct resources *resources, uint64_t at_ns, struct run_facts *facts);

/* Sets facts->pressure and facts->limits to what was so far; may be repeated while the cgroup is there. */
void resources_read(const struct resources *resources, const struct cgroup *cgroup,
		    struct run_facts *facts);

/* The same for the last time, with a last sample that ends at facts->end_ns. */
void resources_stop(struct resources *resources, const struct cgroup *cgroup,
		    struct run_facts *facts);

/* Closes and frees; also what was never started. */
void resources_close(struct resources *resources);
