// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The global functions of io_stall.h: the verifier checks each once, not for each caller. */
#include "io_stall.h"

/* fcntl(2) commands of 32-bit programs: include/uapi/asm-generic/fcntl.h */
#define F_SETLK64  13
#define F_SETLKW64 14

/* old_mmap(2): arch/x86/kernel/sys_ia32.c struct mmap_arg_struct32 */
static __always_inline void read_mmap_arguments(struct arguments *arguments)
{
	u32 from[6] = {};

	bpf_probe_read_user(from, sizeof(from), (void *)arguments->at[0]);
	for (u32 i = 0; i < 6; i++)
		arguments->at[i] = from[i];
}

__noinline int decode_compat(struct arguments *arguments, u32 number)
{
	const volatile struct compat_rule *rule = &compat_rules[number & (CALL_TABLE_SIZE - 1)];
	u8 layout = rule->layout, split = rule->split;

	if (!arguments)
		return 0;
	for (u32 i = 0; i < 6; i++)
		arguments->at[i] = (u32)arguments->at[i];
#pragma unroll
	for (u32 i = 0; i < 5; i++) {
		if (!(split & 1 << i))
			continue;
		arguments->at[i] |= arguments->at[i + 1] << 32;
#pragma unroll
		for (u32 j = i + 1; j < 6; j++)
			arguments->at[j] = arguments->at[j + 1];
	}
	if (layout == COMPAT_MMAP)
		read_mmap_arguments(arguments);
	if (layout == COMPAT_FCNTL && arguments->at[1] == F_SETLK64)
		arguments->at[1] = F_SETLK;
	if (layout == COMPAT_FCNTL && arguments->at[1] == F_SETLKW64)
		arguments->at[1] = F_SETLKW;
	return 0;
}

__noinline int write_part(u32 index)
{
	u32 zero = 0;
	struct io_scratch *scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	struct path_part *written;
	struct task_struct *task;
	struct part *part;
	bool truncated = false;
	u64 walk_bytes = 0, used;
	long length;

	if (!scratch || index > 1)
		return 0;
	used = scratch->used;
	task = scratch->task;
	part = &scratch->part[index];
	written = &scratch->record.path[index];
	written->string_bytes = written->walk_bytes = 0;
	if (used > PART_BYTES)
		return 0;
	if (part->string) {
		if (scratch->string_is_kept)
			length = bpf_probe_read_kernel_str(scratch->data + used, PATH_MAX_BYTES,
							   (void *)part->string);
		else
			length = bpf_probe_read_user_str(scratch->data + used, PATH_MAX_BYTES,
							 (void *)part->string);
		if (length < 1 || length > PATH_MAX_BYTES)
			return 0;
		written->string_bytes = length - 1;
		scratch->used = used + length - 1;
		if (scratch->data[used] == '/' && !part->in_root)
			return 0;
		used += length - 1;
	}
	if (part->file)
		walk_bytes = walk_file(scratch->data + used, task, part->file, &truncated);
	else if (part->from_cwd)
		walk_bytes = copy_walk(scratch->data + used, task,
				       BPF_CORE_READ(task, fs, pwd.dentry),
				       BPF_CORE_READ(task, fs, pwd.mnt), &truncated);
	written->walk_bytes = walk_bytes;
	if (truncated)
		scratch->record.flags |= IO_PATH_TRUNCATED;
	scratch->used = used + walk_bytes;
	return 0;
}

__noinline int emit_call(struct ended_call *ended)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = thread_state(task);
	const volatile struct call_rule *rule;
	struct io_scratch *scratch;
	struct part *part;
	u64 used;

	if (!ended || !state)
		return 0;
	save_current(task, state);
	rule = &call_rules[state->call.number & (CALL_TABLE_SIZE - 1)];
	if (ended->is_stall)
		remember_stall(state, ended->duration_ns, ended->now_ns);
	scratch = begin_io_record(task, &state->id, state->group, ended->now_ns);
	if (!scratch)
		return 0;
	fill_call(scratch, &state->call);
	fill_ended(scratch, ended, &state->call.open_mode);
	part = scratch->part;
	if (ended->file) {
		part[0].file = ended->file;
	} else if (rule->kind == CALL_EXEC && ended->result >= 0) {
		/* The string went with the old memory. */
		part[0].file = BPF_CORE_READ(task, mm, exe_file);
	} else if (!ended->has_file) {
		path_argument(task, &ended->arguments, rule->path_arg, rule->fd_arg, &part[0]);
		part[0].in_root = resolves_in_root(state->call.number, &ended->arguments);
	}
	if (part[0].file)
		scratch->record.file_system = file_system_of(part[0].file);
	path_argument(task, &ended->arguments, rule->path2_arg, rule->fd2_arg, &part[1]);
	write_part(0);
	write_part(1);
	used = scratch->used;
	if (ended->is_stall)
		emit_io_stall(scratch, used);
	if (log_calls && !state->group)
		log_call(task, scratch, used, rule->kind == CALL_EXEC && ended->result >= 0);
	return 0;
}
