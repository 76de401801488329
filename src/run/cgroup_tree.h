/* Inside of cgroup.c and cgroup_procs.c: the directories of a subtree, and waiting for a change */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "run/cgroup.h"

/* Paths relative to the directory they were listed from, every parent before its children. */
struct cgroup_tree {
	char **path; /* path[0] is "." */
	size_t count;
};

/* Directories that vanish meanwhile are left out. Returns 0 or -errno; *ret is empty then. */
int cgroup_tree_list(int fd, struct cgroup_tree *ret);
void cgroup_tree_free(struct cgroup_tree *tree);

/*
 * Until "populated" changes, at most a few milliseconds: a dying process leaves its cgroup at a
 * point that no wait(2) tells of. events_fd is from cgroup_events_open().
 */
void cgroup_wait_for_change(int events_fd);

/* As cgroup_evacuate(), but -ETIMEDOUT at CLOCK_MONOTONIC deadline_ns. */
int cgroup_evacuate_until(const struct cgroup *cg, uint64_t deadline_ns);
