// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Locks of the kernel for which a member sleeps. */
#include "cpu_slot.h"

/* include/trace/events/lock.h */
#define LCB_F_SPIN  1
#define LCB_F_MUTEX 32

/*
 * A thread's stack does not show such a lock: the kernel omits the functions that sleep for a lock, like those of the
 * scheduler. Since 5.19 (kernel commit 16edd9b511a1). A thread that spins does not sleep, but a mutex may spin first.
 */
SEC("tp_btf/contention_begin")
int BPF_PROG(contention_begin, void *lock, unsigned int flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state;

	if ((flags & (LCB_F_SPIN | LCB_F_MUTEX)) == LCB_F_SPIN || !is_member(task))
		return 0;
	state = thread_state(task);
	if (!state)
		return 0;
	/* Save first: saving resets state->lock. */
	save_current(task, state);
	state->lock = (u64)lock;
	return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(contention_end, void *lock)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state;

	if (!is_member(task))
		return 0;
	state = thread_state(task);
	if (state && state->lock == (u64)lock)
		state->lock = 0;
	return 0;
}
