// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Waits: from the wakeup, fork or preemption of a member until it runs; and who ran instead. */
#include "blocked.h"
#include "budget.h"
#include "fault.h"
#include "flight.h"
#include "cpu_slot.h"
#include "log.h"
#include "request.h"
#include "service.h"
#include "state.h"
#include "thread.h"

/* For tests: shows nothing while a thread of this name runs, as a hardened kernel does with threads of its own. */
const volatile bool hides_threads = false;
#define HIDDEN_NAME 0x6e6564646968 /* "hidden" */

static __always_inline bool is_hidden(struct task_struct *current)
{
	u64 name[2];

	if (!hides_threads)
		return false;
	copy_comm((char *)name, current);
	return name[0] == HIDDEN_NAME;
}

/* State of the copy of slices. In a map for the reason given at struct walk (path.h). */
struct slice_copy {
	u64 from_ns, to_ns; /* of the queue */
	u64 newest; /* one past the newest slice when the copy began */
	u64 count; /* copied, over all queues */
	u64 most; /* to be copied */
};

struct stall_scratch {
	struct task_struct *task;
	struct slice_copy copy;
	struct record_cpu_stall record;
	struct slice slices[SLICES_MAX];
};

/* One for each CPU; a plain array, because a per-CPU value is limited to 32 KiB. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stall_scratch);
} stall_scratch SEC(".maps");

/*
 * If the timer that wakes a sleeper is late, the wait starts when the timer was due, but not before the thread slept.
 */
static __always_inline u64 timer_lateness(struct thread_state *state,
					  struct flight_recorder *recorder, u64 now_ns)
{
	u64 due_ns = recorder->late_from_ns;

	if (!due_ns || !state->blocked_from_ns)
		return 0;
	if (due_ns < state->blocked_from_ns)
		due_ns = state->blocked_from_ns;
	return due_ns < now_ns ? now_ns - due_ns : 0;
}

/*
 * If the waker was stalled while the wakee slept, the wakee is delayed too, and so is each thread that it wakes in
 * turn.
 */
static __always_inline void propagate_delay(struct task_struct *waker, struct task_struct *task,
					    struct thread_state *state, u64 now_ns)
{
	struct record_delayed *record;
	struct thread_state *cause;
	struct delay_state *delay;

	if (!last_stall_ns || now_ns - last_stall_ns > DELAY_MEMORY_NS || !is_member(waker))
		return;
	cause = thread_state(waker);
	if (!cause || !state->blocked_from_ns)
		return;
	delay = &cause->delay;
	if (delay->until_ns <= state->blocked_from_ns)
		delay = &cause->recent_delay;
	if (delay->until_ns <= state->blocked_from_ns)
		return;
	state->delay = *delay;
	state->delay.until_ns = now_ns;
	state->delay.steps++;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_loss(LOSS_RINGBUF_STALL, now_ns);
		return;
	}
	record->header.type = RECORD_DELAYED;
	record->header.group = cause->group;
	record->header.bytes = sizeof(*record);
	record->header.time_ns = now_ns;
	record->id = state->id;
	copy_comm(record->comm, task);
	record->asleep_ns = state->blocked_from_ns;
	record->stall_end_ns = state->delay.stall_end_ns;
	record->stall_host_tid = state->delay.stall_host_tid;
	record->waker_host_tid = waker->pid;
	record->steps = state->delay.steps;
	record->reserved = 0;
	bpf_ringbuf_submit(record, wakeup_flags());
}

/* The thread frees or compacts memory. */
static __always_inline bool is_reclaiming(const struct thread_state *state)
{
	return state->reclaim_from_ns || state->compaction_from_ns;
}

static __always_inline bool is_in_file(const struct thread_state *state)
{
	return state->call.start_ns || state->request ||
	       (state->fault.start_ns && state->fault.blocking && !state->fault.in_uring &&
		!(state->fault.by_sleep && state->fault.call_key));
}

