// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Processes: fork, exec with its arguments, moves between cgroups, and snapshots of all living threads. */
#include "flight.h"
#include "cpu_slot.h"
#include "path.h"
#include "thread.h"

#define EXEC_DATA_BYTES (ARGV_MAX_BYTES + WALK_BUFFER_BYTES)
struct exec_scratch {
	struct record_exec record;
	char data[EXEC_DATA_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct exec_scratch);
} exec_scratch SEC(".maps");

/* A member's child that starts outside: clone3(CLONE_INTO_CGROUP). */
static __always_inline void emit_born_outside(struct task_struct *parent, struct task_struct *child)
{
	struct thread_state *state = thread_state(parent);
	struct record_thread *record;
	u64 now_ns = bpf_ktime_get_ns();

	if (!state)
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_loss(LOSS_RINGBUF_PROCESS, now_ns);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_THREAD_LEFT;
	record->header.group = state->group;
	record->header.bytes = sizeof(*record);
	record->header.time_ns = now_ns;
	record->start_ns = now_ns;
	identify(child, &record->id);
	record->ppid = state->id.pid;
	copy_comm(record->comm, child);
	bpf_ringbuf_submit(record, wakeup_flags());
}

/*
 * copy_process() ends here, whoever called it. sched_process_fork is only in kernel_clone(): it does not show the threads
 * that the kernel itself adds to a process for io_uring (create_io_thread()) and vhost (vhost_task_create()). Ask the
 * child, not the creator, for its cgroup: clone3(CLONE_INTO_CGROUP) puts them apart.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(task_newtask, struct task_struct *child, unsigned long clone_flags)
{
	struct task_struct *creator = bpf_get_current_task_btf();

	if (is_member(child))
		adopt_thread(child, creator);
	else if (is_member(creator))
		emit_born_outside(creator, child);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct thread_state *state;
	struct exec_scratch *scratch;
	struct record_exec *record;
	u64 argv_start, argv_bytes, walk_bytes;
	struct file *file = BPF_CORE_READ(bprm, file);
	bool truncated = false;
	u32 zero = 0;

	if (!is_member(task))
		return 0;
	state = adopt_thread(task, NULL);
	scratch = bpf_map_lookup_elem(&exec_scratch, &zero);
	if (!state || !scratch)
		return 0;
	/* A thread that execs takes over the leader's ID (fs/exec.c de_thread()). */
	identify_thread(task, state);
	state->results_fd = 0;

	record = &scratch->record;
	record->header.type = RECORD_EXEC;
	record->header.group = state->group;
	record->header.time_ns = bpf_ktime_get_ns();
	record->id = state->id;
	record->ppid = state->ppid;
	copy_comm(record->comm, task);

	argv_start = BPF_CORE_READ(task, mm, arg_start);
	argv_bytes = BPF_CORE_READ(task, mm, arg_end) - argv_start;
	record->argv_truncated = argv_bytes > ARGV_MAX_BYTES;
	if (argv_bytes > ARGV_MAX_BYTES)
		argv_bytes = ARGV_MAX_BYTES;
	if (bpf_probe_read_user(scratch->data, argv_bytes, (void *)argv_start))
		argv_bytes = 0;
	record->argv_bytes = argv_bytes;

	walk_bytes = copy_walk(scratch->data + argv_bytes, task, BPF_CORE_READ(file, f_path.dentry),
			       BPF_CORE_READ(file, f_path.mnt), &truncated);
	record->exe_walk_bytes = walk_bytes;
	record->exe_truncated = truncated;
	send_record(record, sizeof(*record) + argv_bytes + walk_bytes, LOSS_RINGBUF_PROCESS);
	return 0;
}

/* The current slice of a thread that moves while it runs, such as one that moves itself, counts for its new cgroup. */
static __always_inline void move_slice(struct task_struct *task, u32 group)
{
	struct flight_recorder *recorder = flight_recorder(cpu_of(task));
	struct slice *slice;

	if (!recorder)
		return;
	slice = current_slice(recorder);
	if (slice->host_tid != task->pid)
		return;
	slice->cgroup_id = cgroup_id_of(task);
	slice->class = group ? CLASS_OUTSIDE : CLASS_INSIDE;
}

