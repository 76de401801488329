/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The thread on this CPU: all that a call touches that never leaves it, in place of the thread's own state. */
#ifndef LATWRAP_HERE_H
#define LATWRAP_HERE_H

#include "file.h"

/*
 * Most file calls end where they began, without a switch between. They find whose thread it is, when they began
 * and where to count on their CPU; when the thread leaves it, a switch moves all that into the thread's state
 * and the table of files. Only that CPU writes here, and tracepoints of calls and switches do not interrupt each
 * other.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the recorder sets it to the number of CPUs */
	__type(key, u32);
	__type(value, struct here);
} heres SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct file_id);
	__type(value, struct file_totals);
} files SEC(".maps");

const volatile u32 measures_io = 0;
/* Without the switches nothing can stay here. */
const volatile u32 sees_switches = 0;

/* Without word of threads that move between cgroups each call has to ask. */
const volatile u32 sees_moves = 0;

/* The recorder adds up: a call or wait that ends now would be in some sums and not in others. */
bool run_is_over = false;

/* Any thread may have come into a watched cgroup, or left it, since. */
u64 moves = 0;

/*
 * On a kernel that preempts programs a switch may come upon a call's, and others then run the same one on this CPU:
 * hold() keeps switches off. The kernel skips a program that is interrupted by itself (between its start and hold(),
 * or after let_go()), for all who run there until it goes on. Therefore each of them is there twice, and does only
 * what the other has not done; what both have missed shows in the thread's next call.
 */
const volatile bool is_preempted = false;
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

/* Calls of which the kernel has not shown us the begin, or the end. */
u64 unseen_begins = 0, unseen_ends = 0;

static __always_inline void hold(void)
{
	if (is_preempted)
		bpf_preempt_disable();
}

static __always_inline void let_go(void)
{
	if (is_preempted)
		bpf_preempt_enable();
}

static __always_inline struct here *here_of(u32 cpu)
{
	return bpf_map_lookup_elem(&heres, &cpu);
}

static __always_inline void add_if(u64 *to, u64 value)
{
	if (value)
		__sync_fetch_and_add(to, value);
}

/* Global, so that the verifier looks at it once, and not for each way there. */
__noinline int flush_pending(struct here *here)
{
	struct file_totals *from, *to;
	struct file_id
		file; /* the verifier before 6.12 takes no key from elsewhere than the stack or a map */

	if (!here)
		return 0;
	from = &here->totals;
	here->pending = 0;
	file = here->file;
	to = bpf_map_lookup_elem(&files, &file);
	if (to) {
		add_if(&to->opens, from->opens);
		add_if(&to->reads, from->reads);
		add_if(&to->writes, from->writes);
		add_if(&to->syncs, from->syncs);
		add_if(&to->bytes_read, from->bytes_read);
		add_if(&to->bytes_written, from->bytes_written);
		add_if(&to->errors, from->errors);
		add_if(&to->total_ns, from->total_ns);
		/* Not atomic: of two that end on two CPUs at one instant, the shorter may be kept. */
		if (from->max_ns > to->max_ns)
			to->max_ns = from->max_ns;
	}
	__builtin_memset(from, 0, sizeof(*from));
	return 0;
}

static __always_inline void flush_file(struct here *here)
{
	if (here->pending)
		flush_pending(here);
}

/* The call is not over, and somebody looks for it in the thread's state. */
static __always_inline void settle_call(struct here *here, struct thread_state *state)
{
	struct call_state *call = &state->call;

	if (!here->call_start_ns)
		return;
	call->number = here->call_number;
	call->blocked_ns = 0;
	call->runqueue_ns = 0;
	forget_blocks(state);
	call->mode = here->call_mode;
	call->file = here->call_file;
	call->has_file = here->call_has_file;
	call->open_mode = here->call_open_mode;
	call->start_ns = here->call_start_ns;
	here->call_start_ns = 0;
	here->call_in_state = 1;
}

static __always_inline void name_fault_file(struct fault_state *fault, u64 mapping)
{
	struct inode *inode = FOLLOW(struct address_space, mapping, host);

	fault->mode = identify_inode(inode, &fault->file);
	fault->file_system = FOLLOW(struct super_block, FOLLOW(struct inode, inode, i_sb), s_magic);
	fault->has_file = 1;
}

/*
 * Most faults are over before anything looks at them, and it takes no clock to know that. One that was not named
 * begins for us where its thread is first held up.
 */
