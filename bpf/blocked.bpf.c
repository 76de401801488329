// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The global functions of blocked.h: the verifier checks each once, not for each caller. */
#include "blocked.h"

__noinline int begin_block(struct thread_state *state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const volatile struct call_rule *rule;
	struct arguments arguments;
	struct file *file = NULL;
	u64 key;
	long number;

	if (!state)
		return 0;
	number = entry_number(task);
	if (number < 0 || number >= CALL_TABLE_SIZE || task->flags & PF_EXITING)
		return 0;
	rule = &call_rules[number];
	/* While close(2) sleeps, its descriptor names no file, or already another one. */
	if (rule->kind <= CALL_COMPAT || rule->effect == EFFECT_CLOSE)
		return 0;
	read_saved_arguments(bpf_task_pt_regs(task), in_compat_call(task), &arguments);
	if (!rule_matches(rule, &arguments))
		return 0;
	if (works_on_descriptor(rule)) {
		file = file_of_call(task, rule, &arguments);
		if (!file)
			return 0;
		state->call.mode = identify_file(file, &state->call.file);
	} else if (rule->path_arg != NO_ARG) {
		keep_path(task, argument(&arguments, rule->path_arg));
	}
	key = call_key(task);
	if (!state->blocked_since_ns || state->blocked_key != key) {
		reset_blocks_at_sleep(state);
		state->call.blocked_ns = 0;
		state->call.runqueue_ns = 0;
		state->call.fault_file_system = 0;
		state->blocked_since_ns = state->blocked_from_ns;
		state->blocked_key = key;
	}
	state->call.number = number;
	state->call.has_file = works_on_descriptor(rule);
	state->blocked_file = (u64)file;
	state->call.start_ns = state->blocked_since_ns;
	return 0;
}

__noinline int emit_block(struct thread_state *state)
{
	const volatile struct call_rule *rule;
	struct arguments arguments;
	struct io_scratch *scratch;
	struct file *file;
	struct file_id id;
	u32 zero = 0;

	scratch = bpf_map_lookup_elem(&io_scratch, &zero);
	if (!state || !scratch)
		return 0;
	rule = &call_rules[state->call.number & (CALL_TABLE_SIZE - 1)];
	file = (struct file *)state->blocked_file;
	read_saved_arguments(scratch->registers, scratch->is_compat, &arguments);
	/* The run stepped down in the middle of this call: only its file is known. */
	if (may_step_down && !file && state->call.has_file) {
		file = fd_lookup(scratch->task, argument(&arguments, rule->fd_arg));
		if (file)
			identify_file(file, &id);
		if (file && !is_same_file(&id, &state->call.file))
			file = NULL;
	}
	begin_io_record(scratch->task, &state->id, state->group, scratch->record.header.time_ns);
	fill_call(scratch, &state->call);
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
	} else if (state->call.has_file) {
		scratch->record.flags |= IO_HAS_FILE | IO_NO_WALK;
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
	emit_io_stall(scratch, scratch->used);
	return 0;
}