/*
 * The task itself must show that a wait or call is still open, because its end may not have been traced. A thread
 * that waits for a CPU is on none and does not sleep. A thread that is off its CPU in a call has entered the kernel
 * by that call.
 */
static __always_inline void check_unfinished(struct record_thread *record, struct task_struct *task)
{
	bool on_cpu = task->on_cpu;

	if (on_cpu || task->__state & ~TASK_WAKING)
		record->wait_start_ns = 0;
	if (!on_cpu && record->call_start_ns && entry_number(task) != record->call_number)
		record->call_start_ns = 0;
}

/* Fills the record of a thread that leaves its cgroup. */
static __always_inline void fill_left(struct record_thread *record, struct task_struct *task,
				      struct thread_state *state, u64 now_ns)
{
	fill_thread(record, task, state, now_ns);
	check_unfinished(record, task);
	record->header.type = RECORD_THREAD_LEFT;
}

/* The thread's totals have been sent. It keeps its state, so that its end is still reported. */
static __always_inline void leave_group(struct thread_state *state)
{
	state->outside = 1;
	state->reclaim_ns = state->compaction_ns = 0;
	__builtin_memset(&state->waits, 0, sizeof(state->waits));
	__builtin_memset(&state->io, 0, sizeof(state->io));
}

/* The thread's state may be from an earlier time in the cgroup. */
static __always_inline void enter_group(struct task_struct *task, struct thread_state *state,
					u32 group, u64 now_ns)
{
	state->group = group;
	state->outside = 0;
	state->start_ns = now_ns;
	state->entered = ENTERED_UNKNOWN;
	state->wait_start_ns = state->wait_woken_ns = state->blocked_from_ns = 0;
	state->off_cpu = 0;
	state->lock = 0;
	state->call.start_ns = state->fault.start_ns = 0;
	state->reclaim_from_ns = state->compaction_from_ns = 0;
	state->delay.until_ns = state->recent_delay.until_ns = 0;
	identify_thread(task, state);
	read_clocks(task, &state->before);
	send_start(task, state, NULL, now_ns);
}

static __always_inline bool has_moved(struct thread_state *state, u32 group)
{
	return state->outside ? group != NO_GROUP : group != state->group;
}

/* Reports that a thread with state has moved. */
static __always_inline void report_move(struct task_struct *task, struct thread_state *state,
					u32 group, u64 now_ns)
{
	struct record_thread *record;

	if (!state->outside) {
		record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
		if (record) {
			__builtin_memset(record, 0, sizeof(*record));
			fill_left(record, task, state, now_ns);
			bpf_ringbuf_submit(record, wakeup_flags());
		} else {
			count_loss(LOSS_RINGBUF_PROCESS, now_ns);
		}
		leave_group(state);
	}
	if (group != NO_GROUP)
		enter_group(task, state, group, now_ns);
}

/* A thread that moves itself does so in a call, which ends in the other cgroup. */
static __always_inline void end_own_call(struct task_struct *task, struct thread_state *state)
{
	struct cpu_slot *slot = measures_io ? cpu_slot(bpf_get_smp_processor_id()) : NULL;

	if (slot && slot->task == (u64)task) {
		drop_call(slot);
		save_totals(slot, state);
	}
	state->call.start_ns = 0;
}

/* The tracepoint names only the leader of a process that moves. For the other threads the recorder runs `adopt`. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *to, const char *path, struct task_struct *task,
	     bool threadgroup)
{
	u64 now_ns = bpf_ktime_get_ns();
	struct record_header *record;
	struct thread_state *state;
	u32 group = group_of(task);

	__sync_fetch_and_add(&moves, 1);
	move_slice(task, group);
	state = thread_state(task);
	if (state ? !has_moved(state, group) : group == NO_GROUP)
		return 0;
	if (state && !state->outside)
		last_leave_ns = now_ns;
	if (!state) {
		adopt_thread(task, NULL);
	} else if (!state->ended) {
		disable_preemption();
		if (task == bpf_get_current_task_btf())
			end_own_call(task, state);
		report_move(task, state, group, now_ns);
		enable_preemption();
	}
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_loss(LOSS_RINGBUF_PROCESS, now_ns);
		return 0;
	}
	record->type = RECORD_MOVED;
	record->group = 0;
	record->bytes = sizeof(*record);
	record->time_ns = now_ns;
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/* When a thread left: with its process, if that move was traced. */
static __always_inline u64 leave_ns(struct thread_state *state, u64 now_ns)
{
	return last_leave_ns >= state->start_ns ? last_leave_ns : now_ns;
}

