/* The limits that a run changes for itself: they are the command's own again before it starts. */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

struct rlimits {
	struct rlimit descriptors, locked_memory; /* as they were */
};

/* Notes them, and takes as many descriptors as are allowed: a run needs about a hundred. */
void rlimits_raise(struct rlimits *ret);

/* Only system calls. Returns 0 or -errno. */
int rlimits_restore(const struct rlimits *limits);

/* Whether as many descriptors as a run needs to start a command can still be opened. */
bool rlimits_leave_descriptors(void);
