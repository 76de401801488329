// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* File I/O: each traced system call from entry to exit. */
#include "aio.h"
#include "fault.h"
#include "file.h"
#include "cpu_slot.h"
#include "io_stall.h"
#include "log.h"
#include "results.h"
#include "thread.h"

#define SECCOMP_MODE_FILTER 2 /* include/uapi/linux/seccomp.h */
#define ENOSYS              38

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CALL_TABLE_SIZE);
	__type(key, u32);
	__type(value, struct call_totals);
} calls SEC(".maps");

struct file_scratch {
	struct file *file;
	struct record_file record;
	char data[WALK_BUFFER_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct file_scratch);
} file_scratch SEC(".maps");

/* Sends the record in this CPU's struct file_scratch. Global and without pointers, as walk_path() is. */
__noinline int emit_file(void)
{
	u32 zero = 0;
	struct file_scratch *scratch = bpf_map_lookup_elem(&file_scratch, &zero);
	bool truncated = false;
	u64 walk_bytes;

	if (!scratch)
		return 0;
	walk_bytes =
		walk_file(scratch->data, bpf_get_current_task_btf(), scratch->file, &truncated);
	scratch->record.header.type = RECORD_FILE;
	scratch->record.header.group = 0;
	scratch->record.walk_bytes = walk_bytes;
	scratch->record.flags = truncated ? IO_PATH_TRUNCATED : 0;
	if (is_unlinked(scratch->file))
		scratch->record.flags |= IO_DELETED;
	send_record(&scratch->record, sizeof(scratch->record) + walk_bytes, LOSS_RINGBUF_FILE);
	return 0;
}

static __always_inline void emit_new_file(struct file *file, struct file_id *id, u16 mode,
					  u64 now_ns)
{
	u32 zero = 0;
	struct file_scratch *scratch = bpf_map_lookup_elem(&file_scratch, &zero);

	if (!scratch)
		return;
	scratch->file = file;
	scratch->record.header.time_ns = now_ns;
	scratch->record.file = *id;
	scratch->record.mode = mode;
	emit_file();
}

/* Not on the stack: before 6.12, the verifier gives functions that call each other little stack. */
static const struct file_totals no_totals;

__noinline int find_file_again(struct ended_call *ended)
{
	const volatile struct call_rule *rule;
	struct file *file;
	struct file_id id;

	if (!ended || ended->file)
		return 0;
	rule = &call_rules[ended->number & (CALL_TABLE_SIZE - 1)];
	/* After close(2) the descriptor names no file; the next open of the file names it. */
	if (!works_on_descriptor(rule) || rule->effect == EFFECT_CLOSE)
		return 0;
	file = file_of_call(bpf_get_current_task_btf(), rule, &ended->arguments);
	if (!file)
		return 0;
	identify_file(file, &id);
	if (is_same_file(&id, &ended->id))
		ended->file = file;
	return 0;
}

/* Whether this CPU's slot can count what the call did to the file. */
static __always_inline bool is_known_file(struct cpu_slot *slot, struct file_id *id,
					  struct ended_call *ended)
{
	if (is_same_file(id, &slot->file))
		return true;
	flush_file(slot);
	if (!bpf_map_lookup_elem(&files, id)) {
		find_file_again(ended);
		if (!ended->file)
			return false;
		if (bpf_map_update_elem(&files, id, &no_totals, BPF_NOEXIST) == 0)
			emit_new_file(ended->file, id, ended->mode, ended->now_ns);
		if (!bpf_map_lookup_elem(&files, id)) {
			count_loss(LOSS_FILE_TABLE, ended->now_ns);
			return false;
		}
	}
	slot->file = *id;
	return true;
}

static __always_inline void account_file(struct cpu_slot *slot, u8 effect, s64 result,
					 u64 duration_ns)
{
	struct file_totals *totals = &slot->totals;

	slot->pending = 1;
	totals->total_ns += duration_ns;
	if (duration_ns > totals->max_ns)
		totals->max_ns = duration_ns;
	if (result < 0)
		totals->errors++;
	switch (effect) {
	case EFFECT_OPEN:
		totals->opens++;
		break;
	case EFFECT_READ:
		totals->reads++;
		if (result > 0)
			totals->bytes_read += result;
		break;
	case EFFECT_WRITE:
		totals->writes++;
		if (result > 0)
			totals->bytes_written += result;
		break;
	case EFFECT_SYNC:
		totals->syncs++;
		break;
	}
}

