/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The per-CPU slot: the current thread, its open call and its totals, until a switch saves them. */
#ifndef LATWRAP_CPU_SLOT_H
#define LATWRAP_CPU_SLOT_H

#include "file.h"

/*
 * Most file operations begin and end without a context switch in between. Such an operation only touches the slot of
 * its CPU: whose thread runs there, when the operation began, and totals. A switch saves the slot into the thread's
 * state and the table of files. Only its own CPU writes a slot, and the tracepoints of calls and of switches do not
 * interrupt each other.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the recorder sets it to the number of CPUs */
	__type(key, u32);
	__type(value, struct cpu_slot);
} cpu_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct file_id);
	__type(value, struct file_totals);
} files SEC(".maps");

const volatile u32 measures_io = 0;
/* The program of page faults in user mode is loaded. */
const volatile bool sees_faults = false;
/* Without the program of sched_switch, each call saves the slot. */
const volatile u32 sees_switches = 0;

/* Without cgroup_attach_task each call looks up the group of its thread. */
const volatile u32 sees_moves = 0;

/*
 * With --overhead the run can step down: from then on no program looks at each call, and operations are found at switches, as
 * with --io=blocked. Threads that left their CPU in a call before that are still in it when they run again. A call that is
 * open while its thread runs is forgotten: its end is not traced.
 */
const volatile bool may_step_down = false;
bool has_stepped_down = false;

static __always_inline bool is_stepped_down(void)
{
	return may_step_down && has_stepped_down;
}

/* The recorder reads the tables: a call or wait that ends now would be in some sums and not in others. */
bool run_is_over = false;

/* How often a process was moved between cgroups: a slot that has another number looks its group up again. */
u64 moves = 0;

/*
 * Some kernels preempt the programs of sys_enter and sys_exit. Another thread could then run the same program on this
 * CPU, so disable_preemption() prevents switches. The kernel skips a program that interrupts itself before
 * disable_preemption() or after enable_preemption(). Therefore each of these programs is attached twice, and does
 * only what the other has not done. The thread's next call shows what both have missed.
 */
const volatile bool is_preempted = false;

#ifdef READS_BY_COPIES
/* Before 5.16 the verifier refuses functions that the kernel has not, even in code that never runs. */
static __always_inline void disable_preemption(void)
{
}

static __always_inline void enable_preemption(void)
{
}
#else
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void disable_preemption(void)
{
	if (is_preempted)
		bpf_preempt_disable();
}

static __always_inline void enable_preemption(void)
{
	if (is_preempted)
		bpf_preempt_enable();
}
#endif

/* Calls whose entry or exit was not traced. */
u64 unseen_begins = 0, unseen_ends = 0;

static __always_inline struct cpu_slot *cpu_slot(u32 cpu)
{
	return bpf_map_lookup_elem(&cpu_slots, &cpu);
}

static __always_inline void add_if(u64 *to, u64 value)
{
	if (value)
		__sync_fetch_and_add(to, value);
}

/* Adds the slot's totals to the table of files. */
int flush_pending(struct cpu_slot *slot);

static __always_inline void flush_file(struct cpu_slot *slot)
{
	if (slot->pending)
		flush_pending(slot);
}

/* Moves the open call into the thread's state, where switches account for it. */
static __always_inline void save_call(struct cpu_slot *slot, struct thread_state *state)
{
	struct call_state *call = &state->call;

	if (!slot->call_start_ns)
		return;
	call->number = slot->call_number;
	call->blocked_ns = 0;
	call->runqueue_ns = 0;
	reset_blocks(state);
	call->mode = slot->call_mode;
	call->file = slot->call_file;
	call->has_file = slot->call_has_file;
	call->open_mode = slot->call_open_mode;
	call->fault_file_system = slot->fault_file_system;
	call->start_ns = slot->call_start_ns;
	slot->call_start_ns = 0;
	slot->call_in_state = 1;
}

/* `blocking` may still be set if the switch-in after the last fault was not traced. */
static __always_inline void reset_fault(struct fault_state *fault)
{
	fault->has_file = 0;
	fault->end_ns = 0;
	fault->blocked_ns = 0;
	fault->runqueue_ns = 0;
	fault->blocking = 0;
	fault->in_uring = 0;
	fault->by_sleep = 0;
	fault->call_key = 0;
}

static __always_inline void name_fault_file(struct fault_state *fault, u64 mapping)
{
	struct inode *inode = READ_FIELD(struct address_space, mapping, host);

	fault->mode = identify_inode(inode, &fault->file);
	fault->file_system = file_system_of_inode(inode);
	fault->has_file = 1;
}

/*
 * Most faults end before a switch, so reading a clock at each of them would be wasted. A fault whose file is unknown
 * starts at the first switch.
 */
