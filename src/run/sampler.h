/* Samples of what the whole system was doing, one a second while the command runs: PSI, CPU, load, memory */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/facts.h"
#include "model/timeline.h"
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

/* What the kernel counts, at one moment. */
struct sampler_counters {
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	bool ticks_known;
	struct cpu_ticks ticks;
	struct pressure_pair cpu, io, memory;
};

struct sampler {
	int fds[SAMPLER_FILES]; /* -1: not to be had */
	struct sampler_counters last;
	uint64_t next_ns;
};

#define SAMPLER_NONE ((struct sampler){.fds = {-1, -1, -1, -1, -1, -1}})

/*
 * Opens the files, all of /proc, and takes the counters. The files stay open, and each is read with one
 * pread(2) at 0: they are seq files (fs/seq_file.c), which make their text anew for position 0. All
 * that is wanted stands within the first few hundred bytes, also on machines where /proc/stat is long.
 * A file that is missing leaves its part of every sample unknown.
 */
void sampler_start(struct sampler *sampler, uint64_t start_ns);

/* Adds a sample if one is due; to be called more often than once a second. */
void sampler_tick(struct sampler *sampler, uint64_t at_ns, struct timeline *timeline);

/* Adds the last sample, up to end_ns, however short it is. */
void sampler_stop(struct sampler *sampler, uint64_t end_ns, struct timeline *timeline);

void sampler_close(struct sampler *sampler);

/*
 * /proc/loadavg's text, "0.20 0.18 0.12 1/80 11206" (proc_loadavg(5)): the load over one minute, and
 * the threads that run or wait for a CPU, which are procs_running in /proc/stat: nr_running() both. Or
 * -EINVAL. Pure.
 */
int sampler_parse_load(const char *text, double *ret_load, uint64_t *ret_runnable);

/* MemAvailable in /proc/meminfo's text, or -EINVAL. Pure. */
int sampler_parse_memory(const char *text, uint64_t *ret_available_bytes);

/*
 * Fills the shares of *ret, and its times, with what lies between the two. Those of CPU time are
 * unknown over less than ten ticks, as in a run of some ms. Pure.
 */
void sampler_compare(const struct sampler_counters *from, const struct sampler_counters *until,
		     struct timeline_sample *ret);
