/* Read facts about the machine: kernel, CPUs, memory and hypervisor */
#pragma once

#include <stddef.h>

#include "model/facts.h"

/*
 * Fills *ret; the caller frees the strings, which are valid UTF-8. Unknown values are NULL or 0.
 * Starts no process and takes well below 2 ms, so that each run can call it.
 *
 * "virtualization" is the name of the hypervisor as in systemd-detect-virt(1) ("kvm", "microsoft",
 * "vmware", "xen" ...), "other" for an unknown hypervisor, and NULL if there is none. Containers
 * are not detected: they do not change the clock or the CPUs. cpus_allowed is the affinity
 * (sched_getaffinity(2)) that the command inherits from us.
 */
void host_read(struct host_facts *ret);

/*
 * Returns the number of CPUs in a list "0-3,5\n", as in /sys/devices/system/cpu/online; 0 if the
 * list is invalid.
 */
unsigned host_count_cpus(const char *list);

/*
 * Returns the name of the CPU in the text of /proc/cpuinfo, or NULL; the caller frees it. Each
 * architecture has a different key for the name; arm64 has only the numbers of implementer and part
 * (arch/arm64/kernel/cpuinfo.c): the names of common server CPUs are known, others are returned as
 * numbers.
 */
char *host_cpu_model(const char *cpuinfo);

/*
 * Returns the hypervisor with this CPUID signature (12 bytes), or NULL if unknown. The string is
 * static.
 */
const char *host_hypervisor_by_signature(const char signature[12]);

/*
 * Returns the hypervisor with this system vendor and product name of DMI (either may be NULL), or
 * NULL. The string is static.
 */
const char *host_hypervisor_by_dmi(const char *vendor, const char *product);
