/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The record of a file operation that was a stall, or is to be logged. */
#ifndef LATWRAP_IO_STALL_H
#define LATWRAP_IO_STALL_H

#include "compat.h"
#include "file.h"
#include "cpu_slot.h"
#include "device.h"
#include "log.h"
#include "thread.h"

#define AT_FDCWD -100

/* fcntl(2) and ioctl(2) commands: include/uapi/linux/fcntl.h, fs.h */
#define F_SETLK       6
#define F_SETLKW      7
#define F_OFD_SETLK   37
#define F_OFD_SETLKW  38
#define FICLONE       0x40049409
#define FICLONERANGE  0x4020940d
#define FIDEDUPERANGE 0xc0189436

#define NUMBER_OPENAT2  437
#define RESOLVE_IN_ROOT 0x10 /* include/uapi/linux/openat2.h */

/* include/uapi/linux/openat2.h; later kernels can only add to its end. */
struct open_how {
	u64 flags, mode, resolve;
};

struct part {
	u64 string; /* user address, 0: none */
	struct file *file;
	bool from_cwd;
	bool in_root; /* an absolute string starts at the directory, too */
};

#define PART_BYTES (PATH_MAX_BYTES + WALK_BUFFER_BYTES)
struct io_scratch {
	struct task_struct *task;
	u64 string_is_kept; /* in the kernel, not in the task's own memory */
	u64 registers; /* of a task that is blocked */
	u64 is_compat; /* its call */
	struct part part[2];
	u64 used; /* of data */
	struct record_io_stall record;
	char data[2 * PART_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct io_scratch);
} io_scratch SEC(".maps");

/* Eight, so that a masked index is always in bounds. */
struct arguments {
	u64 at[8];
};

#define argument(arguments, index) ((arguments)->at[(index)&7])

#define SET_ARGUMENTS(ret, read, ...) SET_ARGUMENTS_(ret, read, __VA_ARGS__)
#define SET_ARGUMENTS_(ret, read, a, b, c, d, e, f)                              \
	((ret)->at[0] = read(a), (ret)->at[1] = read(b), (ret)->at[2] = read(c), \
	 (ret)->at[3] = read(d), (ret)->at[4] = read(e), (ret)->at[5] = read(f), \
	 (ret)->at[6] = (ret)->at[7] = 0)

#if defined(__TARGET_ARCH_x86)
#define ARGUMENT_REGISTERS        di, si, dx, r10, r8, r9
#define COMPAT_ARGUMENT_REGISTERS bx, cx, dx, si, di, bp
#elif defined(__TARGET_ARCH_arm64)
/* x0 holds the result at exit. */
#define ARGUMENT_REGISTERS        orig_x0, regs[1], regs[2], regs[3], regs[4], regs[5]
#define COMPAT_ARGUMENT_REGISTERS ARGUMENT_REGISTERS
#endif

/*
 * The arguments of a 32-bit program, which used this number, become those that the table of calls describes. Global, so that
 * the verifier checks it once, and not for each caller.
 */
int decode_compat(struct arguments *arguments, u32 number);

static __always_inline void read_arguments(struct pt_regs *regs, bool is_compat,
					   struct arguments *ret)
{
#define REGISTER(name) regs->name
	if (is_compat) {
		SET_ARGUMENTS(ret, REGISTER, COMPAT_ARGUMENT_REGISTERS);
		decode_compat(ret, call_number(regs));
	} else {
		SET_ARGUMENTS(ret, REGISTER, ARGUMENT_REGISTERS);
	}
#undef REGISTER
}

static __always_inline bool rule_matches(const volatile struct call_rule *rule,
					 struct arguments *arguments)
{
	u32 command = arguments->at[1];

