// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Locks of the kernel, or of files, for which a member sleeps. */
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

#define FILE_LOCK_DEFERRED 1 /* include/linux/filelock.h */
#define BLOCKERS_MAX       16

static __always_inline u64 blocker_of(u64 lock)
{
	if (!bpf_core_field_exists(struct file_lock_core, flc_blocker))
		return (u64)READ_FIELD(struct file_lock___whole, lock, fl_blocker);
	return (u64)READ_FIELD(struct file_lock_core, lock, flc_blocker);
}

static __always_inline u32 owner_of(u64 lock)
{
	if (!bpf_core_field_exists(struct file_lock_core, flc_pid))
		return READ_FIELD(struct file_lock___whole, lock, fl_pid);
	return READ_FIELD(struct file_lock_core, lock, flc_pid);
}

/*
 * The lock of a file has the process that took it. Who comes later waits for whoever waits already: the last of that chain
 * has the lock.
 */
static __always_inline int note_blocker(u64 lock, int error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 first, at = lock, next;
	struct thread_state *state;

	/* The verifier does not know that there always is a lock. */
	if (!lock || error != FILE_LOCK_DEFERRED || !is_member(task))
		return 0;
	state = thread_state(task);
	if (!state)
		return 0;
	first = next = blocker_of(at);
#pragma nounroll
	for (u32 i = 0; i < BLOCKERS_MAX; i++) {
		if (!next)
			break;
		at = next;
		next = blocker_of(at);
	}
	/* Save first: saving resets it. */
	save_current(task, state);
	state->blocker_host_pid = next ? 0 : owner_of(at);
	/* It may have let go meanwhile, and its lock be gone. */
	if (!first || blocker_of(lock) != first)
		state->blocker_host_pid = 0;
	return 0;
}

SEC("tp_btf/flock_lock_inode")
int BPF_PROG(flock_lock_inode, void *inode, void *lock, int error)
{
	return note_blocker((u64)lock, error);
}

SEC("tp_btf/posix_lock_inode")
int BPF_PROG(posix_lock_inode, void *inode, void *lock, int error)
{
	return note_blocker((u64)lock, error);
}
