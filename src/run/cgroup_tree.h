/* Internal to cgroup.c and cgroup_procs.c: list the directories of a subtree, wait for a change */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "run/cgroup.h"

/* Paths relative to the listed directory, each parent before its children */
struct cgroup_tree {
	char **path; /* path[0] is "." */
	size_t count;
};

/* Skips directories that vanish meanwhile. Returns 0, or -errno with *ret empty. */
int cgroup_tree_list(int fd, struct cgroup_tree *ret);
void cgroup_tree_free(struct cgroup_tree *tree);

/*
 * Waits until "populated" changes, but at most a few milliseconds: no wait(2) tells when a dying
 * process leaves its cgroup. events_fd is from cgroup_events_open().
 */
void cgroup_wait_for_change(int events_fd);

/* Like cgroup_evacuate(), but returns -ETIMEDOUT at CLOCK_MONOTONIC deadline_ns. */
int cgroup_evacuate_until(const struct cgroup *cg, uint64_t deadline_ns);
