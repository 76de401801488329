/* What machine the run is on: kernel, CPUs, memory, and what it is virtualized by */
#pragma once

#include <stddef.h>

#include "model/facts.h"

/*
 * Fills *ret; the caller frees the strings, which are valid UTF-8. What cannot be found out is NULL
 * or 0. It starts no process and takes well below 2 ms, so that it may be called before every run.
 *
 * "virtualization" is the hypervisor's name as systemd-detect-virt(1) has it ("kvm", "microsoft",
 * "vmware", "xen" ...), "other" for an unknown one, and NULL for none seen. Containers are not
 * looked for: they change nothing about the clock and the CPUs. cpus_allowed is the affinity
 * (sched_getaffinity(2)) that the command inherits from us.
 */
void host_read(struct host_facts *ret);

/* The number of CPUs in a list as in /sys/devices/system/cpu/online, "0-3,5\n"; 0 if it is none. */
unsigned host_count_cpus(const char *list);

/*
 * The CPU's name in the text of /proc/cpuinfo, or NULL; the caller frees it. Most architectures
 * name it, each with a key of its own; arm64 has only the implementer's and the part's number
 * (arch/arm64/kernel/cpuinfo.c), which are looked up among the usual server CPUs and else told as
 * they are.
 */
char *host_cpu_model(const char *cpuinfo);

/* The hypervisor by its 12-byte CPUID signature, or NULL if it is unknown. Static. */
const char *host_hypervisor_by_signature(const char signature[12]);

/* The hypervisor by DMI's system vendor and product name (either may be NULL), or NULL. Static. */
const char *host_hypervisor_by_dmi(const char *vendor, const char *product);
