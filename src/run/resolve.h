/* Names that only the machine knows, while it still does: cgroups by id, mapped files by address. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "run/cgroup.h"
#include "trace/trace.h"

struct resolver {
	int cgroup_fd; /* a directory of the cgroup2 mount, borrowed; -1: none */
	struct trace *trace; /* names kernel functions; borrowed, NULL: nobody does */
	size_t mount_length; /* of the mount's own path in front of a cgroup's */
	size_t cached, capacity;
	struct cached_cgroup {
		uint64_t id;
		char *path; /* NULL: asked, and there was no answer */
	} * cache;
};

/* cgroup must outlive it; CGROUP_NONE will do. */
void resolver_init(struct resolver *resolver, const struct cgroup *cgroup);
void resolver_done(struct resolver *resolver);

/* For the model; resolver must outlive it. */
struct model_resolvers resolver_callbacks(struct resolver *resolver);