/* Whoever wakes a thread from a file operation may have had a lock that it waited for. */
static __always_inline void note_holder(struct thread_state *state, struct task_struct *waker)
{
	bool known = state->off.waker_host_tid && is_in_file(state);

	state->off.waker_cgroup_id = known ? cgroup_id_of(waker) : 0;
	state->off.woken_inside = known && group_of(waker) == state->group ? OFF_WOKEN_INSIDE : 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(sched_waking, struct task_struct *task)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	struct flight_recorder *recorder;
	struct thread_state *state;
	u64 now_ns;

	/* A thread that wakes itself is running and does not wait. */
	if (task == waker || is_hidden(waker))
		return 0;
	if (!is_member(task)) {
		service_waking(ctx, task, waker);
		return 0;
	}
	recorder = flight_recorder(bpf_get_smp_processor_id());
	state = thread_state(task);
	/*
	 * A wait may have started already: the thread was preempted on its way to sleep. If the wakeup finds the
	 * thread still on its CPU, switch_out() corrects the state.
	 */
	if (!recorder || !state || state->wait_start_ns)
		return 0;
	state->wait_woken_ns = 0;
	state->queue_count = 0;
	state->wait_reason = WAIT_WAKEUP;
	state->waker_interrupt = is_interrupt(ctx, waker, recorder);
	note_waker(&state->off, waker, wake_how(recorder, waker, state->waker_interrupt));
	note_holder(state, waker);
	state->waker_host_pid = waker->tgid;
	state->waker_pid = visible_process(waker);
	copy_comm(state->waker_comm, waker);
	now_ns = bpf_ktime_get_ns();
	state->late_ns = 0;
	if (state->waker_interrupt)
		state->late_ns = timer_lateness(state, recorder, now_ns);
	else
		propagate_delay(waker, task, state, now_ns);
	state->wait_start_ns = now_ns - state->late_ns;
	return 0;
}

static __always_inline void enter_queue(struct thread_state *state, struct task_struct *task,
					u32 cpu, bool on_queue, u64 now_ns)
{
	u32 at = state->queue_count;

	if (at >= QUEUES_MAX)
		at = QUEUES_MAX - 1;
	begin_queue_time(&state->queues[at], task, cpu, on_queue, now_ns);
	state->queue_count = at + 1;
}

static __always_inline void leave_queue(struct thread_state *state, struct task_struct *task,
					u64 now_ns)
{
	u32 at = state->queue_count - 1;

	if (at < QUEUES_MAX)
		end_queue_time(&state->queues[at], task, now_ns);
}

