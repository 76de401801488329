/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Full paths in BPF, as a task sees them: from a dentry up to the root of the task, leaf first. */
#ifndef LATWRAP_PATH_H
#define LATWRAP_PATH_H

#include "state.h"

#define NAME_BYTES        256 /* NAME_MAX and its NUL */
#define WALK_MAX_BYTES    4096 /* names and their NULs */
#define WALK_BUFFER_BYTES (WALK_MAX_BYTES + NAME_BYTES)

/*
 * In a map value, not on the stack: the verifier knows nothing about values in a map, so one pass over the loop's
 * body covers all. On the stack it would try every possible length.
 */
struct walk {
	struct dentry *dentry, *root_dentry;
	struct mount *mount, *root_mount;
	u64 used; /* bytes written */
	u64 truncated;
	char buffer[WALK_BUFFER_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk);
} walks SEC(".maps");

/*
 * Walks from the start in this CPU's struct walk. The function is global so that the verifier checks it once, and not
 * for each caller: loading took three times as long. Such a function takes no pointers.
 */
int walk_path(void);

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/*
 * Copies the walk to `to`; returns its length, at most WALK_BUFFER_BYTES. What the task cannot reach from its root
 * directory (chroot(2)) is walked up to the root of the mount namespace, as in /proc.
 */
static __always_inline u64 copy_walk(char *to, struct task_struct *task, struct dentry *dentry,
				     struct vfsmount *mnt, bool *ret_truncated)
{
	u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);
	u64 used;

	if (!walk)
		return 0;
	walk->dentry = dentry;
	walk->mount = mount_of(mnt);
	walk->root_dentry = BPF_CORE_READ(task, fs, root.dentry);
	walk->root_mount = mount_of(BPF_CORE_READ(task, fs, root.mnt));
	walk_path();
	*ret_truncated = walk->truncated;
	used = walk->used;
	if (used > WALK_BUFFER_BYTES || bpf_probe_read_kernel(to, used, walk->buffer))
		return 0;
	return used;
}

#endif
