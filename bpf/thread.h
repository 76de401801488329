/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A thread's totals: its end, its time off the CPU in a call or fault, and which call it is in. */
#ifndef LATWRAP_THREAD_H
#define LATWRAP_THREAD_H

#include "compat.h"
#include "device.h"
#include "flight.h"
#include "state.h"

#define PF_IO_WORKER   0x00000010 /* include/linux/sched.h */
#define PF_USER_WORKER 0x00004000 /* since 6.4; vhost's workers, too */

#define TASK_UNINTERRUPTIBLE 0x0002

#define NUMBER_IO_URING_ENTER 426
#define NUMBER_EPOLL_PWAIT2   441

#if defined(__TARGET_ARCH_x86)
#define NUMBER_WRITE         1
#define NUMBER_POLL          7
#define NUMBER_IO_GETEVENTS  208
#define NUMBER_IO_PGETEVENTS 333
#define NUMBER_EPOLL_WAIT    232
#define NUMBER_PPOLL         271
#define NUMBER_EPOLL_PWAIT   281
#define NUMBER_SCHED_YIELD   24
#define NUMBER_MADVISE       28
#define NUMBER_MLOCK         149
#define NUMBER_MLOCK2        325
#define NUMBER_REGISTER      orig_ax
#define FIRST_ARGUMENT       di
#elif defined(__TARGET_ARCH_arm64)
#define NUMBER_IO_GETEVENTS  4
#define NUMBER_IO_PGETEVENTS 292
#define NUMBER_EPOLL_PWAIT   22
#define NUMBER_WRITE         64
#define NUMBER_PPOLL         73
#define NUMBER_SCHED_YIELD   124
#define NUMBER_MADVISE       233
#define NUMBER_MLOCK         228
#define NUMBER_MLOCK2        284
#define NUMBER_REGISTER      syscallno
#define FIRST_ARGUMENT       orig_x0
#endif

#define call_number(regs) ((long)(regs)->NUMBER_REGISTER)

/* The programs that follow requests are loaded; else only sleeps in io_uring show them. */
const volatile bool follows_requests = false;
/* The run has submitted a request: until then, requests of bystanders cost no lookup. */
bool has_requests = false;

/*
 * A stall has ended: the threads that this one wakes now may have waited for it. On a busy machine short stalls are
 * frequent: a short one does not replace a longer one, which may be another thread's.
 */
static __always_inline void remember_stall(struct thread_state *state, u64 stall_ns, u64 now_ns)
{
	struct delay_state *delay = &state->delay;

	if (delay->until_ns && delay->stall_ns > stall_ns)
		delay = &state->recent_delay;
	delay->until_ns = now_ns;
	delay->stall_end_ns = now_ns;
	delay->stall_ns = stall_ns;
	delay->stall_host_tid = state->id.host_tid;
	delay->steps = 0;
	last_stall_ns = now_ns;
}

/*
 * A thread that the kernel added to a process (io_uring, vhost). It never entered the kernel, and its registers are
 * those of its creator.
 */
static __always_inline bool is_user_worker(struct task_struct *task)
{
	return task->flags & (PF_IO_WORKER | PF_USER_WORKER);
}

/* The system call that a thread entered the kernel by; -1: by a fault or interrupt. */
static __always_inline long entry_number(struct task_struct *task)
{
	u64 regs = (u64)bpf_task_pt_regs(task);
	long number;

	if (is_user_worker(task))
		return -1;
	number = READ_FIELD(struct pt_regs, regs, NUMBER_REGISTER);
	return number >= 0 && in_compat_call(task) ? number_of_compat(number) : number;
}

/* Whether the thread sleeps where the result of a request wakes it. */
static __always_inline bool waits_for_results(struct task_struct *task)
{
	switch (entry_number(task)) {
	case NUMBER_IO_URING_ENTER:
	case NUMBER_IO_GETEVENTS:
	case NUMBER_IO_PGETEVENTS:
	case NUMBER_EPOLL_PWAIT:
	case NUMBER_EPOLL_PWAIT2:
	case NUMBER_PPOLL:
#if defined(__TARGET_ARCH_x86)
	case NUMBER_POLL:
	case NUMBER_EPOLL_WAIT:
#endif
		return true;
	}
	return false;
}

