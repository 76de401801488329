/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* File operations in which a thread sleeps (--io=blocked, after a step down): found at switches, so others cost nothing. */
#ifndef LATWRAP_BLOCKED_H
#define LATWRAP_BLOCKED_H

#include "io_stall.h"

#define PF_EXITING      0x00000004 /* include/linux/sched.h */
#define KEPT_PATH_BYTES 256

const volatile u32 watches_blocks = 0;

static __always_inline bool watches_blocks_now(void)
{
	return watches_blocks && (!may_step_down || has_stepped_down);
}

/*
 * The flags of a thread that a switch sets, and that its return to user mode clears: those of restartable sequences (rseq),
 * which glibc registers for each thread since 2.35. A thread that has one of them when it leaves its CPU is still in the call
 * that it slept in before. Their numbers depend on the kernel, so the recorder's first sleep shows them. 0: unknown; then
 * each sleep counts on its own, as it does for a thread without rseq.
 */
u32 same_call_flags = 0;
/* What the recorder had when it went to sleep; 0: not seen. */
u32 recorder_flags = 0;
#if defined(__TARGET_ARCH_x86)
/* Without TIF_NEED_FPU_LOAD (bit 14): a call that uses the FPU, as for a checksum, sets it without a switch. */
#define FLAGS_MASK 0xbfff
#else
#define FLAGS_MASK 0xffff
#endif
#define FLAGS_KNOWN 0x10000

static __always_inline u32 flags_of(struct task_struct *task)
{
	return task->thread_info.flags & FLAGS_MASK;
}

static __always_inline void learn_flags(struct task_struct *prev, struct task_struct *next,
					bool runnable)
{
	if ((!watches_blocks && sees_faults) || same_call_flags)
		return;
	if ((u32)prev->pid == recorder_tgid)
		recorder_flags = runnable ? 0 : flags_of(prev) | FLAGS_KNOWN;
	else if ((u32)next->pid == recorder_tgid && recorder_flags)
		same_call_flags = flags_of(next) & ~recorder_flags;
}

/* `current` leaves its CPU. Preempted in a call in which it slept before, it is in that call until it runs again. */
static __always_inline void continue_block(struct task_struct *task, struct thread_state *state,
					   bool runnable)
{
	if (!state->blocked_since_ns)
		return;
	if (!(flags_of(task) & same_call_flags))
		state->blocked_since_ns = 0;
	else if (runnable && state->blocked_file)
		state->call.start_ns = state->blocked_since_ns;
}

/* The path argument of a call: user memory can be read only before the switch. */
struct kept_path {
	char path[KEPT_PATH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the recorder sets it */
	__type(key, u64);
	__type(value, struct kept_path);
} kept_paths SEC(".maps");

/* The arguments at the start of the call: they stay at the top of the kernel stack. */
static __always_inline void read_saved_arguments(u64 registers, bool is_compat,
						 struct arguments *ret)
{
	struct pt_regs *regs = (struct pt_regs *)registers;

#define REGISTER(name) BPF_CORE_READ(regs, name)
	if (is_compat) {
		SET_ARGUMENTS(ret, REGISTER, COMPAT_ARGUMENT_REGISTERS);
		decode_compat(ret, READ_FIELD(struct pt_regs, registers, NUMBER_REGISTER));
	} else {
		SET_ARGUMENTS(ret, REGISTER, ARGUMENT_REGISTERS);
	}
#undef REGISTER
}

static __always_inline void keep_path(struct task_struct *task, u64 string)
{
	u64 key = (u64)task;
	u32 zero = 0;
	struct io_scratch *scratch = bpf_map_lookup_elem(&io_scratch, &zero);

	if (scratch && bpf_probe_read_user_str(scratch->data, KEPT_PATH_BYTES, (void *)string) > 0)
		bpf_map_update_elem(&kept_paths, &key, scratch->data, BPF_ANY);
}

/*
 * `current` goes to sleep, in a call on a file or elsewhere. The function is global so that the verifier checks it once, and
 * not for each caller.
 */
int begin_block(struct thread_state *state);

static __always_inline void find_kept_path(struct io_scratch *scratch)
{
	u64 key = (u64)scratch->task;
	struct kept_path *kept = bpf_map_lookup_elem(&kept_paths, &key);

	scratch->part[0].string = kept ? (u64)kept->path : 0;
	/* Without the string, the directory alone would name another file. */
	if (!kept) {
		scratch->part[0].file = NULL;
		scratch->part[0].from_cwd = false;
	}
}

/* The task that this CPU's struct io_scratch names runs again. Global as begin_block() is. */
int emit_block(struct thread_state *state);

static __always_inline void end_block(struct task_struct *task, struct thread_state *state,
				      u64 now_ns)
{
	u64 duration_ns = now_ns - state->call.start_ns, key = (u64)task;
	struct io_scratch *scratch;
	u32 zero = 0;

	if (!state->call.start_ns)
		return;
	/* Sleeps of one call count together until they are a stall. */
	state->blocked_since_ns = state->call.start_ns;
	scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	if (scratch && now_ns > state->call.start_ns && duration_ns >= io_threshold_ns) {
		state->blocked_since_ns = 0;
		scratch->task = task;
		scratch->registers = bpf_task_pt_regs(task);
		scratch->is_compat = in_compat_call(task);
		scratch->record.header.time_ns = now_ns;
		remember_stall(state, duration_ns, now_ns);
		emit_block(state);
	}
	if (!state->blocked_file)
		bpf_map_delete_elem(&kept_paths, &key);
	state->call.start_ns = 0;
}

#endif
