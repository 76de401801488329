/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the BPF programs keep and share: settings, maps, per-thread state, membership, loss. */
#ifndef LATWRAP_STATE_H
#define LATWRAP_STATE_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "abi.h"
#include "kernel_read.h"
#include "loop.h"

#define PF_KTHREAD             0x00200000 /* include/linux/sched.h */
#define PF_LOCAL_THROTTLE      0x00100000
#define PF_WQ_WORKER           0x00000020
#define TASK_INTERRUPTIBLE     0x0001
#define TASK_STOPPED_OR_TRACED 0x000c /* include/linux/sched.h: __TASK_STOPPED | __TASK_TRACED */
#define TASK_DEAD              0x0080
#define TASK_WAKING            0x0200
#define SIGNAL_GROUP_EXIT      0x04 /* include/linux/sched/signal.h */
#define KERNEL_STACK_BYTES     16384 /* x86-64 and arm64 without KASAN */

/* Set by the recorder before load; constants to the verifier. */
const volatile u32 group_count = 1;
const volatile u64 group_cgroup_ids[GROUPS_MAX] = {};
const volatile u32 group_levels[GROUPS_MAX] = {};
const volatile u32 recorder_tgid = 0; /* the run wakes the recorder, too, but never waits for it */
const volatile bool recorder_is_inside = false; /* in the cgroup of the run; never a member */
const volatile u32 pid_namespace_level = 0;
const volatile bool have_steal_clock = false; /* rq->prev_steal_time_rq */
const volatile bool walks_ancestors = false; /* though the kernel may have cgroup->ancestors */
const volatile u64 cpu_threshold_ns = 5000000;
const volatile u64 io_threshold_ns = 10000000;
const volatile u64 hiccup_threshold_ns = 5000000;
const volatile u64 ringbuf_wakeup_bytes = 262144;
const volatile struct call_rule call_rules[CALL_TABLE_SIZE] = {};
const volatile u32 include_count = 0; /* patterns of --include */

/* The call or page fault that a thread is in. */
struct call_state {
	u64 start_ns; /* 0: in none */
	u64 blocked_ns, runqueue_ns, iowait_ns, reclaim_ns, lock_ns;
	u64 longest_block_ns;
	u64 stack[STACK_DEPTH]; /* of the longest block */
	struct file_id file; /* close(2) only: gone once it returns */
	u32 number;
	u16 mode;
	u32 open_mode; /* close(2) only, for the log */
	u32 fault_file_system; /* of a page fault in the call; 0: none */
	u8 has_file;
	u8 in_iowait; /* when it last went to sleep */
	u8 longest_in_lock;
};

/* The stall that a thread had, or was delayed by. It ends when the thread sleeps of its own accord. */
struct delay_state {
	u64 until_ns; /* 0: none */
	u64 stall_end_ns, stall_ns; /* when it ended, how long it was */
	u32 stall_host_tid;
	u32 steps;
};

struct fault_state {
	u64 start_ns; /* 0: not in a fault that may still become a stall */
	u64 end_ns; /* last time it ran again after blocking; 0: never blocked */
	u64 blocked_ns, runqueue_ns;
	u64 address;
	struct file_id file;
	u32 file_system;
	u16 mode;
	u8 has_file;
	u8 blocking; /* switched out inside the fault */
	u8 in_uring; /* no fault: a sleep of io_uring */
	u8 by_sleep; /* no tracepoint has shown it: it may be another sleep */
	u8 reserved[2];
	u64 call_key; /* of the system call that the fault is in; 0: in none */
	u64 stack; /* address of where the kernel's stack was */
};

/* What the kernel itself sums up for a thread, all its life. */
struct task_clocks {
	u64 run_delay_ns, runtime_ns, user_ns, system_ns;
};

/* Times off the CPU below the floor, since the last record. */
struct short_times {
	u32 wait_ns[WAIT_CLASSES];
	u32 all_wait_ns, sleep_ns, longest_sleep_ns;
	u32 count;
	u32 waker_host_tid; /* these three of the longest sleep */
	u8 how, flags;
	u16 reserved;
};

/* Collected for a thread's next RECORD_OFF_CPU (off_cpu.h). */
struct off_cpu_state {
	u64 since_ns, ran_from_ns, stolen_ns; /* as in the record; ran_from_ns: its CPU time then */
	u64 from_ns; /* off the CPU since; 0: it was not shown */
	u32 waker_host_pid, waker_host_tid;
	char waker_comm[COMM_BYTES];
	u64 waker_cgroup_id; /* as in the record; only of a member */
	struct short_times short_times;
	u8 how, stopped;
	u8 woken_inside; /* OFF_WOKEN_INSIDE or 0 */
	u8 reserved[5];
};