static __always_inline void save_fault(struct cpu_slot *slot, struct thread_state *state,
				       u64 now_ns)
{
	struct fault_state *fault = &state->fault;

	if (!slot->in_fault)
		return;
	slot->in_fault = 0;
	slot->fault_in_state = 1;
	reset_blocks(state);
	fault->start_ns = slot->fault_start_ns ? slot->fault_start_ns : now_ns;
	fault->address = slot->fault_address;
	reset_fault(fault);
	if (slot->fault_mapping)
		name_fault_file(fault, slot->fault_mapping);
}

static __always_inline void save_current(struct task_struct *task, struct thread_state *state)
{
	struct cpu_slot *slot;

	if (!measures_io || is_stepped_down())
		return;
	slot = cpu_slot(bpf_get_smp_processor_id());
	if (!slot || slot->task != (u64)task)
		return;
	save_call(slot, state);
	if (slot->in_fault)
		save_fault(slot, state, bpf_ktime_get_ns());
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

static __always_inline void save_totals(struct cpu_slot *slot, struct thread_state *state)
{
	if (slot->io.count) {
		slot->save_seq++;
		barrier();
		add_io(&state->io, &slot->io);
		__builtin_memset(&slot->io, 0, sizeof(slot->io));
		barrier();
		slot->save_seq++;
	}
	flush_file(slot);
}

static __always_inline void reset_slot(struct cpu_slot *slot, struct task_struct *task, u32 group,
				       struct thread_state *state)
{
	/*
	 * The previous thread's switch-out was not traced: its pending totals cannot be assigned, except those of its
	 * file.
	 */
	if (slot->io.count || slot->call_start_ns) {
		count_loss(LOSS_CALLS_UNSAVED, bpf_ktime_get_ns());
		__builtin_memset(&slot->io, 0, sizeof(slot->io));
		slot->call_start_ns = 0;
	}
	flush_file(slot);
	slot->task = (u64)task;
	slot->moves = moves;
	slot->group = group;
	slot->call_in_state = state && state->call.start_ns;
	slot->in_fault = 0;
	slot->fault_key = 0;
	slot->fault_in_state = state && state->fault.start_ns;
	if (is_preempted)
		slot->entered = state ? state->entered : ENTERED_UNKNOWN;
}

/* The thread was moved to another group: its open call belongs to neither group. */
static __always_inline void drop_call(struct cpu_slot *slot)
{
	slot->call_start_ns = 0;
	slot->call_in_state = 0;
	slot->in_fault = 0;
	slot->fault_in_state = 0;
	if (is_preempted)
		slot->entered = ENTERED_UNKNOWN;
}

/* The cached thread of this CPU, or its group, is stale: look it up again. */
static __always_inline u32 refresh_slot(struct cpu_slot *slot, struct task_struct *task,
					bool adopts)
{
	u32 group = group_of(task);
	bool member = group != NO_GROUP;
	struct thread_state *state = NULL;

	if (member) {
		state = adopts ? adopt_thread(task, NULL) : thread_state(task);
		group = state ? state->group : NO_GROUP;
	}
	if (slot->task == (u64)task) {
		if (slot->group != group)
			drop_call(slot);
		slot->moves = moves;
		slot->group = group;
	} else {
		reset_slot(slot, task, group, state);
	}
	/* A member that cannot get a state here gets one with its next call. */
	if (member && !state)
		slot->moves = moves - 1;
	return group;
}

static __always_inline u32 current_group(struct cpu_slot *slot, struct task_struct *task,
					 bool adopts)
{
	if (slot->task == (u64)task && slot->moves == moves && sees_moves)
		return slot->group;
	return refresh_slot(slot, task, adopts);
}

/* prev leaves the CPU; state: 0 where it is none of ours. */
static __always_inline void slot_switch_out(struct task_struct *prev, struct thread_state *state,
					    u64 now_ns)
{
	struct cpu_slot *slot = measures_io ? cpu_slot(bpf_get_smp_processor_id()) : NULL;

	if (!slot || slot->task != (u64)prev)
		return;
	if (is_stepped_down()) {
		slot->call_start_ns = 0;
		slot->in_fault = 0;
	}
	if (is_preempted && state)
		state->entered = slot->entered;
	if (!(slot->io.count || slot->call_start_ns || slot->in_fault))
		return;
	/* The thread may have left the cgroup since its call began. */
	if (!state)
		state = thread_state(prev);
	if (!state)
		return;
	save_call(slot, state);
	save_fault(slot, state, now_ns);
	save_totals(slot, state);
}

static __always_inline void slot_switch_in(struct task_struct *next, struct thread_state *state,
					   bool member)
{
	struct cpu_slot *slot = measures_io ? cpu_slot(bpf_get_smp_processor_id()) : NULL;

	if (!slot)
		return;
	reset_slot(slot, next, state ? state->group : NO_GROUP, state);
	if (member && !state)
		slot->moves = moves - 1;
}

static __always_inline void flush_slot(struct cpu_slot *slot, struct task_struct *task)
{
	struct thread_state *state = sees_switches ? NULL : thread_state(task);

	if (!state)
		return;
	save_call(slot, state);
	save_totals(slot, state);
}

#endif
