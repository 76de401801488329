/* Full paths in BPF: from a dentry up to the root of its mount namespace, leaf first. */
#ifndef LATWRAP_PATH_H
#define LATWRAP_PATH_H

#include "state.h"

/*
 * bpf_d_path() is only for a few hooks, so the walk is ours: as fs/d_path.c prepend_path() does, from
 * d_parent to d_parent, and across a mount's root to its mountpoint. It takes no locks: a rename in the
 * middle can give a path that mixes old and new names, as an unlucky reader of /proc/PID/fd could see.
 */
#define NAME_BYTES 256		/* NAME_MAX and its NUL */
#define WALK_MAX_BYTES 4096	/* names and their NULs */
#define WALK_BUFFER_BYTES (WALK_MAX_BYTES + NAME_BYTES)
#define WALK_MAX_STEPS 2304	/* PATH_MAX / 2 one-letter names, and mounts */

/*
 * In a map value, not on the stack: what the verifier reads from a map it knows nothing about, so that
 * one pass over the loop's body covers all; from the stack it would follow every length there can be.
 */
struct walk {
	struct dentry *dentry;
	struct mount *mount;
	u64 used; /* bytes written */
	u64 truncated;
};

struct walk_context {
	struct walk *walk;
	char *buffer; /* WALK_BUFFER_BYTES */
};

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static long walk_step(u32 step, void *data)
{
	struct walk_context *context = data;
	struct walk *walk = context->walk;
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	u64 used = walk->used;
	const unsigned char *name;
	long length;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
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
	length = bpf_probe_read_kernel_str(context->buffer + used, NAME_BYTES, name);
	if (length <= 0) {
		walk->truncated = 1;
		return 1;
	}
	walk->used = used + length;
	walk->dentry = parent;
	return 0;
}

/* Writes into buffer; returns the bytes used, at most WALK_BUFFER_BYTES. */
static __always_inline u64 walk_path(struct walk *walk, char *buffer, struct dentry *dentry, struct vfsmount *mnt)
{
	struct walk_context context = { walk, buffer };

	walk->dentry = dentry;
	walk->mount = mount_of(mnt);
	walk->used = 0;
	walk->truncated = 0;
	bpf_loop(WALK_MAX_STEPS, walk_step, &context, 0);
	return walk->used <= WALK_BUFFER_BYTES ? walk->used : 0;
}

#endif