static __always_inline void start_queueing(struct thread_state *state, struct task_struct *task,
					   u32 cpu, u64 now_ns)
{
	state->queue_count = 0;
	state->wait_woken_ns = now_ns;
	state->cfs_rq = (u64)cfs_rq_of(task);
	state->throttled_from_ns = throttled_clock(task);
	state->budget_until_ns = budget_until_ns(task);
	enter_queue(state, task, cpu, true, now_ns);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup, struct task_struct *task)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	struct thread_state *state;
	u64 now_ns;

	if (task == waker || is_hidden(waker))
		return 0;
	if (!is_member(task)) {
		service_wakeup(task);
		return 0;
	}
	state = thread_state(task);
	if (!state || state->wait_woken_ns)
		return 0;
	now_ns = bpf_ktime_get_ns();
	if (!state->wait_start_ns) {
		/* The switch-out between waking and wakeup has reset the start. */
		state->wait_start_ns = now_ns;
		state->late_ns = 0;
	}
	start_queueing(state, task, cpu_of(task), now_ns);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(sched_wakeup_new, struct task_struct *task)
{
	struct thread_state *state;
	u64 now_ns;

	if (!is_member(task))
		return 0;
	state = thread_state(task);
	if (!state)
		return 0;
	now_ns = bpf_ktime_get_ns();
	state->wait_reason = WAIT_FORK;
	state->wait_start_ns = now_ns;
	state->late_ns = 0;
	state->off_cpu = 1;
	state->off.from_ns = now_ns;
	start_queueing(state, task, cpu_of(task), now_ns);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(sched_migrate_task, struct task_struct *task, int cpu)
{
	struct thread_state *state;
	u64 now_ns;

	if (!is_member(task))
		return 0;
	state = thread_state(task);
	if (!state || !state->wait_woken_ns)
		return 0;
	/* The task still has its old queue at this tracepoint (kernel/sched/core.c set_task_cpu()). */
	now_ns = bpf_ktime_get_ns();
	leave_queue(state, task, now_ns);
	enter_queue(state, task, cpu, false, now_ns);
	return 0;
}

/* How much of its wait the thread spent out of its budget. */
static __always_inline u64 budget_ns(const struct thread_state *state, u64 now_ns)
{
	u64 until_ns = state->budget_until_ns < now_ns ? state->budget_until_ns : now_ns;

	return until_ns > state->wait_start_ns ? until_ns - state->wait_start_ns : 0;
}

/* A program may raise its priority while it runs. */
static __always_inline void end_slice(struct flight_recorder *recorder, struct task_struct *prev)
{
	struct slice *slice = current_slice(recorder);

	slice->prio = prev->prio;
	slice->policy = prev->policy;
}

SEC("tp_btf/task_rename")
int BPF_PROG(task_rename, struct task_struct *task, const char *comm)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());
	struct slice *slice;

	if (!recorder || task != bpf_get_current_task_btf())
		return 0;
	slice = current_slice(recorder);
	if (slice->host_tid == task->pid)
		bpf_probe_read_kernel_str(slice->comm, COMM_BYTES, comm);
	return 0;
}

static __always_inline void begin_slice(struct flight_recorder *recorder, struct task_struct *next,
					bool inside, u64 steal_ns, u64 now_ns)
{
	struct slice *slice = current_slice(recorder);
	u32 class = slice->class;

	if (class < CLASS_CLOCKS)
		recorder->class_ns[class] += slice_ran_ns(recorder, slice, steal_ns, now_ns);
	slice = &recorder->slices[recorder->written & (SLICES_MAX - 1)];
	slice->from_ns = now_ns;
	slice->steal_ns = steal_ns;
	slice->irq_ns = recorder->irq_ns;
	slice->host_pid = next->tgid;
	slice->host_tid = next->pid;
	slice->cgroup_id = cgroup_id_of(next);
	slice->prio = next->prio;
	slice->policy = next->policy;
	slice->class = inside ? CLASS_INSIDE : CLASS_OUTSIDE;
	if (!inside && next->flags & PF_KTHREAD)
		slice->class = next->pid ? CLASS_KERNEL : CLASS_IDLE;
	copy_comm(slice->comm, next);
	recorder->written++;
}

struct copy_context {
	struct stall_scratch *scratch;
	struct flight_recorder *recorder;
};

static long copy_slice(u32 step, struct copy_context *context)
{
	struct slice_copy *copy = &context->scratch->copy;
	u64 count = copy->count;
	struct slice *from;

	if (step >= copy->newest || count >= copy->most || count >= SLICES_MAX)
		return 1;
	from = &context->recorder->slices[(copy->newest - 1 - step) & (SLICES_MAX - 1)];
	if (from->from_ns >= copy->to_ns)
		return 0;
	context->scratch->slices[count] = *from;
	copy->count = count + 1;
	return from->from_ns <= copy->from_ns;
}
LOOP_STEP(copy_slice, struct copy_context, SLICES_MAX)

static __always_inline void copy_queue(struct stall_scratch *scratch, struct queue_time *queue)
{
	struct copy_context context = {.scratch = scratch};
	u64 before = scratch->copy.count;

	context.recorder = flight_recorder(queue->cpu);
	if (!context.recorder)
		return;
	scratch->copy.newest = context.recorder->written;
	scratch->copy.from_ns = queue->from_ns;
	LOOP(copy_slice, &context);
	queue->slices = scratch->copy.count - before;
	scratch->copy.to_ns = queue->from_ns;
}

