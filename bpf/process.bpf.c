/* Processes: birth, exec with its arguments, arrival from outside, and a look at all that live. */
#include "flight.h"
#include "here.h"
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

/* The child, not the parent, is asked: clone3(CLONE_INTO_CGROUP) puts them apart. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (is_member(child))
		adopt_thread(child, parent->tgid);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
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
	state = adopt_thread(task, 0);
	scratch = bpf_map_lookup_elem(&exec_scratch, &zero);
	if (!state || !scratch)
		return 0;
	/* exec from another thread than the leader takes over the leader's number (fs/exec.c de_thread()). */
	identify_thread(task, state);

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

	walk_bytes = copy_walk(scratch->data + argv_bytes, BPF_CORE_READ(file, f_path.dentry),
			       BPF_CORE_READ(file, f_path.mnt), &truncated);
	record->exe_walk_bytes = walk_bytes;
	record->exe_truncated = truncated;
	send_record(record, sizeof(*record) + argv_bytes + walk_bytes, LOSS_RINGBUF_PROCESS);
	return 0;
}

/* Who moves while it runs, itself above all, holds its CPU as a member of where it came to. */
static __always_inline void move_slice(struct task_struct *task, u32 group)
{
	struct flight_recorder *recorder = flight_recorder(task->thread_info.cpu);
	struct slice *slice;

	if (!recorder)
		return;
	slice = current_slice(recorder);
	if (slice->host_tid != task->pid)
		return;
	slice->cgroup_id = cgroup_id_of(task);
	slice->class = group ? CLASS_OUTSIDE : CLASS_INSIDE;
}

/* Tells the recorder to run `adopt`: only the leader is named here, and its threads come along. */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task, struct cgroup *to, const char *path, struct task_struct *task,
	     bool threadgroup)
{
	struct record_header *record;
	u32 group = group_of(task);

	__sync_fetch_and_add(&moves, 1);
	move_slice(task, group);
	if (group == NO_GROUP || thread_state(task))
		return 0;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record)
		return 0;
	record->type = RECORD_MOVED_IN;
	record->group = 0;
	record->bytes = sizeof(*record);
	record->time_ns = bpf_ktime_get_ns();
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("?iter/task")
int adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && is_member(task))
		adopt_thread(task, 0);
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
	struct here *here;
	u64 task;
};

/* Done as soon as nothing moved meanwhile. */
static long read_pending(u32 step, struct pending *pending)
{
	struct here *here = pending->here;
	u64 settles = *(volatile u64 *)&here->settles;

	barrier();
	pending->record->io = pending->state->io;
	if (here->task == pending->task)
		add_io(&pending->record->io, &here->io);
	barrier();
	return !(settles & 1) && settles == *(volatile u64 *)&here->settles;
}

/*
 * What a thread that runs right now, on another CPU, has not yet in its state, or has there any moment. (Linux 6.1
 * takes a plain loop for an endless one.)
 */
static __always_inline void add_pending(struct record_thread *record, struct task_struct *task,
					struct thread_state *state)
{
	struct here *here = here_of(task->thread_info.cpu);
	struct pending pending = {record, state, here, (u64)task};

	if (!here)
		return;
	bpf_loop(PENDING_TRIES, read_pending, &pending, 0);
	if (here->task == (u64)task && here->call_start_ns) {
		record->call_start_ns = here->call_start_ns;
		record->call_number = here->call_number;
		record->call_blocked_ns = record->call_runqueue_ns = 0;
	}
}

/* Every thread that has state, in the cgroup still or moved away by others. */
SEC("?iter/task")
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
	record->header.type = RECORD_THREAD_LIVE;
	fill_thread(record, task, state, bpf_ktime_get_ns());
	add_pending(record, task, state);
	bpf_seq_write(ctx->meta->seq, record, sizeof(*record));
	return 0;
}

u64 symbol_addresses[STACK_DEPTH];
char symbol_names[STACK_DEPTH][SYMBOL_BYTES];

/*
 * Run on demand, never attached: the kernel names its own functions, whatever kptr_restrict says and
 * without a megabyte of /proc/kallsyms to be read.
 */
SEC("?raw_tp/sched_switch")
int name_symbols(void *ctx)
{
	for (int i = 0; i < STACK_DEPTH; i++)
		BPF_SNPRINTF(symbol_names[i], SYMBOL_BYTES, "%ps", symbol_addresses[i]);
	return 0;
}
