/* Look up names while the machine still knows them: cgroups, files, programs, kernel functions */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "run/cgroup.h"
#include "trace/trace.h"

struct resolver {
	int cgroup_fd; /* a directory of the cgroup2 mount, borrowed; -1 if none */
	struct trace *trace; /* for the names of kernel functions; borrowed; NULL: no names */
	/* Length of the path of the mount, which precedes the path of a cgroup */
	size_t mount_length;
	size_t cached, capacity;
	struct cached_cgroup {
		uint64_t id;
		char *path; /* NULL: looked up, not found */
	} * cache;
};

/* cgroup must outlive the resolver; it may be CGROUP_NONE. */
void resolver_init(struct resolver *resolver, const struct cgroup *cgroup);
void resolver_done(struct resolver *resolver);

/* Returns callbacks for the model; the resolver must outlive them. */
struct model_resolvers resolver_callbacks(struct resolver *resolver);