SEC("iter/task")
int adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct thread_state *state;
	u32 group;

	if (!task)
		return 0;
	group = group_of(task);
	state = thread_state(task);
	if (!state && group != NO_GROUP)
		adopt_thread(task, NULL);
	else if (state && !state->ended && has_moved(state, group))
		report_move(task, state, group, leave_ns(state, bpf_ktime_get_ns()));
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct record_thread);
} snapshot_scratch SEC(".maps");

#define PENDING_TRIES 8

struct pending {
	struct record_thread *record;
	struct thread_state *state;
	struct cpu_slot *slot;
	u64 task;
};

/* Repeated until save_seq did not change. */
static long read_pending(u32 step, struct pending *pending)
{
	struct cpu_slot *slot = pending->slot;
	u64 save_seq = *(volatile u64 *)&slot->save_seq;

	barrier();
	pending->record->io = pending->state->io;
	if (slot->task == pending->task)
		add_io(&pending->record->io, &slot->io);
	barrier();
	return !(save_seq & 1) && save_seq == *(volatile u64 *)&slot->save_seq;
}
LOOP_STEP(read_pending, struct pending, PENDING_TRIES)

/* Adds what the slot of a thread that runs now has not yet saved. (Linux 6.1 takes a plain loop for an endless one.) */
static __always_inline void add_pending(struct record_thread *record, struct task_struct *task,
					struct thread_state *state)
{
	struct cpu_slot *slot = cpu_slot(cpu_of(task));
	struct pending pending = {record, state, slot, (u64)task};

	if (!slot)
		return;
	LOOP(read_pending, &pending);
	if (slot->task == (u64)task && slot->call_start_ns && !state->outside) {
		record->call_start_ns = slot->call_start_ns;
		record->call_number = slot->call_number;
		record->call_blocked_ns = record->call_runqueue_ns = 0;
		record->blocker_host_pid = 0;
	}
}

/* Visits every thread with state, also those that were moved away. */
SEC("iter/task")
int snapshot(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct thread_state *state;
	struct record_thread *record;
	u32 zero = 0;

	if (!task)
		return 0;
	state = thread_state(task);
	record = bpf_map_lookup_elem(&snapshot_scratch, &zero);
	if (!state || state->ended || !record)
		return 0;
	if (!state->outside && has_moved(state, group_of(task))) {
		/* The move was not traced, so it is unknown when its calls and waits stopped being traced. */
		fill_left(record, task, state, bpf_ktime_get_ns());
		record->wait_start_ns = record->call_start_ns = 0;
		if (bpf_seq_write(ctx->meta->seq, record, sizeof(*record)) == 0)
			leave_group(state);
		return 0;
	}
	fill_thread(record, task, state, bpf_ktime_get_ns());
	record->header.type = RECORD_THREAD_LIVE;
	add_pending(record, task, state);
	check_unfinished(record, task);
	bpf_seq_write(ctx->meta->seq, record, sizeof(*record));
	return 0;
}

u64 symbol_addresses[STACK_DEPTH];
char symbol_names[STACK_DEPTH][SYMBOL_BYTES];

/*
 * Run on demand, never attached. The kernel itself names its functions: that works with any kptr_restrict, and the
 * recorder need not read the megabytes of /proc/kallsyms.
 */
SEC("raw_tp/sched_switch")
int name_symbols(void *ctx)
{
	for (int i = 0; i < STACK_DEPTH; i++)
		BPF_SNPRINTF(symbol_names[i], SYMBOL_BYTES, "%ps", symbol_addresses[i]);
	return 0;
}