/* Tells one system call of a thread from its next one, unless that has the same arguments; never 0. */
static __always_inline u64 call_key(struct task_struct *task)
{
	u64 regs = (u64)bpf_task_pt_regs(task);

#if defined(__TARGET_ARCH_x86)
	return (READ_FIELD(struct pt_regs, regs, orig_ax) + 1) ^
	       READ_FIELD(struct pt_regs, regs, di) << 8 ^
	       READ_FIELD(struct pt_regs, regs, si) << 20 ^
	       READ_FIELD(struct pt_regs, regs, dx) << 32 ^
	       /* The first two of a 32-bit program; in a 64-bit program they stay the same, too. */
	       READ_FIELD(struct pt_regs, regs, bx) << 8 ^
	       READ_FIELD(struct pt_regs, regs, cx) << 20 ^ 1ULL << 63;
#else
	return (READ_FIELD(struct pt_regs, regs, syscallno) + 1) ^
	       READ_FIELD(struct pt_regs, regs, orig_x0) << 8 ^
	       READ_FIELD(struct pt_regs, regs, regs[1]) << 20 ^
	       READ_FIELD(struct pt_regs, regs, regs[2]) << 32 ^ 1ULL << 63;
#endif
}

/*
 * sched_yield(2) switches with the state running, as preemption does. Asked only when a stall ends, when
 * the saved registers are still those of the switch-out.
 */
static __always_inline bool in_yield(struct task_struct *task)
{
	return entry_number(task) == NUMBER_SCHED_YIELD;
}

/*
 * A fault has no tracepoint at its end. One that blocked ended when the thread last ran again, and what
 * the thread does next (another fault, a traced call, a sleep elsewhere, its exit) shows that it is over: it is
 * `current`. Global, so that the verifier checks it once, and not for each caller.
 */
int finish_fault(struct thread_state *state);

/* A kernel stack costs a microsecond or two: only for blocks that could matter. */
#define STACK_WORTH_NS 1000000

/* The thread is in what only the stack can tell to be a page fault. */
static __always_inline bool is_by_sleep(const struct thread_state *state)
{
	return !state->call.start_ns && !state->request && state->fault.by_sleep;
}

/* The thread is about to run again and still has the stack that it slept on. */
static __always_inline void account_block(struct task_struct *task, struct thread_state *state,
					  u64 blocked_ns)
{
	struct call_state *call = &state->call;

	if (call->in_iowait)
		call->iowait_ns += blocked_ns;
	if (state->lock)
		call->lock_ns += blocked_ns;
	if (blocked_ns <= call->longest_block_ns)
		return;
	/* Without a stack it would be none. */
	if (blocked_ns < STACK_WORTH_NS && !(is_by_sleep(state) && !call->longest_block_ns))
		return;
	call->longest_block_ns = blocked_ns;
	call->longest_in_lock = state->lock != 0;
	/* The helper zeroes the rest of the array. */
	bpf_get_task_stack(task, call->stack, sizeof(call->stack), 0);
}

/* The thread runs again in the middle of a request. Global, so that the verifier checks it once, and not for each caller. */
int return_to_request(struct thread_state *state, u64 blocked_ns, u64 wait_ns);

static __always_inline void add_sleep(struct task_struct *task, struct thread_state *state, u64 ns)
{
	state->sleeps.all_ns += ns;
	if (state->interruptible)
		state->sleeps.interruptible_ns += ns;
	if (waits_for_results(task))
		state->sleeps.for_results_ns += ns;
}