static __always_inline void account_call(struct cpu_slot *slot, u32 number, u8 effect, s64 result,
					 u64 duration_ns)
{
	struct call_totals *totals = bpf_map_lookup_elem(&calls, &number);
	u64 bytes = 0;

	slot->io.count++;
	slot->io.total_ns += duration_ns;
	if (duration_ns > slot->io.max_ns)
		slot->io.max_ns = duration_ns;
	if (result < 0)
		slot->io.errors++;
	if (result > 0 && (effect == EFFECT_READ || effect == EFFECT_WRITE)) {
		bytes = result;
		if (effect == EFFECT_READ)
			slot->io.bytes_read += bytes;
		else
			slot->io.bytes_written += bytes;
	}
	/* The tables by call and by file are the run's. */
	if (!totals || slot->group)
		return;
	totals->count++;
	totals->total_ns += duration_ns;
	totals->bytes += bytes;
	totals->histogram[log2_bucket(duration_ns)]++;
	if (duration_ns > totals->max_ns)
		totals->max_ns = duration_ns;
	if (result < 0)
		totals->errors++;
}

/*
 * Notes the file that a call is about to work on: at its end the descriptor may name another file, or none. Returns false
 * if the descriptor is not a file's: then the call does not count, and no clock is read for it.
 */
static __always_inline bool begin_on_file(struct cpu_slot *slot, struct task_struct *task,
					  const volatile struct call_rule *rule,
					  struct arguments *arguments)
{
	struct file *file = file_of_call(task, rule, arguments);

	if (!file)
		return false;
	slot->call_mode = identify_file(file, &slot->call_file);
	if (log_calls)
		slot->call_open_mode = READ_FIELD(struct file, file, f_mode);
	slot->call_has_file = 1;
	return true;
}

/* Returns false if the other program has handled this entry. */
static __always_inline bool is_first_to_enter(struct cpu_slot *slot, u16 number, bool again)
{
	if (!is_preempted)
		return true;
	if (again && slot->entered == number + 1)
		return false;
	if (slot->entered && slot->entered < ENTERED_UNKNOWN && !run_is_over)
		__sync_fetch_and_add(&unseen_ends, 1);
	slot->entered = number + 1;
	return true;
}

/* `current` enters this call. */
static __always_inline void open_call(struct cpu_slot *slot, struct task_struct *task,
				      struct pt_regs *regs, bool is_compat, u32 number,
				      const volatile struct call_rule *rule)
{
	struct arguments arguments;

	slot->in_fault = 0;
	slot->call_start_ns = 0;
	slot->call_has_file = 0;
	slot->call_open_mode = 0;
	slot->fault_file_system = 0;
	if (rule->filter || works_on_descriptor(rule)) {
		read_arguments(regs, is_compat, &arguments);
		/* Watched cgroups have no tests. */
		if (number == NUMBER_WRITE && !slot->group)
			look_at_output(arguments.at[0], arguments.at[1], arguments.at[2]);
		if (!rule_matches(rule, &arguments))
			return;
		if (works_on_descriptor(rule) && !begin_on_file(slot, task, rule, &arguments))
			return;
	}
	slot->call_number = number;
	slot->call_start_ns = bpf_ktime_get_ns();
}

/* The rule of a call that is traced, under its number in 64-bit programs; NULL: any other call. */
static __always_inline const volatile struct call_rule *traced_call(bool is_compat, long number,
								    u32 *ret_number)
{
	const volatile struct call_rule *rule = &call_rules[number & (CALL_TABLE_SIZE - 1)];

	if (is_compat) {
		number = number_of_compat(number);
		if (number == NUMBER_OTHER)
			return NULL;
		rule = &call_rules[number & (CALL_TABLE_SIZE - 1)];
	}
	*ret_number = number;
	return rule->kind > CALL_COMPAT ? rule : NULL;
}

/* io_submit(2), io_getevents(2) */
static __always_inline void begin_asynchronous(struct task_struct *task, struct pt_regs *regs,
					       bool is_compat,
					       const volatile struct call_rule *rule)
{
	struct arguments arguments;

	if (rule->kind == CALL_REAP) {
		begin_reaping(thread_state(task));
		return;
	}
	read_arguments(regs, is_compat, &arguments);
	begin_submission(&arguments);
}

static __always_inline void end_asynchronous(struct pt_regs *regs, bool is_compat,
					     const volatile struct call_rule *rule, long result)
{
	struct arguments arguments;

	read_arguments(regs, is_compat, &arguments);
	if (rule->kind == CALL_REAP)
		end_reaping(&arguments, result);
	else
		end_submission(&arguments, result);
}

