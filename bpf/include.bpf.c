// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Cgroups that become part of the run as they are made (--include). */
#include "glob.h"
#include "state.h"

#define GLOB_STEPS_MAX 65536

const volatile char include_patterns[INCLUDES_MAX][PATTERN_BYTES] = {};
/* The root of the caller's cgroup v2 mount: not the root of the hierarchy in a cgroup namespace. */
const volatile u64 include_root_id = 0;
const volatile u32 include_root_level = 0;

struct include_walk {
	struct glob glob;
	u32 at; /* of the path, where the components below the root begin */
	u32 slashes;
	u32 pattern;
	u32 matches;
	char path[INCLUDE_PATH_BYTES];
	struct record_included record;
	char record_path[INCLUDE_PATH_BYTES];
};

/* The kernel calls these programs under the lock of its buffer for the path: one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct include_walk);
} include_walks SEC(".maps");

static long look_for_slash(u32 index, struct include_walk **context)
{
	struct include_walk *walk = *context;
	char byte = walk->path[index & (INCLUDE_PATH_BYTES - 1)];

	if (!byte)
		return 1;
	walk->at = index + 1;
	walk->slashes += byte == '/';
	return walk->slashes > include_root_level;
}
LOOP_STEP(look_for_slash, struct include_walk *, INCLUDE_PATH_BYTES)

static long match_step(u32 index, struct include_walk **context)
{
	struct include_walk *walk = *context;
	const char *pattern = (const char *)include_patterns[walk->pattern & (INCLUDES_MAX - 1)];
	enum glob_step step = glob_step(&walk->glob, pattern, walk->path);

	walk->matches = step == GLOB_MATCHES;
	return step != GLOB_GOES_ON;
}
LOOP_STEP(match_step, struct include_walk *, GLOB_STEPS_MAX)

static __always_inline bool is_below_root(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, level) > (int)include_root_level &&
	       ancestor_id(cgroup, include_root_level) == include_root_id;
}

/* Takes the pattern that the path matches; returns its number, or include_count. */
static __always_inline u32 matching_pattern(struct include_walk *walk)
{
	for (u32 pattern = 0; pattern < INCLUDES_MAX && pattern < include_count; pattern++) {
		walk->glob = (struct glob){0};
		walk->pattern = pattern;
		walk->matches = 0;
		LOOP(match_step, &walk);
		if (walk->matches)
			return pattern;
	}
	return include_count;
}

static __always_inline void send_included(struct include_walk *walk, u32 pattern, u64 now_ns)
{
	struct record_included *record = &walk->record;
	long bytes =
		bpf_probe_read_kernel_str(walk->record_path, sizeof(walk->record_path), walk->path);

	record->header.type = RECORD_INCLUDED;
	record->header.group = 0;
	record->header.time_ns = now_ns;
	record->pattern = pattern;
	record->path_bytes = bytes > 0 ? bytes - 1 : 0;
	send_record(record, sizeof(*record) + (record->path_bytes & (INCLUDE_PATH_BYTES - 1)),
		    LOSS_INCLUDED);
}

/* The new cgroup's directory is not yet visible: no process can be in it. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	struct cgroup *parent = BPF_CORE_READ(cgroup, self.parent, cgroup);
	u64 id = BPF_CORE_READ(cgroup, kn, id), now_ns = bpf_ktime_get_ns();
	struct include_walk *walk;
	u32 zero = 0, pattern = include_count;
	u8 value = 1;

	/* A cgroup of version 1 may have the same ID. */
	if (BPF_CORE_READ(cgroup, root) !=
	    BPF_CORE_READ(cgroup_of(bpf_get_current_task_btf()), root))
		return 0;
	walk = bpf_map_lookup_elem(&include_walks, &zero);
	if (!walk || is_below(cgroup, 0))
		return 0;
	if (!is_included(parent)) {
		if (!is_below_root(cgroup))
			return 0;
		walk->at = walk->slashes = 0;
		bpf_probe_read_kernel_str(walk->path, sizeof(walk->path), path);
		LOOP(look_for_slash, &walk);
		bpf_probe_read_kernel_str(walk->path, sizeof(walk->path), path + walk->at);
		pattern = matching_pattern(walk);
		if (pattern == include_count)
			return 0;
	}
	if (bpf_map_update_elem(&included, &id, &value, BPF_ANY))
		count_loss(LOSS_INCLUDED, now_ns);
	else if (pattern < include_count)
		send_included(walk, pattern, now_ns);
	return 0;
}

/* Not at cgroup_rmdir: its last threads may still be on their way out. */
SEC("tp_btf/cgroup_release")
int BPF_PROG(cgroup_release, struct cgroup *cgroup, const char *path)
{
	u64 id = BPF_CORE_READ(cgroup, kn, id);

	if (BPF_CORE_READ(cgroup, root) ==
	    BPF_CORE_READ(cgroup_of(bpf_get_current_task_btf()), root))
		bpf_map_delete_elem(&included, &id);
	return 0;
}