/* How long a thread has slept: in all; where a signal ends it; and where it waits for results of requests. */
struct sleep_clocks {
	u64 all_ns, interruptible_ns, for_results_ns;
};

struct thread_state {
	u64 blocked_file; /* address of what a blocked call works on (--io=blocked); 0: a path tells */
	u64 blocked_since_ns; /* when it first slept in the call that it may still be in; 0: in none */
	u64 blocked_key; /* of that call */
	u64 wait_start_ns; /* 0: not waiting */
	u64 wait_woken_ns; /* 0: not yet on a run queue */
	u64 blocked_from_ns; /* switched out not runnable; 0 when running or runnable */
	u64 start_ns;
	u32 queue_count;
	u8 wait_reason, waker_interrupt;
	u8 group;
	u8 ended; /* its RECORD_THREAD_END is sent; an iterator can still see the zombie */
	u8 off_cpu; /* seen leaving its CPU, or new, and not yet seen running */
	u8 outside; /* it has left the group, which has its totals until then */
	u16 entered; /* as in struct cpu_slot */
	s32 results_fd; /* leader only: where its program prints results of tests; 0: nowhere; -1: it never will */
	u8 results_in_line; /* leader only: what was sent last ends within a line */
	u8 results_doubt; /* leader only: writes until it must have printed one; 0: it has */
	u8 results_form; /* leader only: FORM_... of results.bpf.c */
	u8 interruptible; /* a signal, or work of io_uring for the thread, ends its sleep */
	u32 waker_pid, waker_host_pid;
	char waker_comm[COMM_BYTES];
	u64 late_ns;
	u64 throttled_from_ns; /* clock of cfs_rq when the wait began */
	u64 budget_until_ns; /* until then it must not run (budget.h); 0: it may */
	u64 cfs_rq; /* address, to know that it still is the same one */
	u64 lock; /* address of the one that it waits for; 0: none */
	u64 faulted_mapping; /* address of the file's address_space that mm_filemap_fault told last */
	u64 submitted; /* address of the last request of io_uring that it submitted */
	u64 request; /* address of the one that it left its CPU in; 0: none */
	struct sleep_clocks sleeps; /* while there are requests */
	u64 reap_slept_ns; /* sleeps.for_results_ns when it last entered io_getevents(2) */
	/* When a worker of io_uring last waited for a CPU between two requests, and ran. */
	u64 worker_wait_ns, worker_ran_ns;
	u64 reclaim_from_ns, reclaim_ns, compaction_from_ns, compaction_ns;
	struct task_clocks before; /* it came into the group */
	struct delay_state delay; /* the longest */
	struct delay_state recent_delay; /* a shorter one since then */
	struct queue_time queues[QUEUES_MAX];
	struct task_id id;
	u32 ppid;
	u32 blocker_host_pid; /* who has the lock of a file that the call waits for; 0: unknown, or it waits for none */
	struct call_state call;
	struct fault_state fault;
	struct wait_totals waits;
	struct io_totals io;
	struct off_cpu_state off;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_state);
} threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RECORDS_BYTES);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOSS_KINDS);
	__type(key, u32);
	__type(value, struct loss_counter);
} loss SEC(".maps");

/* Threads with state that have not ended; the recorder waits until this is stable. */
s64 threads_alive = 0;
u64 group_cgroups[GROUPS_MAX] = {};
/* When a process was last seen to leave its group: its other threads are found a little later. */
u64 last_leave_ns = 0;
/* When any thread's stall last ended: without one, no waker's state needs to be looked at. */
u64 last_stall_ns = 0;
#define DELAY_MEMORY_NS 10000000000ULL

static __always_inline void count_loss(u32 kind, u64 now_ns)
{
	struct loss_counter *counter = bpf_map_lookup_elem(&loss, &kind);

	if (!counter)
		return;
	counter->count++;
	counter->last_ns = now_ns;
	if (!counter->first_ns)
		counter->first_ns = now_ns;
}

/*
 * The recorder sleeps until enough has gathered (or its timer fires): a wakeup a record would put
 * the recorder on the CPUs that it measures.
 */
static __always_inline u64 wakeup_flags(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) >= ringbuf_wakeup_bytes
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

static __always_inline bool send_record(void *record, u64 bytes, u32 loss_kind)
{
	struct record_header *header = record;

	header->bytes = bytes;
	if (bpf_ringbuf_output(&records, record, bytes, wakeup_flags()) == 0)
		return true;
	count_loss(loss_kind, header->time_ns);
	return false;
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
	return READ_FIELD(struct css_set, READ_FIELD(struct task_struct, task, cgroups), dfl_cgrp);
}

