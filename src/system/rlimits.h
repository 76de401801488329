/* Raise resource limits for the run, and restore them for the command before it starts */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

struct rlimits {
	struct rlimit descriptors, locked_memory; /* the original limits */
};

/*
 * Saves the limits and raises the number of descriptors as far as allowed: a run needs about 100.
 */
void rlimits_raise(struct rlimits *ret);

/* Calls nothing but system calls, so that a forked child may use it. Returns 0 or -errno. */
int rlimits_restore(const struct rlimits *limits);

/* Returns whether enough descriptors can still be opened to start a command. */
bool rlimits_leave_descriptors(void);