/*
 * A thousand slices take a hundred times the space of the rest of a stall. With thousands of threads on a run queue,
 * the recorder waits as well. Then all stalls with their times by class are worth more than a few stalls with all culprits.
 */
static __always_inline u64 slices_with_room(void)
{
	u64 used = bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);

	if (used < RECORDS_BYTES / 8)
		return SLICES_MAX;
	if (used < RECORDS_BYTES / 4)
		return SLICES_MAX / 32;
	return used < RECORDS_BYTES / 2 ? SLICES_MAX / 128 : 0;
}

/*
 * Sends the stall of the task that this CPU's struct stall_scratch names. Global, so that the verifier checks it
 * once, and not for each caller: such a function cannot take pointers to tasks.
 */
__noinline int send_cpu_stall(struct thread_state *state)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct stall_scratch *scratch = bpf_map_lookup_elem(&stall_scratch, &cpu);
	struct record_cpu_stall *record;
	struct task_struct *task;
	u64 count;

	if (!scratch || !state)
		return 0;
	task = scratch->task;
	record = &scratch->record;
	record->header.type = RECORD_CPU_STALL;
	record->header.group = state->group;
	record->id = state->id;
	copy_comm(record->comm, task);
	record->start_ns = state->wait_start_ns;
	record->woken_ns = state->wait_woken_ns;
	record->cpu = cpu;
	record->policy = READ_FIELD(struct task_struct, task, policy);
	record->prio = READ_FIELD(struct task_struct, task, prio);
	record->waker_pid = record->waker_host_pid = record->waker_interrupt = 0;
	if (record->reason == WAIT_WAKEUP) {
		record->waker_pid = state->waker_pid;
		record->waker_host_pid = state->waker_host_pid;
		record->waker_interrupt = state->waker_interrupt;
		__builtin_memcpy(record->waker_comm, state->waker_comm, COMM_BYTES);
	}
	record->late_ns = state->late_ns;
	record->throttled_ns = 0;
	if ((u64)cfs_rq_of(task) == state->cfs_rq)
		record->throttled_ns = throttled_clock(task) - state->throttled_from_ns;
	record->budget_ns = budget_ns(state, record->header.time_ns);
	record->queue_count = state->queue_count;
	__builtin_memcpy(record->queues, state->queues, sizeof(record->queues));
	scratch->copy.count = 0;
	scratch->copy.most = slices_with_room();
	scratch->copy.to_ns = record->header.time_ns;
	for (int queue = QUEUES_MAX - 1; queue >= 0; queue--) {
		record->queues[queue].slices = 0;
		if (queue < record->queue_count)
			copy_queue(scratch, &record->queues[queue]);
	}
	count = scratch->copy.count;
	if (count > SLICES_MAX)
		return 0;
	record->slice_count = count;
	send_record(record, sizeof(*record) + count * sizeof(struct slice), LOSS_RINGBUF_STALL);
	return 0;
}

static __always_inline void end_cpu_stall(struct task_struct *task, struct thread_state *state,
					  u64 stall_ns, u64 now_ns)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct stall_scratch *scratch = bpf_map_lookup_elem(&stall_scratch, &cpu);

	leave_queue(state, task, now_ns);
	remember_stall(state, stall_ns, now_ns);
	if (!scratch)
		return;
	scratch->task = task;
	scratch->record.header.time_ns = now_ns;
	scratch->record.reason = state->wait_reason;
	if (state->wait_reason == WAIT_PREEMPTED && in_yield(task))
		scratch->record.reason = WAIT_YIELD;
	send_cpu_stall(state);
}

