/* Measure the pressure (PSI) of the cgroup of the run or of the machine, and steal time */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/facts.h"

/* Counters of the kernel at one moment; they only increase. */
struct pressure_sample {
	bool of_cgroup; /* else of the whole system */
	struct pressure_pair cpu, io, memory;
	bool steal_known;
	uint64_t steal_ns; /* since boot, sum of all CPUs */
};

/* CPU time since boot in clock ticks (proc_stat(5)) */
struct cpu_ticks {
	uint64_t busy; /* user, nice, system, irq, softirq (user includes guests) */
	uint64_t idle; /* includes iowait */
	uint64_t steal;
};

/*
 * Pressure (Documentation/accounting/psi.rst): "some" is the time in which at least one task
 * waited, "full" the time in which all non-idle tasks waited. Both are weighted over the CPUs, so
 * that neither exceeds the duration of the run. A cgroup has pressure files even if no controller
 * is enabled, so also on a hybrid system. The files are missing with CONFIG_PSI=n, psi=0 or 0 in
 * cgroup.pressure, and before Linux 4.20. Then the files of the system in /proc/pressure are used.
 *
 * full_ns of cpu is 0 if the kernel does not report it: for cgroups before Linux 5.13, and always
 * for the system, where it is not defined (psi.rst).
 *
 * Steal is from /proc/stat (proc_stat(5)), in steps of 1/sysconf(_SC_CLK_TCK) s, and always of the
 * whole machine, never of a cgroup. Steal is known only if the counter has changed since boot: a
 * guest without a steal clock shows 0, and so does a machine that loses no time.
 */

/*
 * Reads the counters at the start of the run. cgroup_dir is the directory of the cgroup in the
 * mounted file system, and may be NULL. Returns 0, or -errno if there is no pressure of either
 * kind; *ret holds what could be read in any case, and can be passed to pressure_stop().
 */
int pressure_start(const char *cgroup_dir, struct pressure_sample *ret);

/*
 * Fills *ret with the differences since start, from the same files; call this before the cgroup is
 * removed. Values that could not be read at both ends are unknown.
 */
void pressure_stop(const struct pressure_sample *start, const char *cgroup_dir,
		   struct pressure_facts *ret);

/*
 * Parses the totals in the text of a *.pressure file. Returns 0, or -EINVAL with *ret unknown if
 * there is no "some". Pure function.
 */
int pressure_parse(const char *text, struct pressure_pair *ret);

/*
 * Parses the first line of /proc/stat: all CPUs together, since boot. Returns 0 or -EINVAL. Pure
 * function.
 */
int pressure_parse_ticks(const char *text, struct cpu_ticks *ret);

/*
 * Parses the line after the one at *text, if it is whole and of one CPU, and moves *text to it. Returns 0 or -EINVAL. Pure
 * function.
 */
int pressure_parse_cpu(const char **text, unsigned *ret_cpu, struct cpu_ticks *ret);
