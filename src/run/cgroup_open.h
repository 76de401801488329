/* Open an existing cgroup: that of the caller, or one by its path; and leave one */
#pragma once

#include "run/cgroup.h"

/*
 * Opens the cgroup of the caller, or the one with that path (as in /proc/PID/cgroup), without a
 * lock and with parent_fd -1. Returns 0 or -errno; then *ret_message is a message for the user that
 * says what to do, and the caller frees it.
 */
int cgroup_open_own(struct cgroup *ret, char **ret_message);
int cgroup_open_path(const char *path, struct cgroup *ret, char **ret_message);

/* Returns whether the cgroup still exists. */
bool cgroup_exists(const struct cgroup *cg);
/* Returns whether the caller is in the cgroup or below it. */
bool cgroup_has_caller(const struct cgroup *cg);
/* Returns how many levels the cgroup is below that of the caller; negative: above. */
int cgroup_levels_below_caller(const struct cgroup *cg);

/*
 * Moves the caller, if it is in the cgroup, to the nearest ancestor that takes it. Most ancestors
 * with controllers take no processes; the root does, where the caller may write there. Returns how
 * many levels the caller moved up; 0: it has not moved.
 */
int cgroup_leave(const struct cgroup *cg);