/* A sleep outside of a call on a file can still be for a file: a page fault, io_uring. */
static __always_inline void sleep_outside_calls(struct task_struct *task,
						struct thread_state *state, unsigned int task_state,
						u64 stack, u64 now_ns)
{
	if (state->fault.start_ns)
		return;
	if (measures_io && !follows_requests)
		sleep_in_uring(task, state, task_state, now_ns);
	if (!state->fault.start_ns && (measures_io || watches_blocks))
		begin_fault_at_sleep(state, task_state, stack);
}

static __always_inline void switch_out(struct task_struct *task, struct thread_state *state,
				       bool runnable, unsigned int task_state, u64 stack,
				       u64 now_ns)
{
	state->off_cpu = 1;
	/* vfork(2) counts as frozen, too, while it waits for its child. */
	state->off.stopped =
		task_state & TASK_STOPPED_OR_TRACED ||
		(task_state & TASK_INTERRUPTIBLE && BPF_CORE_READ_BITFIELD(task, frozen));
	if (is_stepped_down())
		state->call.start_ns = 0;
	if (watches_blocks_now())
		continue_block(task, state, runnable);
	if (!runnable && state->fault.start_ns)
		sleep_after_fault(task, state, task_state, stack);
	leave_request(task, state, task_state);
	if (runnable) {
		state->wait_reason = WAIT_PREEMPTED;
		state->wait_start_ns = now_ns;
		state->late_ns = 0;
		state->blocked_from_ns = 0;
		if (state->fault.start_ns && is_reclaiming(state))
			state->fault.blocking = is_same_entry(task, &state->fault);
		start_queueing(state, task, bpf_get_smp_processor_id(), now_ns);
		if (sleeps_until_period(task)) {
			state->wait_start_ns = state->wait_woken_ns = state->budget_until_ns;
			state->off.how = WOKEN_BY_TIMER;
		}
		return;
	}
	state->blocked_from_ns = now_ns;
	state->interruptible = task_state & TASK_INTERRUPTIBLE;
	state->delay.until_ns = state->recent_delay.until_ns = 0;
	if (watches_blocks_now() && !(task_state & TASK_STOPPED_OR_TRACED))
		begin_block(state);
	if (!state->call.start_ns && !state->request)
		sleep_outside_calls(task, state, task_state, stack, now_ns);
	if (state->call.start_ns || state->fault.start_ns || state->request)
		state->call.in_iowait = BPF_CORE_READ_BITFIELD(task, in_iowait);
	/*
	 * Woken on another CPU while it was going to sleep on this one: the wait starts now, and its sched_wakeup
	 * follows. A wakeup that is complete found the thread running: there is no wait.
	 */
	if (state->wait_start_ns && !state->wait_woken_ns) {
		state->wait_start_ns = now_ns;
		state->late_ns = 0;
	} else {
		state->wait_start_ns = state->wait_woken_ns = 0;
	}
}

/* include/linux/sched/jobctl.h: a stop, a trap, a freezer */
#define JOBCTL_INTERRUPTS (1ul << 17 | 1ul << 19 | 1ul << 20 | 1ul << 23)

/* As recalc_sigpending_tsk(), kernel/signal.c. */
static __always_inline bool has_signal(struct task_struct *task)
{
	struct signal_struct *shared = READ_FIELD(struct task_struct, task, signal);
	u64 pending = READ_FIELD(struct task_struct, task, pending.signal.sig[0]) |
		      READ_FIELD(struct signal_struct, shared, shared_pending.signal.sig[0]);

	return pending & ~READ_FIELD(struct task_struct, task, blocked.sig[0]) ||
	       READ_FIELD(struct task_struct, task, jobctl) & JOBCTL_INTERRUPTS;
}

/* A signal does not end the sleep for a lock of the kernel, unless it kills the thread. */
static __always_inline void fill_lock(struct record_off_cpu *record, struct task_struct *task,
				      const struct thread_state *state)
{
	if (state->lock) {
		record->lock = state->lock;
	} else if (state->call.start_ns && state->call.has_file) {
		record->lock = state->call.file.inode ^ (u64)state->call.file.device << 32;
		record->blocker_host_pid = state->blocker_host_pid;
		if (has_signal(task))
			record->flags |= OFF_SIGNALLED;
	}
}

