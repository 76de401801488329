/* The blame for the stalls of a run: who caused how much of their time, and what the reader can do about it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "catalog/blame.h"
#include "model/model.h"

struct blame {
	enum blamed who;
	uint64_t ns; /* part of the time of all stalls; does not count hiccups twice */
	unsigned percent; /* the same part in percent, rounded down */
	char *sentence; /* owned; may name a program or cgroup, in hostile bytes */
	const char *advice; /* static; NULL: the data does not support any advice */
};

/*
 * Lists all with at least five percent, the largest first. The caller ends the list with blame_free(). The sum leaves out
 * the stalls' own work (running), as nobody is to blame for it.
 */
struct blame *blame_list(const struct model *model, size_t *ret_count);
void blame_free(struct blame *list, size_t count);