	switch (rule->filter) {
	case FILTER_FCNTL_LOCK:
		return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
		       command == F_OFD_SETLKW;
	case FILTER_IOCTL_CLONE:
		return command == FICLONE || command == FICLONERANGE || command == FIDEDUPERANGE;
	case FILTER_MMAP_FILE:
		return (s32)arguments->at[4] >= 0;
	case FILTER_ALL:
		return false;
	}
	return true;
}

static __always_inline bool works_on_descriptor(const volatile struct call_rule *rule)
{
	return rule->kind == CALL_FD || rule->kind == CALL_AIO;
}

#define IOCB_FD_OFFSET 20 /* aio_fildes of struct iocb, include/uapi/linux/aio_abi.h */

/* Where a control block is to which the program has an array of pointers; 0: unknown. */
static __always_inline u64 control_block_at(u64 array, u32 index, bool is_compat)
{
	u32 bytes = is_compat ? sizeof(u32) : sizeof(u64);
	u64 block = 0;

	bpf_probe_read_user(&block, bytes, (void *)(array + (u64)index * bytes));
	return block;
}

/* The descriptor in the first of the control blocks to which the third argument points. */
static __always_inline s32 submitted_fd(struct task_struct *task, struct arguments *arguments)
{
	u64 block = control_block_at(arguments->at[2], 0, in_compat_call(task));
	s32 fd = -1;

	bpf_probe_read_user(&fd, sizeof(fd), (void *)(block + IOCB_FD_OFFSET));
	return fd;
}

static __always_inline struct file *file_of_call(struct task_struct *task,
						 const volatile struct call_rule *rule,
						 struct arguments *arguments)
{
	struct file *file;

	if (rule->kind == CALL_AIO) {
		file = fd_lookup(task, submitted_fd(task, arguments));
		return file && is_file(file) ? file : NULL;
	}
	file = fd_lookup(task, argument(arguments, rule->fd_arg));

	if (file && is_file(file))
		return file;
	/* sendfile(2) and splice(2) may have the file on either side. */
	if (rule->fd2_arg == NO_ARG)
		return NULL;
	file = fd_lookup(task, argument(arguments, rule->fd2_arg));
	return file && is_file(file) ? file : NULL;
}

/*
 * A path, of this CPU's struct io_scratch: the file's own walk, or the caller's string and, when it is relative, where it
 * starts. Global and without pointers, as walk_path() is.
 */
int write_part(u32 index);

static __always_inline void path_argument(struct task_struct *task, struct arguments *arguments,
					  u8 path_arg, u8 fd_arg, struct part *part)
{
	s32 directory = AT_FDCWD;

	if (path_arg == NO_ARG)
		return;
	part->string = argument(arguments, path_arg);
	if (fd_arg != NO_ARG)
		directory = argument(arguments, fd_arg);
	if (directory == AT_FDCWD)
		part->from_cwd = true;
	else
		part->file = fd_lookup(task, directory);
}

/* openat2(2) can make its directory the root of the path (RESOLVE_IN_ROOT). */
static __always_inline bool resolves_in_root(u32 number, struct arguments *arguments)
{
	struct open_how how = {};

	if (number != NUMBER_OPENAT2)
		return false;
	bpf_probe_read_user(&how, sizeof(how), (void *)arguments->at[2]);
	return how.resolve & RESOLVE_IN_ROOT;
}

static __always_inline struct io_scratch *begin_io_record(struct task_struct *task,
							  const struct task_id *id, u16 group,
							  u64 now_ns)
{
	struct io_scratch *scratch;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	if (!scratch)
		return NULL;
	scratch->task = task;
	scratch->string_is_kept = 0;
	scratch->record.header.type = RECORD_IO_STALL;
	scratch->record.header.group = group;
	scratch->record.header.time_ns = now_ns;
	scratch->record.id = *id;
	scratch->record.cpu = bpf_get_smp_processor_id();
	scratch->record.flags = 0;
	copy_comm(scratch->record.comm, task);
	return scratch;
}