/*
 * Sends the time off the CPU of the task that this CPU's struct off_cpu_scratch names. Global, so that the verifier checks
 * it once, and not for each caller.
 */
__noinline int send_waits(struct thread_state *state)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct off_cpu_scratch *scratch = bpf_map_lookup_elem(&off_cpu_scratch, &cpu);
	struct record_off_cpu *record;
	struct task_struct *task;

	if (!state || !scratch)
		return 0;
	task = scratch->task;
	record = &scratch->record;
	fill_lock(record, task, state);
	if (record->woken_ns < record->header.time_ns) {
		leave_queue(state, task, record->header.time_ns);
		for (u32 queue = 0; queue < QUEUES_MAX; queue++)
			if (queue < state->queue_count)
				add_queue_time(record, &state->queues[queue]);
		add_clock(record, BEHIND_DELIVERY, state->wait_start_ns, state->wait_woken_ns);
		if ((u64)cfs_rq_of(task) == state->cfs_rq)
			add_clock(record, BEHIND_THROTTLED, state->throttled_from_ns,
				  throttled_clock(task));
		record->wait_ns[BEHIND_THROTTLED] += budget_ns(state, record->header.time_ns);
	}
	send_off_cpu(&state->off);
	return 0;
}

static __always_inline u8 off_cpu_flags(const struct thread_state *state)
{
	u8 flags = 0;

	if (is_in_file(state))
		flags |= OFF_IN_FILE;
	if (state->lock)
		flags |= OFF_IN_LOCK;
	if (is_reclaiming(state))
		flags |= OFF_IN_RECLAIM;
	if (state->wait_reason == WAIT_FORK && state->wait_start_ns)
		flags |= OFF_NEW;
	if (state->off.stopped)
		flags |= OFF_STOPPED;
	return flags;
}

static __always_inline void switch_in(struct task_struct *task, struct thread_state *state,
				      struct flight_recorder *recorder, u64 now_ns)
{
	u64 start_ns = state->wait_start_ns;
	u64 woken_ns = state->wait_woken_ns;
	u64 wait_ns = 0;

	if (start_ns && start_ns <= now_ns && !run_is_over) {
		if (woken_ns < start_ns)
			woken_ns = state->wait_woken_ns = start_ns;
		wait_ns = now_ns - start_ns;
		state->waits.count++;
		state->waits.total_ns += wait_ns;
		state->waits.delivery_ns += woken_ns - start_ns;
		if (wait_ns > state->waits.max_ns)
			state->waits.max_ns = wait_ns;
		state->waits.histogram[log2_bucket(wait_ns)]++;
		if (wait_ns >= cpu_threshold_ns)
			end_cpu_stall(task, state, wait_ns, now_ns);
		if (log_wait_ns && wait_ns >= log_wait_ns && !state->group)
			log_wait(task, state, start_ns, woken_ns, now_ns);
	}
	if (off_cpu_end(task, &state->off, recorder, start_ns, state->group, off_cpu_flags(state),
			now_ns))
		send_waits(state);
	account_return(task, state, start_ns, wait_ns, now_ns);
	if (watches_blocks_now())
		end_block(task, state, now_ns);
	state->wait_start_ns = state->wait_woken_ns = 0;
	state->blocked_from_ns = 0;
	state->off_cpu = 0;
}

/* When prev got its CPU, by the run queue's clock, which __schedule() has just brought up to date. */
static __always_inline u64 arrival_ns(struct task_struct *prev, u64 now_ns)
{
	u64 ran_ns = READ_FIELD(struct rq, rq_of(prev), clock) - prev->sched_info.last_arrival;

	return ran_ns < now_ns ? now_ns - ran_ns : now_ns;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STEPS); /* the recorder fills it */
	__type(key, u32);
	__type(value, u32);
} steps SEC(".maps");

