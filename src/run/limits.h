/* What the run's cgroups allow it, a CPU quota or a memory limit, and how often that held it back */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/facts.h"
#include "run/cgroup.h"

/* Counters since the cgroup was made. known: all of them could be read. */
struct quota_reading {
	bool known;
	double quota_share; /* quota/period, so in CPUs; NAN: none */
	uint64_t periods, throttled_periods, throttled_ns;
};
struct memory_reading {
	bool known, limited;
	uint64_t limit_bytes;
	uint64_t max_events, oom_kills;
};

struct limits_cgroup {
	unsigned version; /* of cgroup: 1 or 2 */
	char *dir, *path; /* as in struct cgroup */
	struct quota_reading quota;
	struct memory_reading memory;
};

struct limits {
	size_t count;
	struct limits_cgroup *cgroups;
};

/*
 * Reads the limits and counters at the start of the run: of its cgroup (or, where that could not be
 * made, the caller's) and every ancestor that can be seen, and likewise in the v1 hierarchies of the
 * cpu and the memory controller, where the command is in the caller's cgroup. Needs no privilege. The
 * caller ends *ret with limits_done().
 *
 * CPU: cpu.stat and cpu.max, in v1 cpu.cfs_quota_us and cpu.cfs_period_us (admin-guide/cgroup-v2.rst
 * and scheduler/sched-bwc.rst in the kernel's Documentation). The files are there only where the
 * controller is. throttled_ns is a sum over CPUs, each from when its quota ran out until it got more.
 * Memory: memory.max and memory.events, which in v2 counts what happened below, too; in v1
 * memory.limit_in_bytes, memory.failcnt and memory.oom_control.
 */
void limits_start(const struct cgroup *cgroup, struct limits *ret);

/* Appends dir and what is above it, up to the mount point, at most 32 levels. */
void limits_add(struct limits *limits, unsigned version, const char *dir, const char *path);

/*
 * Replaces *facts by what was added since: a row for every cgroup that has a limit, or was held back
 * by one that is gone. What cannot be read at both ends has no row.
 */
void limits_stop(const struct limits *start, struct limit_facts *facts);

void limits_done(struct limits *limits);

/* The text of cpu.max, "20000 100000" or "max 100000", in CPUs; NAN: no quota. Or -EINVAL. Pure. */
int limits_parse_cpu_max(const char *text, double *ret_share);
/* The number that follows "KEY " at the start of a line. Or -ENOENT, -EINVAL. Pure. */
int limits_parse_key(const char *text, const char *key, uint64_t *ret);