static __always_inline void begin_call(struct pt_regs *regs, bool is_compat, u32 number,
				       const volatile struct call_rule *rule, bool again)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());

	if (!slot || current_group(slot, task, true) == NO_GROUP ||
	    !is_first_to_enter(slot, number, again))
		return;
	if (slot->fault_in_state || slot->call_in_state)
		end_leftovers(slot, task);
	if (rule->kind >= CALL_AIO)
		begin_asynchronous(task, regs, is_compat, rule);
	open_call(slot, task, regs, is_compat, number, rule);
	flush_slot(slot, task);
}

/* The run has stepped down: only what its tests print counts. */
static __always_inline void look_only(struct pt_regs *regs, bool is_compat, u32 number)
{
	struct arguments arguments;

	if (number != NUMBER_WRITE || group_of(bpf_get_current_task_btf()))
		return;
	read_arguments(regs, is_compat, &arguments);
	look_at_output(arguments.at[0], arguments.at[1], arguments.at[2]);
}

static __always_inline int handle_sys_enter(struct pt_regs *regs, long number, bool again)
{
	const volatile struct call_rule *rule;
	bool is_compat;
	u32 traced;

	if (number < 0 || number >= CALL_TABLE_SIZE || !call_rules[number].kind)
		return 0;
	is_compat = in_compat_call(bpf_get_current_task_btf());
	rule = traced_call(is_compat, number, &traced);
	if (!rule)
		return 0;
	if (is_stepped_down()) {
		if (has_seen_results && !again)
			look_only(regs, is_compat, traced);
		return 0;
	}
	disable_preemption();
	begin_call(regs, is_compat, traced, rule, again);
	enable_preemption();
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter, struct pt_regs *regs, long number)
{
	return handle_sys_enter(regs, number, false);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter_again, struct pt_regs *regs, long number)
{
	return handle_sys_enter(regs, number, true);
}

/*
 * An exec returns into another program. x86 writes execve's number there, also for execveat(2); that of 32-bit programs before
 * the first instruction of one (set_personality_ia32() in arch/x86/kernel/process_64.c).
 */
static __always_inline bool is_same_call(u32 begun, u32 ended)
{
	return begun == ended || (call_rules[begun & (CALL_TABLE_SIZE - 1)].kind == CALL_EXEC &&
				  call_rules[ended & (CALL_TABLE_SIZE - 1)].kind == CALL_EXEC);
}

/*
 * When the call began: from this CPU's slot or, if the thread has left a CPU since, from its state; 0: unknown. Sets the
 * number to that of the entry.
 */
static __always_inline u64 call_begin(struct cpu_slot *slot, struct task_struct *task, u32 *number)
{
	struct thread_state *state;

	if (slot->call_start_ns) {
		if (!is_same_call(slot->call_number, *number))
			return 0;
		*number = slot->call_number;
		return slot->call_start_ns;
	}
	state = slot->call_in_state ? thread_state(task) : NULL;
	if (!state || !is_same_call(state->call.number, *number))
		return 0;
	*number = state->call.number;
	slot->call_has_file = state->call.has_file;
	slot->call_mode = state->call.mode;
	slot->call_file = state->call.file;
	return state->call.start_ns;
}

static __always_inline void find_file(struct task_struct *task,
				      const volatile struct call_rule *rule, struct cpu_slot *slot,
				      struct ended_call *ended)
{
	if (rule->kind == CALL_OPEN)
		ended->file = fd_lookup(task, ended->result);
	if (ended->file) {
		ended->mode = identify_file(ended->file, &ended->id);
		ended->has_file = true;
	} else if (slot->call_has_file) {
		ended->mode = slot->call_mode;
		ended->id = slot->call_file;
		ended->has_file = true;
	}
}

__noinline int count_call(struct cpu_slot *slot, struct ended_call *ended)
{
	const volatile struct call_rule *rule;
	struct file_id id; /* as in flush_pending() */

	if (!slot || !ended)
		return 0;
	id = ended->id;
	rule = &call_rules[ended->number & (CALL_TABLE_SIZE - 1)];
	account_call(slot, ended->number, rule->effect, ended->result, ended->duration_ns);
	if (ended->has_file && !slot->group && is_known_file(slot, &id, ended))
		account_file(slot, rule->effect, ended->result, ended->duration_ns);
	return 0;
}

/* Whether the first of two programs has seen this end. */
static __always_inline bool has_seen_exit(struct cpu_slot *slot, bool again)
{
	return is_preempted && again && slot->entered & ENTERED_LEFT;
}