static __always_inline void fill_call(struct io_scratch *scratch, const struct call_state *call)
{
	scratch->record.number = call->number;
	scratch->record.start_ns = call->start_ns;
	scratch->record.blocked_ns = call->blocked_ns;
	scratch->record.runqueue_ns = call->runqueue_ns;
	scratch->record.iowait_ns = call->iowait_ns;
	scratch->record.reclaim_ns = call->reclaim_ns;
	scratch->record.lock_ns = call->lock_ns;
	scratch->record.longest_block_ns = call->longest_block_ns;
	if (call->longest_in_lock)
		scratch->record.flags |= IO_LONGEST_IN_LOCK;
	__builtin_memcpy(scratch->record.stack, call->stack, sizeof(scratch->record.stack));
	scratch->record.file_system = 0;
	scratch->record.fault_file_system = call->fault_file_system;
	scratch->record.argv_bytes = 0;
	scratch->record.queued_ns = 0;
	scratch->record.worker_host_tid = 0;
	__builtin_memset(scratch->part, 0, sizeof(scratch->part));
	scratch->used = 0;
}

static __always_inline void emit_io_stall(struct io_scratch *scratch, u64 used)
{
	struct record_io_stall *record = &scratch->record;

	send_uses_during(record->start_ns, record->header.time_ns, record->blocked_ns,
			 record->id.host_tid, record->header.group);
	if (used <= sizeof(scratch->data))
		send_record(&scratch->record, sizeof(scratch->record) + used, LOSS_RINGBUF_STALL);
}

static __always_inline void log_call(struct task_struct *task, struct io_scratch *scratch, u64 used,
				     bool executed)
{
	if (used > PART_BYTES)
		return;
	if (executed) {
		scratch->record.argv_bytes =
			copy_argv(task, scratch->data + used, &scratch->record.flags);
		used += scratch->record.argv_bytes;
	}
	scratch->record.header.type = RECORD_LOG_CALL;
	send_log(&scratch->record, sizeof(scratch->record) + used);
}

struct ended_call {
	struct arguments arguments;
	struct file *file;
	struct file_id id;
	u64 now_ns, duration_ns;
	s64 result;
	u32 number;
	u16 mode;
	bool has_file, is_stall;
};

/* Whether what is over worked on a file, and so counts. */
static __always_inline bool is_file_operation(const struct ended_call *ended,
					      const volatile struct call_rule *rule)
{
	return ended->has_file ? is_file_mode(ended->mode) : !works_on_descriptor(rule);
}

static __always_inline void fill_ended(struct io_scratch *scratch, struct ended_call *ended,
				       u32 *open_mode)
{
	scratch->record.duration_ns = ended->duration_ns;
	scratch->record.result = ended->result;
	__builtin_memcpy(scratch->record.args, ended->arguments.at, sizeof(scratch->record.args));
	scratch->record.file = ended->id;
	scratch->record.mode = ended->mode;
	if (log_calls) {
		/* volatile: one load for either would be one from two kinds of memory, which the verifier refuses. */
		scratch->record.open_mode = *(volatile u32 *)open_mode;
		if (ended->file)
			scratch->record.open_mode = READ_FIELD(struct file, ended->file, f_mode);
	}
	if (ended->has_file)
		scratch->record.flags |= IO_HAS_FILE | (ended->file ? 0 : IO_NO_WALK);
	if (ended->file && is_unlinked(ended->file))
		scratch->record.flags |= IO_DELETED;
}

/*
 * Names the file of the descriptor that the call was given, if it is still the same file. Global, so that the verifier
 * checks it once, and not for each caller.
 */
int find_file_again(struct ended_call *ended);

/* Counts a call or request that is over, and worked on a file. */
int count_call(struct cpu_slot *slot, struct ended_call *ended);

/*
 * The call that `current` is in is over, and was a stall or is to be logged. A global function, so that the verifier
 * looks at it once, and not for each way there.
 */
int emit_call(struct ended_call *ended);

#endif
