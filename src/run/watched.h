/* Find the cgroups to watch beside the run (--also): a daemon that the tests wait for */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct watched_cgroup {
	char *name; /* as the user wrote it */
	char *path; /* as in /proc/PID/cgroup */
	uint64_t id;
	int levels_below; /* levels below the cgroup of the caller; negative: above it */
};

/*
 * text is the path of a cgroup as in /proc/PID/cgroup ("/system.slice/x.service"), or the name of a
 * systemd unit ("x.service" or "x"): a directory of this name anywhere in the hierarchy. Needs
 * root, because it shows what other users run. Returns 0, and the caller frees *ret with
 * watched_cgroup_done(). Otherwise returns -errno, and *ret_message quotes text and says what to do; the
 * caller frees it.
 */
int watched_cgroup_resolve(const char *text, struct watched_cgroup *ret, char **ret_message);
void watched_cgroup_done(struct watched_cgroup *cgroup);
