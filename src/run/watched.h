/* Find the cgroups to watch beside the run (--also): a daemon that the tests wait for */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct also {
	char *name; /* as the user wrote it */
	char *path; /* as in /proc/PID/cgroup */
	uint64_t id;
	int levels_below; /* levels below the cgroup of the caller; negative: above it */
};

/*
 * text is the path of a cgroup as in /proc/PID/cgroup ("/system.slice/x.service"), or the name of a
 * systemd unit ("x.service" or "x"): a directory of this name anywhere in the hierarchy. Needs
 * root, because it shows what other users run. Returns 0, and the caller frees *ret with
 * also_done(). Otherwise returns -errno, and *ret_message quotes text and says what to do; the
 * caller frees it.
 */
int also_resolve(const char *text, struct also *ret, char **ret_message);
void also_done(struct also *also);
