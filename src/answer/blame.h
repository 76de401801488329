/* Whose fault the stalls were, over the whole run, and what one can do about it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

enum blamed {
	BLAMED_SELF, /* more runnable threads of the run than CPUs */
	BLAMED_NEIGHBOUR, /* somebody else's programs */
	BLAMED_KERNEL, /* the kernel's threads */
	BLAMED_HYPERVISOR, /* steal */
	BLAMED_QUOTA,
	BLAMED_INTERRUPTS,
	BLAMED_DISK,
	BLAMED_MEMORY,
	BLAMED_REMOTE, /* a network or user-space file system */
	BLAMED_LOCK,
	BLAMED_UNEXPLAINED,
	BLAMED_COUNT
};
extern const char *const blamed_names[BLAMED_COUNT];

struct blame {
	enum blamed who;
	uint64_t ns; /* of all stalls' time; pauses of CPUs are not counted twice */
	unsigned percent; /* of the same, rounded down */
	char *sentence; /* owned; may name a program or cgroup: hostile bytes */
	const char *advice; /* static; NULL: the data supports none */
};

/*
 * The largest first; only what has a share of at least five percent. The caller ends it with
 * blame_free(). Time that a stall's own work took (running) is nobody's fault and not in the sum.
 */
struct blame *blame_list(const struct model *model, size_t *ret_count);
void blame_free(struct blame *list, size_t count);
