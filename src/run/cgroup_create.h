/* Create and remove the cgroup of the run, and clean up what killed runs left */
#pragma once

#include "run/cgroup.h"

/*
 * Creates the cgroup of the run. First removes cgroups that killed runs of latwrap left beside it,
 * and moves their processes to the cgroup of the caller; skips a directory that cannot be cleaned
 * up. This takes at most 0.5 s.
 * Returns 0 or -errno. On failure *ret_message is a message for the user that says what to do; the
 * caller frees it. -ENOENT: no cgroup2 is mounted; -EXDEV: the caller is outside its cgroup
 * namespace; -EACCES, -EPERM, -EROFS: no permission; other errors are those of mkdir(2).
 */
int cgroup_create(struct cgroup *ret, char **ret_message);

/*
 * Removes the directories below it, deepest first, then the cgroup itself; closes and frees: *cg
 * becomes CGROUP_NONE. Kills and moves no process; waits for processes that are already dying. On
 * failure (-EBUSY: still populated) *cg is unchanged, for another try or cgroup_close().
 */
int cgroup_destroy(struct cgroup *cg);
