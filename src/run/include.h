/* Patterns of cgroups that become part of the run (--include), such as those of containers */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "trace/trace.h"

struct include {
	char *patterns[INCLUDES_MAX];
	size_t count;
	char *root_dir; /* the root of the cgroup v2 mount */
	uint64_t root_id;
	int root_levels_below; /* levels below the cgroup of the caller; not above 0 */
};

/*
 * Adds a pattern of paths below the cgroup v2 mount, such as "system.slice/docker-*.scope". A star
 * stands for any part of one component, a question mark for one byte. Needs root, because it shows
 * what other users run. Returns 0, or -errno, and *ret_message quotes text and says what to do; the
 * caller frees it. The caller ends *include with include_done() in both cases.
 */
int include_add(struct include *include, const char *text, char **ret_message);
void include_done(struct include *include);

/*
 * Makes the cgroups that exist and match, with all below them, part of the run, except the cgroup
 * own_id, the run's own. Returns how many found no room.
 */
uint64_t include_existing(const struct include *include, uint64_t own_id, struct trace *trace,
			  struct model *model);
