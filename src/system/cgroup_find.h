/* Find the directory of a process's cgroup from the text of two files in /proc. Pure functions */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A directory where the cgroup should be visible */
struct cgroup_place {
	int mount_id; /* as in /proc/self/mountinfo and in statx(2)'s stx_mnt_id */
	bool read_only;
	char *dir;
};

/*
 * Finds the cgroup2 path in the text of /proc/PID/cgroup: the line "0::PATH" (cgroups(7)), which
 * exists once cgroup2 has been mounted. The path is relative to the cgroup namespace of the reader,
 * and not escaped (the kernel does not allow a newline in the name of a cgroup). Returns 0, or
 * -ENOENT without such a line. The caller frees *ret.
 */
int cgroup_own_path(const char *proc_cgroup, char **ret);

/*
 * Returns whether path is ancestor or below it, comparing whole components. Both paths are written
 * as in /proc/PID/cgroup.
 */
bool cgroup_path_within(const char *path, const char *ancestor);

/*
 * Lists each directory where the cgroup own_path should be visible according to the text of
 * /proc/self/mountinfo (proc_pid_mountinfo(5)): one for each cgroup2 mount whose root is own_path
 * or an ancestor of it. Writable mounts come first, otherwise the order is that of the file.
 * Another mount may hide a directory: after opening it, check that it is on mount_id.
 * Returns 0, even if there are none, or -EXDEV if own_path is outside the cgroup namespace ("/.."
 * or below): no path leads there. The caller frees *ret with cgroup_places_free().
 */
int cgroup_places(const char *mountinfo, const char *own_path, struct cgroup_place **ret,
		  size_t *ret_count);
void cgroup_places_free(struct cgroup_place *places, size_t count);

/*
 * The same for the hierarchy of a cgroup v1 controller ("cpu"): its line "4:cpu,cpuacct:PATH" and
 * its mounts. On a hybrid system v2 has no controllers; the limits are in v1.
 */
int cgroup_v1_own_path(const char *proc_cgroup, const char *controller, char **ret);
int cgroup_v1_places(const char *mountinfo, const char *controller, const char *own_path,
		     struct cgroup_place **ret, size_t *ret_count);

/*
 * The first directory that cgroup_places() lists. Returns 0, and the caller frees *ret, or -ENOENT if
 * there is none, or -EXDEV.
 */
int cgroup_directory(const char *mountinfo, const char *path, char **ret);

/* How many components a path such as "/system.slice/x.service" has. */
int cgroup_depth(const char *path);

/* Returns whether the text of /proc/self/mountinfo has any cgroup2 mount. */
bool cgroup_mounted(const char *mountinfo);
