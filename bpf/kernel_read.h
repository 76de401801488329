/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Reads of kernel structures: plain loads where the kernel allows them, helper calls elsewhere. */
#ifndef LATWRAP_KERNEL_READ_H
#define LATWRAP_KERNEL_READ_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * Since 6.2 (kernel commit a35b9af4ec2c) bpf_rdonly_cast() makes any address a pointer to a kernel type. A load
 * through it cannot fault and takes about a nanosecond; bpf_probe_read_kernel() takes ten times that. Loads through
 * the tracepoint's own pointers are as fast, but since 6.4 the verifier searches all kernel types by name for each of
 * them (btf_nested_type_is_trusted()): loading took three times as long. Kernels without that function get
 * latwrap_copies.bpf.c. One object with both ways took longer to load, because the verifier must remove the dead
 * code.
 */
#ifdef READS_BY_COPIES
#define HAVE_RDONLY_CAST           0
#define KERNEL_CAST(type, address) ((type *)(address))
#else
#define HAVE_RDONLY_CAST 1
extern void *bpf_rdonly_cast(void *object, u32 type) __ksym;
#define KERNEL_CAST(type, address) \
	((type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(type)))
#endif

/* member of *(type *)pointer; 0 when pointer leads nowhere. pointer may be a number. */
#define READ_FIELD(type, pointer, member)                                  \
	({                                                                 \
		u64 read_from = (u64)(pointer);                            \
		__typeof__(((type *)0)->member) read_value = 0;            \
		if (HAVE_RDONLY_CAST)                                      \
			read_value = KERNEL_CAST(type, read_from)->member; \
		else                                                       \
			bpf_core_read(&read_value, sizeof(read_value),     \
				      &((type *)read_from)->member);       \
		read_value;                                                \
	})

/* The pointer stored at address, by way of a structure that begins with one. */
static __always_inline u64 pointer_at(u64 address)
{
	return (u64)READ_FIELD(struct path, address - bpf_core_field_offset(struct path, mnt), mnt);
}

/* A task's name, 16 bytes, as two numbers. */
static __always_inline void copy_comm(char *to, struct task_struct *task)
{
	if (HAVE_RDONLY_CAST) {
		struct task_struct *from = KERNEL_CAST(struct task_struct, task);

		((u64 *)to)[0] = *(u64 *)&from->comm[0];
		((u64 *)to)[1] = *(u64 *)&from->comm[8];
	} else {
		bpf_core_read(to, 16, &task->comm);
	}
}

#endif
