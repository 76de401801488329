/* Cgroups that are watched beside the run: a daemon that the tests wait for. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct also {
	char *name; /* as the user wrote it */
	char *path; /* as in /proc/PID/cgroup */
	uint64_t id;
	int levels_below; /* the caller's own cgroup; negative: above it */
};

/*
 * text is a cgroup's path as in /proc/PID/cgroup ("/system.slice/x.service"), or the name of a systemd unit
 * ("x.service", "x"): a directory of that name anywhere in the hierarchy. Needs root, because it looks at
 * what other people run. Returns 0, and the caller ends *ret with also_done(); or -errno with *ret_message,
 * which quotes text, says what to do and is the caller's to free.
 */
int also_resolve(const char *text, struct also *ret, char **ret_message);
void also_done(struct also *also);