/* Since 5.18 the state is an argument of the tracepoint (kernel commit fa2c3254d7cf). */
const volatile bool switch_has_state = false;

/* Without the argument: a wakeup may already have made the state TASK_WAKING, which is asleep, too. */
static __always_inline unsigned int state_at_switch(const u64 *arguments, struct task_struct *prev)
{
	return switch_has_state ? (unsigned int)arguments[3] : prev->__state;
}

/*
 * A hardened kernel can hide threads from tracing, with the switch from such a thread to prev. The run queue knows
 * when prev got the CPU, but not who ran how long before that. This is a separate program, because the verifier would
 * otherwise check every path through a switch twice.
 */
SEC("tp_btf/sched_switch")
int BPF_PROG(sched_unseen, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u64 now_ns = bpf_ktime_get_ns();
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());
	bool dead = state_at_switch(ctx, prev) & TASK_DEAD;
	struct thread_state *state;
	struct slice *slice;
	u64 from_ns;

	if (!recorder)
		return 0;
	slice = current_slice(recorder);
	from_ns = arrival_ns(prev, now_ns);
	if (from_ns < slice->from_ns)
		from_ns = slice->from_ns;
	slice->class = CLASS_UNSURE;
	state = dead || is_member(prev) ? thread_state(prev) : NULL;
	if (!state) {
		service_runs(prev, recorder, from_ns);
	} else if (state->off_cpu) {
		count_loss(LOSS_SWITCH_UNSEEN, now_ns);
		switch_in(prev, state, recorder, from_ns);
	}
	begin_slice(recorder, prev, state && !state->group, steal_clock(next), from_ns);
	bpf_tail_call(ctx, &steps, STEP_SWITCH);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u64 now_ns = bpf_ktime_get_ns();
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());
	unsigned int prev_state = state_at_switch(ctx, prev);
	bool runnable = preempt || !prev_state, inside;
	struct thread_state *state = NULL;
	u64 steal_ns;

	if (!recorder || is_hidden(prev))
		return 0;
	if (current_slice(recorder)->host_tid != (u32)prev->pid)
		bpf_tail_call(
			ctx, &steps,
			STEP_UNSEEN); /* returns only if it fails: then handle the switch here */
	learn_flags(prev, next, runnable);
	/* No switch happens in an interrupt, so any interrupt whose end was not traced is over. */
	recorder->irq_depth = 0;
	recorder->hard_depth = 0;
	recorder->softirq = 0;
	steal_ns = steal_clock(next);
	/* A dead thread may already be outside its cgroup: its state decides. */
	if (prev_state & TASK_DEAD || is_member(prev))
		state = thread_state(prev);
	end_slice(recorder, prev);
	slot_switch_out(prev, state, now_ns);
	if (!state) {
		service_switch_out(prev, recorder, runnable, prev_state & TASK_DEAD, steal_ns,
				   now_ns);
	} else if (prev_state & TASK_DEAD) {
		end_thread(state, now_ns);
	} else {
		off_cpu_begin(&state->off, current_slice(recorder),
			      !runnable && state->wait_start_ns && !state->wait_woken_ns, steal_ns,
			      now_ns);
		switch_out(prev, state, runnable, prev_state, stack_address(recorder, ctx), now_ns);
	}

	state = NULL;
	inside = is_member(next);
	if (inside) {
		state = thread_state(next);
		if (state)
			switch_in(next, state, recorder, now_ns);
		else
			count_loss(LOSS_THREAD_UNKNOWN, now_ns);
	} else {
		service_runs(next, recorder, now_ns);
	}
	slot_switch_in(next, state, inside);
	/* A thread of a watched cgroup counts as outside. */
	if (state && state->group)
		inside = false;
	begin_slice(recorder, next, inside, steal_ns, now_ns);
	stock_services(recorder, prev, next);
	return 0;
}