static __always_inline void settle_fault(struct here *here, struct thread_state *state, u64 now_ns)
{
	struct fault_state *fault = &state->fault;

	if (!here->in_fault)
		return;
	here->in_fault = 0;
	here->fault_in_state = 1;
	forget_blocks(state);
	fault->start_ns = here->fault_start_ns ? here->fault_start_ns : now_ns;
	fault->address = here->fault_address;
	fault->has_file = 0;
	fault->end_ns = 0;
	fault->blocked_ns = 0;
	fault->runqueue_ns = 0;
	/* Still set when the switch back from the last one was not shown. */
	fault->blocking = 0;
	if (here->fault_mapping)
		name_fault_file(fault, here->fault_mapping);
}

static __always_inline void settle_current(struct task_struct *task, struct thread_state *state)
{
	struct here *here;

	if (!measures_io)
		return;
	here = here_of(bpf_get_smp_processor_id());
	if (!here || here->task != (u64)task)
		return;
	settle_call(here, state);
	if (here->in_fault)
		settle_fault(here, state, bpf_ktime_get_ns());
}

static __always_inline void add_io(struct io_totals *to, const struct io_totals *from)
{
	to->count += from->count;
	to->total_ns += from->total_ns;
	to->bytes_read += from->bytes_read;
	to->bytes_written += from->bytes_written;
	to->errors += from->errors;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
}

static __always_inline void settle_totals(struct here *here, struct thread_state *state)
{
	if (here->io.count) {
		here->settles++;
		barrier();
		add_io(&state->io, &here->io);
		__builtin_memset(&here->io, 0, sizeof(here->io));
		barrier();
		here->settles++;
	}
	flush_file(here);
}

static __always_inline void arrive(struct here *here, struct task_struct *task, u32 group,
				   struct thread_state *state)
{
	/* Of somebody whose leaving was not shown: lost to its thread, though not to its file. */
	if (here->io.count || here->call_start_ns) {
		count_loss(LOSS_CALLS_UNSETTLED, bpf_ktime_get_ns());
		__builtin_memset(&here->io, 0, sizeof(here->io));
		here->call_start_ns = 0;
	}
	flush_file(here);
	here->task = (u64)task;
	here->moves = moves;
	here->group = group;
	here->call_in_state = state && state->call.start_ns;
	here->in_fault = 0;
	here->fault_in_state = state && state->fault.start_ns;
	if (is_preempted)
		here->entered = state ? state->entered : ENTERED_UNKNOWN;
}

/* Its thread has been moved to another group: what it is in ends for none of them. */
static __always_inline void forget_call(struct here *here)
{
	here->call_start_ns = 0;
	here->call_in_state = 0;
	here->in_fault = 0;
	here->fault_in_state = 0;
	if (is_preempted)
		here->entered = ENTERED_UNKNOWN;
}

/* Who this is was not known, or no longer. */
static __always_inline u32 claim(struct here *here, struct task_struct *task, bool adopts)
{
	u32 group = group_of(task);
	bool member = group != NO_GROUP;
	struct thread_state *state = 0;

	if (member) {
		state = adopts ? adopt_thread(task, 0) : thread_state(task);
		group = state ? state->group : NO_GROUP;
	}
	if (here->task == (u64)task) {
		if (here->group != group)
			forget_call(here);
		here->moves = moves;
		here->group = group;
	} else {
		arrive(here, task, group, state);
	}
	/* A member that cannot get a state here gets it with its next call. */
	if (member && !state)
		here->moves = moves - 1;
	return group;
}

static __always_inline u32 group_here(struct here *here, struct task_struct *task, bool adopts)
{
	if (here->task == (u64)task && here->moves == moves && sees_moves)
		return here->group;
	return claim(here, task, adopts);
}

/* prev leaves the CPU; state: 0 where it is none of ours. */
static __always_inline void leave(struct task_struct *prev, struct thread_state *state, u64 now_ns)
{
	struct here *here = measures_io ? here_of(bpf_get_smp_processor_id()) : 0;

	if (!here || here->task != (u64)prev)
		return;
	if (is_preempted && state)
		state->entered = here->entered;
	if (!(here->io.count || here->call_start_ns || here->in_fault))
		return;
	/* It may have been moved out of the cgroup since. */
	if (!state)
		state = thread_state(prev);
	if (!state)
		return;
	settle_call(here, state);
	settle_fault(here, state, now_ns);
	settle_totals(here, state);
}

static __always_inline void come(struct task_struct *next, struct thread_state *state, bool member)
{
	struct here *here = measures_io ? here_of(bpf_get_smp_processor_id()) : 0;

	if (!here)
		return;
	arrive(here, next, state ? state->group : NO_GROUP, state);
	if (member && !state)
		here->moves = moves - 1;
}

#endif
