/* The disturbance of a frozen cgroup: all its processes stand still */
#pragma once

#include <stddef.h>

#include "run/disturb_wait.h"

/*
 * Freezes the cgroups with these directories for length_ns, or until the other end of fd is closed.
 * Must not log: it runs in the process of the disturber.
 */
void disturb_freeze(const int *cgroup_fds, size_t count, int fd, uint64_t length_ns,
		    struct disturb_times *ret);
void disturb_thaw(const int *cgroup_fds, size_t count);
/*
 * Returns 0, or -errno after a message: the cgroups cannot be frozen, or somebody else has frozen one.
 */
int disturb_freeze_probe(const int *cgroup_fds, size_t count);
