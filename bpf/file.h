/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Open files and inodes: found, identified, named. */
#ifndef LATWRAP_FILE_H
#define LATWRAP_FILE_H

#include "path.h"

#define S_IFMT  0170000
#define S_IFIFO 0010000
#define S_IFREG 0100000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFLNK 0120000

/* NULL for a descriptor that is not open. */
static __always_inline struct file *fd_lookup(struct task_struct *task, s32 fd)
{
	struct files_struct *table = READ_FIELD(struct task_struct, task, files);
	struct fdtable *fdt = READ_FIELD(struct files_struct, table, fdt);

	if (fd < 0 || (u32)fd >= READ_FIELD(struct fdtable, fdt, max_fds))
		return NULL;
	return (struct file *)pointer_at((u64)READ_FIELD(struct fdtable, fdt, fd) +
					 (u32)fd * sizeof(u64));
}

static __always_inline u16 identify_inode(struct inode *inode, struct file_id *id)
{
	id->inode = READ_FIELD(struct inode, inode, i_ino);
	id->device = READ_FIELD(struct super_block, READ_FIELD(struct inode, inode, i_sb), s_dev);
	id->generation = READ_FIELD(struct inode, inode, i_generation);
	return READ_FIELD(struct inode, inode, i_mode);
}

static __always_inline u16 identify_file(struct file *file, struct file_id *id)
{
	return identify_inode(READ_FIELD(struct file, file, f_inode), id);
}

static __always_inline bool is_same_file(const struct file_id *a, const struct file_id *b)
{
	return a->inode == b->inode && a->device == b->device && a->generation == b->generation;
}

/* The types that count as files: waiting for a pipe, a socket or a terminal does not count. */
static __always_inline bool is_file_mode(u16 mode)
{
	u16 type = mode & S_IFMT;

	return type == S_IFREG || type == S_IFDIR || type == S_IFBLK || type == S_IFLNK;
}

static __always_inline bool is_file(struct file *file)
{
	return is_file_mode(
		READ_FIELD(struct inode, READ_FIELD(struct file, file, f_inode), i_mode));
}

static __always_inline bool is_unlinked(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	return !BPF_CORE_READ(dentry, d_hash.pprev) && dentry != BPF_CORE_READ(dentry, d_parent);
}

static __always_inline u32 file_system_of_inode(struct inode *inode)
{
	return READ_FIELD(struct super_block, READ_FIELD(struct inode, inode, i_sb), s_magic);
}

static __always_inline u32 file_system_of(struct file *file)
{
	return file_system_of_inode(READ_FIELD(struct file, file, f_inode));
}

static __always_inline u64 walk_file(char *to, struct task_struct *task, struct file *file,
				     bool *ret_truncated)
{
	return copy_walk(to, task, BPF_CORE_READ(file, f_path.dentry),
			 BPF_CORE_READ(file, f_path.mnt), ret_truncated);
}

#endif
