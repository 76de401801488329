/* Which kernel types the programs follow by plain loads, and how the recorder finds those places. */
#ifndef LATWRAP_CASTS_H
#define LATWRAP_CASTS_H

/*
 * The number that the kernel's BTF has for a type is known when programs are loaded: until then an instruction
 * carries CAST_TYPE_MARK | index into this list, and the call of bpf_rdonly_cast() carries CAST_CALL_MARK. The
 * recorder, which has looked through the kernel's BTF once, puts the numbers in (src/trace/trace_kernel.c).
 * libbpf could do both, by looking through it once for each type and each program.
 */
#define CAST_TYPES(X, argument)    \
	X(address_space, argument) \
	X(cfs_rq, argument)        \
	X(cgroup, argument)        \
	X(css_set, argument)       \
	X(fdtable, argument)       \
	X(file, argument)          \
	X(files_struct, argument)  \
	X(folio, argument)         \
	X(inode, argument)         \
	X(kernfs_node, argument)   \
	X(path, argument)          \
	X(pid, argument)           \
	X(rq, argument)            \
	X(super_block, argument)   \
	X(task_struct, argument)   \
	X(upid, argument)

#define CAST_INDEX(name, argument) CAST_##name,
enum cast_type { CAST_TYPES(CAST_INDEX, ) CAST_TYPE_COUNT };

#define CAST_TYPE_MARK       0x6b1c7e00
#define CAST_CALL_MARK       0x6b1c7dff
/* Likewise: bpf_preempt_disable(), bpf_preempt_enable() */
#define PREEMPT_DISABLE_MARK 0x6b1c7dfe
#define PREEMPT_ENABLE_MARK  0x6b1c7dfd

#endif
