/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* File calls without a look at each call: known from the switches of a thread that sleeps in one (--io=blocked). */
#ifndef LATWRAP_BLOCKED_H
#define LATWRAP_BLOCKED_H

#include "io_stall.h"

#define PF_EXITING      0x00000004 /* include/linux/sched.h */
#define KEPT_PATH_BYTES 256

const volatile u32 watches_blocks = 0;

/* What a call was given that names its file: the memory that it is in can be read only before the switch. */
struct kept_path {
	char path[KEPT_PATH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* the recorder sets it */
	__type(key, u64);
	__type(value, struct kept_path);
} kept_paths SEC(".maps");

/* As they were when the call began: they stay at the top of the kernel's stack. */
static __always_inline void read_saved_arguments(u64 registers, struct arguments *ret)
{
	struct pt_regs *regs = (struct pt_regs *)registers;

#if defined(__TARGET_ARCH_x86)
	ret->at[0] = BPF_CORE_READ(regs, di);
	ret->at[1] = BPF_CORE_READ(regs, si);
	ret->at[2] = BPF_CORE_READ(regs, dx);
	ret->at[3] = BPF_CORE_READ(regs, r10);
	ret->at[4] = BPF_CORE_READ(regs, r8);
	ret->at[5] = BPF_CORE_READ(regs, r9);
#elif defined(__TARGET_ARCH_arm64)
	ret->at[0] = BPF_CORE_READ(regs, orig_x0);
	ret->at[1] = BPF_CORE_READ(regs, regs[1]);
	ret->at[2] = BPF_CORE_READ(regs, regs[2]);
	ret->at[3] = BPF_CORE_READ(regs, regs[3]);
	ret->at[4] = BPF_CORE_READ(regs, regs[4]);
	ret->at[5] = BPF_CORE_READ(regs, regs[5]);
#endif
	ret->at[6] = ret->at[7] = 0;
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
 * `current` goes to sleep, in a call that concerns a file or elsewhere. Each such block stands for itself: nothing
 * tells whether the next one is in the same call or in another with the same arguments. Global, so that the verifier
 * looks at it once, and not for each way there.
 */
__noinline int begin_block(struct thread_state *state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const volatile struct call_rule *rule;
	struct arguments arguments;
	struct file *file = 0;
	long number;
	u64 lock;

	if (!state)
		return 0;
	number = entry_number(task);
	if (number < 0 || number >= CALL_TABLE_SIZE || task->flags & PF_EXITING)
		return 0;
	rule = &call_rules[number];
	/* What close(2) is given names nothing any more while it sleeps, or already another file. */
	if (!rule->kind || rule->effect == EFFECT_CLOSE)
		return 0;
#if defined(__TARGET_ARCH_x86)
	if (task->thread_info.status & TS_COMPAT) {
		count_loss(LOSS_COMPAT_CALL, state->blocked_from_ns);
		return 0;
	}
#endif
	read_saved_arguments(bpf_task_pt_regs(task), &arguments);
	if (!wanted(rule, &arguments))
		return 0;
	if (rule->kind == CALL_FD) {
		file = file_of_call(task, rule, &arguments);
		if (!file)
			return 0;
		state->call.mode = identify_file(file, &state->call.file);
	} else if (rule->path_arg != NO_ARG) {
		keep_path(task, argument(&arguments, rule->path_arg));
	}
	lock = state->lock;
	forget_blocks(state);
	state->lock = lock;
	state->call.blocked_ns = 0;
	state->call.runqueue_ns = 0;
	state->call.number = number;
	state->call.has_file = rule->kind == CALL_FD;
	state->blocked_file = (u64)file;
	state->call.start_ns = state->blocked_from_ns;
	return 0;
}

static __always_inline void find_kept_path(struct io_scratch *scratch)
{
	u64 key = (u64)scratch->task;
	struct kept_path *kept = bpf_map_lookup_elem(&kept_paths, &key);

	scratch->part[0].string = kept ? (u64)kept->path : 0;
	/* The directory alone would be another file. */
	if (!kept) {
		scratch->part[0].file = 0;
		scratch->part[0].from_cwd = false;
	}
}

/* The task that this CPU's struct io_scratch names runs again. Global as begin_block() is. */
__noinline int send_block(struct thread_state *state)
{
	const volatile struct call_rule *rule;
	struct arguments arguments;
	struct io_scratch *scratch;
	struct file *file;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	if (!state || !scratch)
		return 0;
	rule = &call_rules[state->call.number & (CALL_TABLE_SIZE - 1)];
	file = (struct file *)state->blocked_file;
	read_saved_arguments(scratch->registers, &arguments);
	begin_io_record(scratch->task, state, scratch->record.header.time_ns);
	fill_call(scratch, state);
	scratch->record.duration_ns = scratch->record.header.time_ns - state->call.start_ns;
	scratch->record.flags |= IO_ONE_BLOCK;
	scratch->record.result = 0;
	__builtin_memcpy(scratch->record.args, arguments.at, sizeof(scratch->record.args));
	scratch->record.file = state->call.file;
	scratch->record.mode = state->call.mode;
	scratch->string_is_kept = 1;
	if (file) {
		scratch->record.flags |= IO_HAS_FILE;
		scratch->part[0].file = file;
		if (is_unlinked(file))
			scratch->record.flags |= IO_DELETED;
		scratch->record.file_system = file_system_of(file);
	} else {
		path_argument(scratch->task, &arguments, rule->path_arg, rule->fd_arg,
			      &scratch->part[0]);
		if (rule->path_arg != NO_ARG)
			find_kept_path(scratch);
	}
	write_part(0);
	if (scratch->record.path[0].string_bytes == KEPT_PATH_BYTES - 1)
		scratch->record.flags |= IO_PATH_TRUNCATED;
	write_part(1);
	send_io_stall(scratch, scratch->used);
	return 0;
}

static __always_inline void end_block(struct task_struct *task, struct thread_state *state,
				      u64 now_ns)
{
	u64 duration_ns = now_ns - state->call.start_ns, key = (u64)task;
	struct io_scratch *scratch;
	u32 zero = 0;

	if (!state->call.start_ns)
		return;
	scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	if (scratch && now_ns > state->call.start_ns && duration_ns >= io_threshold_ns) {
		scratch->task = task;
		scratch->registers = bpf_task_pt_regs(task);
		scratch->record.header.time_ns = now_ns;
		remember_stall(state, duration_ns, now_ns);
		send_block(state);
	}
	if (!state->blocked_file)
		bpf_map_delete_elem(&kept_paths, &key);
	state->call.start_ns = 0;
}

#endif
