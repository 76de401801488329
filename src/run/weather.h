/* The weather of a run: what the machine and the cgroups did meanwhile, from start to end */
#pragma once

#include <stdint.h>

#include "model/facts.h"
#include "run/cgroup.h"
#include "run/limits.h"
#include "run/pressure.h"
#include "run/sampler.h"

struct weather {
	struct pressure_sample pressure;
	struct limits limits;
	struct sampler sampler;
};

#define WEATHER_NONE ((struct weather){.sampler = SAMPLER_NONE})

/* Just before the command is started; cgroup may be CGROUP_NONE. */
void weather_start(struct weather *weather, const struct cgroup *cgroup);

/* Adds to facts->timeline when a sample is due. Several times a second while the run lasts. */
void weather_tick(struct weather *weather, uint64_t at_ns, struct run_facts *facts);

/* Sets facts->pressure and facts->limits to what was so far; may be repeated while the cgroup is there. */
void weather_read(const struct weather *weather, const struct cgroup *cgroup,
		  struct run_facts *facts);

/* The same for the last time, with a last sample that ends at facts->end_ns. */
void weather_stop(struct weather *weather, const struct cgroup *cgroup, struct run_facts *facts);

/* Closes and frees; also what was never started. */
void weather_close(struct weather *weather);
