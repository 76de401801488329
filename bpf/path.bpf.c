// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The walk from a dentry up to the root directory of a task. */
#include "path.h"

#define WALK_MAX_STEPS 2304 /* PATH_MAX / 2 one-letter names, and mounts */

static long walk_step(u32 step, struct walk **context)
{
	struct walk *walk = *context;
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	u64 used = walk->used;
	const unsigned char *name;
	long length;

	if (dentry == walk->root_dentry && mount == walk->root_mount)
		return 1;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		if (above == mount)
			return 1;
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = above;
		return 0;
	}
	if (used >= WALK_MAX_BYTES) {
		walk->truncated = 1;
		return 1;
	}
	name = BPF_CORE_READ(dentry, d_name.name);
	length = bpf_probe_read_kernel_str(walk->buffer + used, NAME_BYTES, name);
	if (length <= 0) {
		walk->truncated = 1;
		return 1;
	}
	walk->used = used + length;
	walk->dentry = parent;
	/* A memfd has no parent directory. */
	return dentry == parent;
}
LOOP_STEP(walk_step, struct walk *, WALK_MAX_STEPS)

/*
 * bpf_d_path() is allowed in a few hooks only. This walk does the same as prepend_path() in fs/d_path.c: from
 * d_parent to d_parent, and across a mount's root to its mountpoint. It takes no locks: a rename during the walk can
 * give a path that mixes old and new names.
 */
__noinline int walk_path(void)
{
	u32 zero = 0;
	struct walk *walk = bpf_map_lookup_elem(&walks, &zero);

	if (!walk)
		return 0;
	walk->used = 0;
	walk->truncated = 0;
	LOOP(walk_step, &walk);
	return 0;
}
