/* How long the run's cgroup, or the machine, was short of CPU, I/O or memory: PSI and steal */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/facts.h"

/* The kernel's counters at one moment. They only ever grow. */
struct pressure_sample {
	bool of_cgroup; /* else the whole system's */
	struct pressure_pair cpu, io, memory;
	bool steal_known;
	uint64_t steal_ns; /* since boot, all CPUs together */
};

/* In clock ticks (proc_stat(5)). */
struct cpu_ticks {
	uint64_t busy; /* user, nice, system, irq, softirq; guests are part of user */
	uint64_t idle; /* iowait included */
	uint64_t steal;
};

/*
 * Pressure (Documentation/accounting/psi.rst): "some" is the time in which at least one task
 * waited, "full" that in which all that were not idle did, weighted over the CPUs, so that neither
 * is longer than the run. A cgroup has its files without any controller enabled, and so on a
 * hybrid mount too; they are missing with CONFIG_PSI=n, psi=0 or 0 in cgroup.pressure, and v4.20
 * was the first kernel to have any. Then the system's in /proc/pressure serve.
 *
 * full_ns of cpu is 0 where the kernel does not tell it: for any cgroup before Linux 5.13, and for
 * the system always, for which it is not defined (psi.rst).
 *
 * Steal is from /proc/stat (proc_stat(5)), and so in steps of 1/sysconf(_SC_CLK_TCK) s, for the
 * whole machine, never for a cgroup. It is known only if the counter has moved since boot: a guest
 * without a steal clock shows 0 just as a machine that loses no time does.
 */

/*
 * Takes the counters at the start of the run. cgroup_dir (may be NULL) is the cgroup's directory in
 * the mounted file system. Returns 0, or -errno if there is no pressure to be had of either kind;
 * *ret is filled with what there is in any case, and good for pressure_stop().
 */
int pressure_start(const char *cgroup_dir, struct pressure_sample *ret);

/*
 * Fills *ret with what was added since start, from the same files; call it before the cgroup is
 * removed. What cannot be read at both ends is not known.
 */
void pressure_stop(const struct pressure_sample *start, const char *cgroup_dir,
		   struct pressure_facts *ret);

/* The totals in a *.pressure file's text. -EINVAL, and *ret unknown, without a "some". Pure. */
int pressure_parse(const char *text, struct pressure_pair *ret);

/* The first line of /proc/stat's text: all CPUs together, since boot. Or -EINVAL. Pure. */
int pressure_parse_ticks(const char *text, struct cpu_ticks *ret);
