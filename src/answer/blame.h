/* Whose fault the stalls were, over the whole run, and what one can do about it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "catalog/blame.h"
#include "model/model.h"

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
