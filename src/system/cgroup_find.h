/* Where a process's cgroup is in the file system, from the text of two files of /proc. Pure */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A directory that should be the cgroup looked for. */
struct cgroup_place {
	int mount_id; /* as in /proc/self/mountinfo and in statx(2)'s stx_mnt_id */
	bool read_only;
	char *dir;
};

/*
 * The cgroup2 path in the text of /proc/PID/cgroup: its line "0::PATH" (cgroups(7)), which is
 * there once cgroup2 has been mounted. The path is relative to the reader's cgroup namespace and
 * not escaped (the kernel lets no newline into a cgroup's name). The caller frees *ret.
 * -ENOENT without such a line.
 */
int cgroup_own_path(const char *proc_cgroup, char **ret);

/* Whether path is ancestor or below it, by whole components; both as in /proc/PID/cgroup. */
bool cgroup_path_within(const char *path, const char *ancestor);

/*
 * Every directory at which the cgroup own_path should be seen, by the text of
 * /proc/self/mountinfo (proc_pid_mountinfo(5)): one for each cgroup2 mount whose root is own_path
 * or above it, writable mounts first, otherwise in the order of the file. A mount may be hidden
 * below another: whoever opens the directory must check that it is on mount_id.
 * Returns 0, also with none; the caller frees with cgroup_places_free(). -EXDEV if own_path is
 * outside the cgroup namespace ("/.." or below it): no path leads there.
 */
int cgroup_places(const char *mountinfo, const char *own_path, struct cgroup_place **ret,
		  size_t *ret_count);
void cgroup_places_free(struct cgroup_place *places, size_t count);

/*
 * The same two for the hierarchy of a cgroup v1 controller ("cpu"), from its line "4:cpu,cpuacct:PATH"
 * and its mounts: on a hybrid system, where v2 has none of the controllers, the limits are there.
 */
int cgroup_v1_own_path(const char *proc_cgroup, const char *controller, char **ret);
int cgroup_v1_places(const char *mountinfo, const char *controller, const char *own_path,
		     struct cgroup_place **ret, size_t *ret_count);

/* Whether there is any cgroup2 mount in the text of /proc/self/mountinfo. */
bool cgroup_mounted(const char *mountinfo);
