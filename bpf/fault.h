/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Page faults: which sleep is part of one, and when one is over. */
#ifndef LATWRAP_FAULT_H
#define LATWRAP_FAULT_H

#include "blocked.h"
#include "cpu_slot.h"
#include "thread.h"

/* Ends a page fault that the thread had before: the end of a fault has no tracepoint. */
static __always_inline void end_leftovers(struct cpu_slot *slot, struct task_struct *task)
{
	struct thread_state *state = thread_state(task);

	if (state && state->fault.start_ns)
		finish_fault(state);
	if (state)
		state->call.start_ns = 0;
	slot->fault_in_state = slot->call_in_state = 0;
}

/*
 * Whether the thread has not been in user mode since the fault. The program at faults of user mode ends those that are over;
 * without it, the flags show that no sleep but this thread's last one came before.
 */
static __always_inline bool is_same_entry(struct task_struct *task, struct fault_state *fault)
{
	if (fault->call_key)
		return fault->call_key == call_key(task);
	return entry_number(task) == -1 &&
	       ((sees_faults && !is_stepped_down()) || flags_of(task) & same_call_flags);
}

/*
 * Whether a thread that had a fault, and now goes to sleep, is still in that fault. A system call may have continued after
 * the fault, to wait for something else: then the stack is less deep than at the fault, and a signal can end the sleep. On
 * its way back to user mode after the fault, a thread can be frozen, which a signal ends, too.
 */
static __always_inline bool is_in_fault(struct task_struct *task, struct fault_state *fault,
					unsigned int task_state, u64 stack)
{
	if (task_state & TASK_STOPPED_OR_TRACED || fault->in_uring || !is_same_entry(task, fault))
		return false;
	if (task_state & TASK_UNINTERRUPTIBLE)
		return true;
	return fault->call_key ? stack < fault->stack : !fault->blocked_ns;
}

static __always_inline void sleep_after_fault(struct task_struct *task, struct thread_state *state,
					      unsigned int task_state, u64 stack)
{
	state->fault.blocking = is_in_fault(task, &state->fault, task_state, stack);
	if (!state->fault.blocking)
		finish_fault(state);
	else if (!(task_state & TASK_UNINTERRUPTIBLE))
		state->fault.by_sleep = 1;
}

/*
 * Where requests cannot be followed: io_uring works on files in its workers and in io_uring_enter(2), which both also
 * wait for other things. The recorder asks the stack which it is. In io_uring_enter(2) a sleep that a signal can end is
 * the wait for a completion. Each sleep is reported on its own.
 */
static __always_inline void sleep_in_uring(struct task_struct *task, struct thread_state *state,
					   unsigned int task_state, u64 now_ns)
{
	struct fault_state *fault = &state->fault;

	if (task_state & TASK_STOPPED_OR_TRACED || state->lock)
		return;
	if (!is_user_worker(task) &&
	    (!(task_state & TASK_UNINTERRUPTIBLE) || entry_number(task) != NUMBER_IO_URING_ENTER))
		return;
	reset_blocks(state);
	__builtin_memset(fault, 0, sizeof(*fault));
	fault->start_ns = now_ns;
	fault->in_uring = 1;
	fault->blocking = 1;
}

/*
 * No tracepoint shows a fault that the kernel takes for a system call: of mlock(2), or in memory that the call reads or writes.
 * The same holds for any fault where the program at faults is not loaded. So each sleep that could be part of one begins one,
 * and the recorder asks the stack. Global, so that the verifier checks it once, and not for each caller.
 */
int begin_fault_at_sleep(struct thread_state *state, unsigned int task_state, u64 stack);

#endif
