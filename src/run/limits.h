/* Read the CPU quotas and memory limits of the cgroups of a run, and their effects */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/facts.h"
#include "run/cgroup.h"

/* Counters since the cgroup was made. known: all of them were read. */
struct quota_reading {
	bool known;
	double quota_share; /* quota / period, that is, a number of CPUs; NAN: no quota */
	uint64_t periods, throttled_periods, throttled_ns;
};
struct memory_reading {
	bool known, limited;
	uint64_t limit_bytes;
	uint64_t max_events, oom_kills;
};

struct limits_cgroup {
	unsigned version; /* of the cgroup: 1 or 2 */
	char *dir, *path; /* as in struct cgroup */
	struct quota_reading quota;
	struct memory_reading memory;
};

struct limits {
	size_t count;
	struct limits_cgroup *cgroups;
};

/*
 * Reads limits and counters at the start of the run: of the cgroup of the run (or of the caller, if
 * the run has none) and of all its visible ancestors. Also reads the v1 hierarchies of the cpu and
 * memory controllers, where the command is in the cgroup of the caller. Needs no privilege. The
 * caller frees *ret with limits_done().
 *
 * CPU: cpu.stat and cpu.max; in v1 cpu.cfs_quota_us and cpu.cfs_period_us
 * (admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst in the Documentation of the kernel). The
 * files exist only where the controller is enabled. throttled_ns is a sum over the CPUs, each from
 * the end of its quota until the CPU got more. Memory: memory.max and memory.events, which in v2
 * includes descendants; in v1 memory.limit_in_bytes, memory.failcnt and memory.oom_control.
 */
void limits_start(const struct cgroup *cgroup, struct limits *ret);

/* Appends dir and its ancestors up to the mount point, at most 32 levels. */
void limits_add(struct limits *limits, unsigned version, const char *dir, const char *path);

/*
 * Replaces *facts by the differences since start: one row for each cgroup that has a limit, or was
 * held back by a limit that is gone. A cgroup that could not be read at both ends has no row.
 */
void limits_stop(const struct limits *start, struct limit_facts *facts);

void limits_done(struct limits *limits);

/*
 * Parses cpu.max, "20000 100000" or "max 100000", into a number of CPUs; NAN: no quota. Returns 0
 * or -EINVAL. Pure function.
 */
int limits_parse_cpu_max(const char *text, double *ret_share);
/*
 * Parses the number after "KEY " at the start of a line. Returns 0, -ENOENT or -EINVAL. Pure
 * function.
 */
int limits_parse_key(const char *text, const char *key, uint64_t *ret);