static __always_inline void note_exit(struct cpu_slot *slot, bool again, bool answered)
{
	if (!is_preempted || run_is_over)
		return;
	if (!answered &&
	    (slot->entered == ENTERED_NONE || (slot->entered & ENTERED_LEFT && !again)))
		__sync_fetch_and_add(&unseen_begins, 1);
	slot->entered = again ? ENTERED_NONE : ENTERED_LEFT;
}

/* Counts a call of a member, if it worked on a file. */
static __always_inline void count_ended(struct cpu_slot *slot, struct task_struct *task,
					struct pt_regs *regs, bool is_compat, u32 number,
					const volatile struct call_rule *rule, u64 begin_ns,
					long result)
{
	struct ended_call ended = {};

	read_arguments(regs, is_compat, &ended.arguments);
	ended.number = number;
	ended.result = result;
	ended.now_ns = bpf_ktime_get_ns();
	ended.duration_ns = ended.now_ns - begin_ns;
	find_file(task, rule, slot, &ended);
	if (!is_file_operation(&ended, rule))
		return;
	count_call(slot, &ended);
	ended.is_stall = ended.duration_ns >= io_threshold_ns;
	if (ended.is_stall || (log_calls && !slot->group)) {
		find_file_again(&ended);
		emit_call(&ended);
	}
}

/*
 * A system call filter decides before sys_enter (kernel/entry/common.c syscall_trace_enter()). A call that it refuses, or
 * that its supervisor answers, only ends. A filter that sends SIGSYS leaves the number in place of a result: then the
 * program's signal handler sets the result.
 */
static __always_inline bool is_answered_by_filter(struct task_struct *task, struct pt_regs *regs,
						  long result)
{
	return bpf_core_field_exists(task->seccomp) && task->seccomp.mode == SECCOMP_MODE_FILTER &&
	       result != call_number(regs);
}

static __always_inline void end_call(struct pt_regs *regs, bool is_compat, u32 number,
				     const volatile struct call_rule *rule, long result, bool again)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());
	struct thread_state *state;
	bool answered, seen;
	u64 begin_ns;

	if (!slot || current_group(slot, task, false) == NO_GROUP || run_is_over)
		return;
	seen = has_seen_exit(slot, again);
	answered = !slot->call_start_ns && !slot->call_in_state && !seen &&
		   is_answered_by_filter(task, regs, result);
	note_exit(slot, again, answered);
	if (answered)
		open_call(slot, task, regs, is_compat, number, rule);
	begin_ns = call_begin(slot, task, &number);
	rule = &call_rules[number & (CALL_TABLE_SIZE - 1)];
	if (begin_ns)
		count_ended(slot, task, regs, is_compat, number, rule, begin_ns, result);
	/* A thread is in one call at a time: an earlier call is over even if its end was not traced. */
	slot->call_start_ns = 0;
	if (slot->call_in_state) {
		state = thread_state(task);
		if (state)
			state->call.start_ns = 0;
		slot->call_in_state = 0;
	}
	if (rule->kind >= CALL_AIO && !seen)
		end_asynchronous(regs, is_compat, rule, result);
	if (begin_ns || rule->kind == CALL_REAP)
		flush_slot(slot, task);
}

/* Numbers of x32, or of a 32-bit program on arm64. */
static __always_inline void count_undecoded(long result)
{
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());

	if (slot && result != -ENOSYS && !run_is_over &&
	    current_group(slot, bpf_get_current_task_btf(), false) != NO_GROUP)
		count_loss(LOSS_COMPAT_CALL, bpf_ktime_get_ns());
}

static __always_inline int handle_sys_exit(struct pt_regs *regs, long result, bool again)
{
	const volatile struct call_rule *rule;
	long number = call_number(regs);
	bool is_compat;
	u32 traced;

	if (is_undecoded(regs, number)) {
		disable_preemption();
		if (!again)
			count_undecoded(result);
		enable_preemption();
		return 0;
	}
	if (number < 0 || number >= CALL_TABLE_SIZE || !call_rules[number].kind ||
	    is_stepped_down())
		return 0;
	is_compat = in_compat_call(bpf_get_current_task_btf());
	rule = traced_call(is_compat, number, &traced);
	if (!rule)
		return 0;
	disable_preemption();
	end_call(regs, is_compat, traced, rule, result, again);
	enable_preemption();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long result)
{
	return handle_sys_exit(regs, result, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit_again, struct pt_regs *regs, long result)
{
	return handle_sys_exit(regs, result, true);
}