static __always_inline u64 cgroup_id_of(struct task_struct *task)
{
	return READ_FIELD(struct kernfs_node, READ_FIELD(struct cgroup, cgroup_of(task), kn), id);
}

#define CGROUP_LEVELS_MAX 65536

struct ancestor_walk {
	struct cgroup *at;
	u32 levels; /* still above it */
};

static long next_ancestor(u32 step, struct ancestor_walk *walk)
{
	struct cgroup *at = walk->at;

	if (step >= walk->levels)
		return 1;
	walk->at = BPF_CORE_READ(at, self.parent, cgroup);
	return 0;
}
LOOP_STEP(next_ancestor, struct ancestor_walk, CGROUP_LEVELS_MAX)

/*
 * The id of a cgroup's ancestor on that level, one step at a time: before 6.1 (kernel commit 7f203bc89eb6)
 * there is no array of them.
 */
static __always_inline u64 ancestor_id(struct cgroup *cgroup, u32 level)
{
	struct ancestor_walk walk = {cgroup, BPF_CORE_READ(cgroup, level) - level};
	struct cgroup *ancestor;

	LOOP(next_ancestor, &walk);
	ancestor = walk.at;
	return BPF_CORE_READ(ancestor, kn, id);
}

/*
 * A group's cgroup lives as long as the programs, so its address identifies it, two loads cheaper than its ID. The
 * first member gives the address.
 */
static __always_inline bool is_below(struct cgroup *cgroup, u32 group)
{
	u32 level = group_levels[group];
	u64 ancestor = 0;

	if (READ_FIELD(struct cgroup, cgroup, level) < (int)level)
		return false;
	/* Kernels with bpf_rdonly_cast() have the array, too. */
	if (!HAVE_RDONLY_CAST && (walks_ancestors || !bpf_core_field_exists(cgroup->ancestors)))
		return ancestor_id(cgroup, level) == group_cgroup_ids[group];
	ancestor = pointer_at((u64)cgroup + bpf_core_field_offset(struct cgroup, ancestors) +
			      level * sizeof(u64));
	if (ancestor == group_cgroups[group])
		return true;
	if (group_cgroups[group] ||
	    READ_FIELD(struct kernfs_node, READ_FIELD(struct cgroup, ancestor, kn), id) !=
		    group_cgroup_ids[group])
		return false;
	group_cgroups[group] = ancestor;
	return true;
}

/* Cgroups that are part of the run (--include), by ID: those that a pattern matches, and all below them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, INCLUDED_MAX);
	__type(key, u64);
	__type(value, u8);
} included SEC(".maps");

static __always_inline bool is_included(struct cgroup *cgroup)
{
	u64 id;

	if (!include_count)
		return false;
	id = READ_FIELD(struct kernfs_node, READ_FIELD(struct cgroup, cgroup, kn), id);
	return bpf_map_lookup_elem(&included, &id);
}

#define NO_GROUP GROUPS_MAX

/*
 * The verifier knows group_count: without watched cgroups it removes the loop. Unrolled, the loop was most of many
 * programs, and loading took longer.
 */
static __always_inline u32 group_of(struct task_struct *task)
{
	struct cgroup *cgroup = cgroup_of(task);

	if (recorder_is_inside && READ_FIELD(struct task_struct, task, tgid) == (int)recorder_tgid)
		return NO_GROUP;
	if (is_below(cgroup, 0) || is_included(cgroup))
		return 0;
#pragma nounroll
	for (u32 group = 1; group < GROUPS_MAX; group++) {
		if (group >= group_count)
			break;
		/* What is_below() computes must not be moved out of the loop: a kernel may lack it. */
		barrier_var(cgroup);
		if (is_below(cgroup, group))
			return group;
	}
	return NO_GROUP;
}

static __always_inline bool is_member(struct task_struct *task)
{
	return group_of(task) != NO_GROUP;
}