/* The time of a call or fault off the CPU: blocked until the wakeup, then on the run queue. */
static __always_inline void account_return(struct task_struct *task, struct thread_state *state,
					   u64 wait_start_ns, u64 wait_ns, u64 now_ns)
{
	u64 blocked_ns = 0;

	if (state->blocked_from_ns) {
		u64 until_ns = wait_start_ns ? wait_start_ns : now_ns;

		if (until_ns > state->blocked_from_ns)
			blocked_ns = until_ns - state->blocked_from_ns;
		if (has_requests)
			add_sleep(task, state, blocked_ns);
	}
	/* Reclaim that was preempted waits for a CPU: that part counts as queue time. */
	if (state->reclaim_from_ns)
		state->reclaim_from_ns += wait_ns;
	if (state->compaction_from_ns)
		state->compaction_from_ns += wait_ns;
	if (state->call.start_ns) {
		state->call.blocked_ns += blocked_ns;
		state->call.runqueue_ns += wait_ns;
	} else if (state->fault.start_ns && state->fault.blocking) {
		state->fault.blocked_ns += blocked_ns;
		state->fault.runqueue_ns += wait_ns;
		state->fault.end_ns = now_ns;
		state->fault.blocking = 0;
	} else if (!state->request) {
		if (task->flags & PF_IO_WORKER) {
			state->worker_wait_ns = wait_start_ns;
			state->worker_ran_ns = now_ns;
		}
		return;
	}
	account_block(task, state, blocked_ns);
	if (state->request)
		return_to_request(state, blocked_ns, wait_ns);
}

/* The kernel's own sums since the thread entered its cgroup. */
static __always_inline void fill_clocks(struct record_thread *record, struct task_struct *task,
					struct thread_state *state)
{
	struct task_clocks now;

	record->run_delay_ns = record->runtime_ns = record->user_ns = record->system_ns = 0;
	if (state->outside)
		return;
	read_clocks(task, &now);
	record->run_delay_ns = now.run_delay_ns - state->before.run_delay_ns;
	record->runtime_ns = now.runtime_ns - state->before.runtime_ns;
	record->user_ns = now.user_ns - state->before.user_ns;
	record->system_ns = now.system_ns - state->before.system_ns;
}

static __always_inline void fill_thread(struct record_thread *record, struct task_struct *task,
					struct thread_state *state, u64 now_ns)
{
	record->header.group = state->group;
	record->header.time_ns = now_ns;
	record->header.bytes = sizeof(*record);
	record->id = state->id;
	record->ppid = state->ppid;
	record->is_leader = task->pid == task->tgid;
	record->is_group_exit = !!(BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT);
	record->exit_code = record->is_group_exit ? BPF_CORE_READ(task, signal, group_exit_code)
						  : task->exit_code;
	record->uid = BPF_CORE_READ(task, real_cred, uid.val);
	copy_comm(record->comm, task);
	record->start_ns = state->start_ns;
	record->reclaim_ns = state->reclaim_ns;
	record->compaction_ns = state->compaction_ns;
	record->waits = state->waits;
	record->io = state->io;
	record->wait_reason = state->wait_reason;
	record->wait_start_ns = state->outside ? 0 : state->wait_start_ns;
	record->wait_woken_ns = state->wait_woken_ns;
	record->call_start_ns = state->outside ? 0 : state->call.start_ns;
	record->call_blocked_ns = state->call.blocked_ns;
	/* The thread sleeps in the call now. */
	if (state->blocked_from_ns && state->blocked_from_ns < now_ns)
		record->call_blocked_ns += now_ns - state->blocked_from_ns;
	record->call_runqueue_ns = state->call.runqueue_ns;
	record->call_number = state->call.number;
	record->blocker_host_pid = state->call.start_ns ? state->blocker_host_pid : 0;
	record->cpu = cpu_of(task);
	fill_clocks(record, task, state);
	record->off_from_ns = state->off_cpu ? state->off.from_ns : 0;
}

/*
 * The last switch away from a dead thread, `current`: all its waits are over and run_delay is final. Global as
 * finish_fault() is.
 */
int end_thread(struct thread_state *state, u64 now_ns);

#endif
