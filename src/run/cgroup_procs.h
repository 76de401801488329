/* The processes in the cgroup of the run and below it: list, signal, kill and move them */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/cgroup.h"

/*
 * Lists the processes of the subtree as PIDs of the namespace of the caller: in ascending order,
 * without duplicates, zombies, and processes that the namespace does not have. The list is a
 * snapshot: forks race with it. The caller frees *ret. Returns 0 or -errno.
 */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_count);

/* Returns whether the process is in the subtree at present. */
bool cgroup_has(const struct cgroup *cg, pid_t pid);

/*
 * Sends sig once to each process of the subtree, except those in the process group except_group (0:
 * no exception). Does not hit a PID that has left the cgroup or was reused (opens a pidfd, checks
 * membership, then signals). Returns the number of signalled processes; or, after trying all, the
 * first error other than -ESRCH.
 */
int cgroup_signal(const struct cgroup *cg, int sig, pid_t except_group);

/*
 * Sends SIGKILL to all processes of the subtree, including those forked meanwhile: by cgroup.kill
 * (kernel 5.14), or else by freezing the cgroup and killing until no new process appears. Does not
 * wait until the processes are gone: POLLPRI on cgroup.events tells that. Returns 0 or -errno.
 */
int cgroup_kill(const struct cgroup *cg);

/*
 * Moves all processes of the subtree to the parent, unharmed, and waits until dying processes are
 * gone. Freezes the cgroup briefly if forks are faster. Returns 0, -ETIMEDOUT if a process is still
 * there after 2 s, or the error of the moves (-EACCES; -EBUSY if the parent got controllers
 * meanwhile).
 */
int cgroup_evacuate(const struct cgroup *cg);
/* Like cgroup_evacuate(), but returns -ETIMEDOUT at CLOCK_MONOTONIC deadline_ns. */
int cgroup_evacuate_until(const struct cgroup *cg, uint64_t deadline_ns);