static __always_inline struct thread_state *thread_state(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

/* The number in the caller's PID namespace; 0 when it has none there. */
static __always_inline u32 visible_pid(struct pid *pid)
{
	u64 upid;

	if (!pid || READ_FIELD(struct pid, pid, level) < pid_namespace_level)
		return 0;
	/* The kernel's struct upid is larger than ours: no array of it can be indexed here. */
	upid = (u64)pid + bpf_core_field_offset(struct pid, numbers) +
	       pid_namespace_level * bpf_core_type_size(struct upid);
	return READ_FIELD(struct upid, upid, nr);
}

static __always_inline struct task_struct *leader_of(struct task_struct *task)
{
	return READ_FIELD(struct task_struct, task, group_leader);
}

static __always_inline u32 visible_process(struct task_struct *task)
{
	return visible_pid(READ_FIELD(struct task_struct, leader_of(task), thread_pid));
}

static __always_inline void identify(struct task_struct *task, struct task_id *id)
{
	id->host_pid = task->tgid;
	id->host_tid = task->pid;
	id->pid = visible_process(task);
	id->tid = visible_pid(READ_FIELD(struct task_struct, task, thread_pid));
}

static __always_inline void identify_thread(struct task_struct *task, struct thread_state *state)
{
	identify(task, &state->id);
	state->ppid = visible_process(READ_FIELD(struct task_struct, task, real_parent));
}

/* A call starts, or a fault outside of any call, with the sleep that begins now: the lock that it is for stays. */
static __always_inline void reset_blocks_at_sleep(struct thread_state *state)
{
	state->call.iowait_ns = 0;
	state->call.reclaim_ns = 0;
	state->call.lock_ns = 0;
	state->call.longest_block_ns = 0;
	state->call.longest_in_lock = 0;
}

/* A call starts, or a fault outside of any call: both account for their blocks in call_state. */
static __always_inline void reset_blocks(struct thread_state *state)
{
	reset_blocks_at_sleep(state);
	state->lock = 0;
	state->blocker_host_pid = 0;
}

static __always_inline void read_clocks(struct task_struct *task, struct task_clocks *ret)
{
	ret->run_delay_ns = task->sched_info.run_delay;
	ret->runtime_ns = task->se.sum_exec_runtime;
	ret->user_ns = task->utime;
	ret->system_ns = task->stime;
}

/* Reports a thread that is new to its group. */
static __always_inline void send_start(struct task_struct *task, struct thread_state *state,
				       struct task_struct *creator, u64 now_ns)
{
	struct record_start *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

	if (!record) {
		count_loss(LOSS_RINGBUF_PROCESS, now_ns);
		return;
	}
	record->header.type = RECORD_THREAD_START;
	record->header.group = state->group;
	record->header.bytes = sizeof(*record);
	record->header.time_ns = now_ns;
	record->id = state->id;
	record->ppid = state->ppid;
	record->creator_host_pid = creator ? creator->tgid : 0;
	record->creator_host_tid = creator ? creator->pid : 0;
	record->reserved = 0;
	copy_comm(record->comm, task);
	bpf_ringbuf_submit(record, wakeup_flags());
}

/*
 * Gives a thread its state and announces it. Only where no run queue or pi lock is held (fork, system
 * call entry, iterator): it allocates.
 */
static __always_inline struct thread_state *adopt_thread(struct task_struct *task,
							 struct task_struct *creator)
{
	struct thread_state *state = thread_state(task);
	u64 now_ns;

	if (state)
		return state;
	now_ns = bpf_ktime_get_ns();
	/*
	 * A thread that moves is adopted by whoever moves it and by its own next call, which can come at the same moment. The kernel
	 * then refuses one of the two (EEXIST or EAGAIN): the second attempt finds the state that the other has made.
	 */
	state = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		state = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		count_loss(LOSS_THREAD_STORAGE, now_ns);
		return NULL;
	}
	state->group = group_of(task);
	if (!__sync_bool_compare_and_swap(&state->start_ns, 0, now_ns))
		return state; /* the other announces it */
	state->entered = ENTERED_UNKNOWN;
	state->off.since_ns = now_ns;
	state->off.ran_from_ns = READ_FIELD(struct task_struct, task, se.sum_exec_runtime);
	identify_thread(task, state);
	read_clocks(task, &state->before);
	__sync_fetch_and_add(&threads_alive, 1);
	send_start(task, state, creator, now_ns);
	return state;
}

/* 1 if value is above limit, without a branch; value is below 2^63. */
static __always_inline u64 is_above(u64 value, u64 limit)
{
	return (limit - value) >> 63;
}

/*
 * floor(log2(value)), 0 for 0. BPF has no instruction that counts leading zeros. The code has no branches, because
 * the verifier checks each path separately.
 */
static __always_inline u32 log2_bucket(u64 value)
{
	u64 bucket, shift;

	bucket = is_above(value, 0xffffffff) << 5;
	value >>= bucket;
	shift = is_above(value, 0xffff) << 4;
	value >>= shift;
	bucket += shift;
	shift = is_above(value, 0xff) << 3;
	value >>= shift;
	bucket += shift;
	shift = is_above(value, 0xf) << 2;
	value >>= shift;
	bucket += shift;
	shift = is_above(value, 3) << 1;
	value >>= shift;
	bucket += shift + (value >> 1);
	return bucket < WAIT_BUCKETS ? bucket : WAIT_BUCKETS - 1;
}

#endif
