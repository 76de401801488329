/* Sample the whole system once a second while the command runs: PSI, CPU, load, memory, and the gauge */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/facts.h"
#include "model/timeline.h"
#include "run/gauge.h"
#include "run/pressure.h"

enum {
	SAMPLER_STAT,
	SAMPLER_LOAD,
	SAMPLER_MEMORY,
	SAMPLER_CPU_PRESSURE,
	SAMPLER_IO_PRESSURE,
	SAMPLER_MEMORY_PRESSURE,
	SAMPLER_FILES,
};

#define SAMPLER_CPUS 256 /* the gauge does not go to CPUs beyond */

/* Counters of the kernel at one moment */
struct sampler_counters {
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	bool ticks_known;
	struct cpu_ticks ticks;
	uint64_t busy_ticks[SAMPLER_CPUS];
	struct pressure_pair cpu, io, memory;
};

struct sampler {
	int fds[SAMPLER_FILES]; /* -1: not available */
	struct sampler_counters last;
	uint64_t next_ns;
	struct gauge gauge;
	int gauged_cpu; /* where it was last taken */
};

#define SAMPLER_NONE \
	((struct sampler){.fds = {-1, -1, -1, -1, -1, -1}, .gauge = GAUGE_NONE, .gauged_cpu = -1})

/*
 * Opens the files in /proc and reads the counters. The files stay open, and one pread(2) at offset
 * 0 reads each file again: they are seq files (fs/seq_file.c), which produce new text at offset 0.
 * All needed values are at the beginning of these files. If a file is missing, its part of each sample is unknown.
 */
void sampler_start(struct sampler *sampler, uint64_t start_ns);

/*
 * Adds a sample if one is due; call this more often than once a second. pid: the command, which says what CPUs the run may use;
 * 0: there is none, and the run has the caller's.
 *
 * The gauge is taken on a CPU that was busy: an idle one may be clocked down. So the first second of a run has none.
 */
void sampler_tick(struct sampler *sampler, uint64_t at_ns, pid_t pid, struct timeline *timeline);

/* Adds the last sample, which ends at end_ns, however short it is. */
void sampler_stop(struct sampler *sampler, uint64_t end_ns, struct timeline *timeline);

void sampler_close(struct sampler *sampler);

/*
 * Parses /proc/loadavg, "0.20 0.18 0.12 1/80 11206" (proc_loadavg(5)): the load over one minute,
 * and the number of threads that run or wait for a CPU (the same as procs_running in /proc/stat:
 * both are nr_running()). Returns 0 or -EINVAL. Pure function.
 */
int sampler_parse_load(const char *text, double *ret_load, uint64_t *ret_runnable);

/* Parses MemAvailable in the text of /proc/meminfo. Returns 0 or -EINVAL. Pure function. */
int sampler_parse_memory(const char *text, uint64_t *ret_available_bytes);

/*
 * The next CPU after `last`, cyclically, that is allowed and was busy for a tenth of a second in the interval; -1: none. Pure
 * function.
 */
int sampler_pick_cpu(const struct sampler_counters *from, const struct sampler_counters *until,
		     const cpu_set_t *allowed, int last);

/*
 * Fills in the times and the shares of *ret for the interval from `from` to `until`. The shares of
 * CPU time are unknown if the interval has fewer than 10 ticks, as in a run of some ms. Pure
 * function.
 */
void sampler_compare(const struct sampler_counters *from, const struct sampler_counters *until,
		     struct timeline_sample *ret);
