// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Page faults for which a thread may have to sleep: where they begin, and in which file. */
#include "fault.h"

static __always_inline void user_fault(unsigned long address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());

	if (!slot || is_stepped_down() || current_group(slot, task, false) == NO_GROUP)
		return;
	/* Inside a traced call the fault is a part of that call. */
	if (slot->call_start_ns || slot->call_in_state)
		return;
	if (slot->fault_in_state)
		end_leftovers(slot, task);
	slot->fault_address = address;
	slot->fault_start_ns = 0;
	slot->fault_mapping = 0;
	slot->in_fault = 1;
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(page_fault_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	disable_preemption();
	user_fault(address);
	enable_preemption();
	return 0;
}

/* In memory that a system call works on. If the thread sleeps for it, this address tells the file. */
static __always_inline void kernel_fault(unsigned long address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());

	/* Nobody sleeps in the kernel's own memory, or where the kernel only tries (as a BPF program does). */
	if (!slot || (s64)address < 0 || task->pagefault_disabled || is_stepped_down() ||
	    current_group(slot, task, false) == NO_GROUP)
		return;
	if (slot->call_start_ns || slot->call_in_state)
		return;
	slot->fault_address = address;
	slot->fault_key = call_key(task);
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(page_fault_kernel, unsigned long address, struct pt_regs *regs,
	     unsigned long error_code)
{
	disable_preemption();
	kernel_fault(address);
	enable_preemption();
	return 0;
}

__noinline int begin_fault_at_sleep(struct thread_state *state, unsigned int task_state, u64 stack)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot;
	struct fault_state *fault;
	long number;

	if (!state || task_state & TASK_STOPPED_OR_TRACED || task->flags & PF_EXITING ||
	    is_user_worker(task))
		return 0;
	number = entry_number(task);
	/* Most system calls that wait for others can be interrupted while they do. */
	if (number >= 0 && !(task_state & TASK_UNINTERRUPTIBLE))
		return 0;
	/* The next sleep may be that of a request. */
	if (number == NUMBER_IO_URING_ENTER)
		return 0;
	reset_blocks_at_sleep(state);
	state->blocker_host_pid = 0;
	fault = &state->fault;
	__builtin_memset(fault, 0, sizeof(*fault));
	fault->start_ns = state->blocked_from_ns;
	fault->stack = stack;
	fault->blocking = fault->by_sleep = 1;
	if (state->faulted_mapping)
		name_fault_file(fault, state->faulted_mapping);
	if (number < 0)
		return 0;
	fault->call_key = call_key(task);
	if (number == NUMBER_MLOCK || number == NUMBER_MLOCK2 || number == NUMBER_MADVISE)
		fault->address = READ_FIELD(struct pt_regs, bpf_task_pt_regs(task), FIRST_ARGUMENT);
	slot = cpu_slot(bpf_get_smp_processor_id());
	if (slot && slot->fault_key == fault->call_key)
		fault->address = slot->fault_address;
	return 0;
}

/*
 * A system call that does not work on a file can reach one through memory: mlock(2), madvise(2), or the buffer that it
 * reads or writes. All such faults of one call are one, from the first for which the thread had to sleep.
 */
static __always_inline void start_fault_in_call(struct cpu_slot *slot, struct task_struct *task,
						struct address_space *mapping, bool is_fault,
						void *context)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());
	struct thread_state *state = thread_state(task);
	u64 key = call_key(task);
	struct fault_state *fault;

	if (!state || !recorder)
		return;
	fault = &state->fault;
	if (fault->start_ns && fault->call_key == key && fault->end_ns) {
		if (!fault->has_file)
			name_fault_file(fault, (u64)mapping);
		return;
	}
	end_leftovers(slot, task);
	slot->in_fault = 0;
	slot->fault_in_state = 1;
	reset_blocks(state);
	reset_fault(fault);
	fault->start_ns = bpf_ktime_get_ns();
	fault->address = 0;
	fault->by_sleep = !is_fault;
	fault->call_key = key;
	fault->stack = stack_address(recorder, context);
	name_fault_file(fault, (u64)mapping);
}

/* Inside a traced call the fault is a part of that call, which may work on a file elsewhere. */
static __always_inline void note_fault_of_call(struct cpu_slot *slot, struct task_struct *task,
					       struct address_space *mapping)
{
	struct inode *inode = READ_FIELD(struct address_space, mapping, host);
	u32 file_system = file_system_of_inode(inode);
	struct thread_state *state;

	if (slot->call_start_ns) {
		slot->fault_file_system = file_system;
		return;
	}
	state = thread_state(task);
	if (state)
		state->call.fault_file_system = file_system;
}

/* For a fault that only a sleep shows. A sleep in filemap_fault() comes right after this one. */
static __always_inline void keep_mapping(struct thread_state *state, struct address_space *mapping)
{
	if (state)
		state->faulted_mapping = (u64)mapping;
}

/*
 * The fault is in a mapping of this file: if the thread sleeps, it waits for this file. is_fault: else a page comes into the
 * cache, for whatever reason.
 */
static __always_inline void name_fault(struct address_space *mapping, bool is_fault, void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());
	struct thread_state *state;

	if (!measures_io || is_stepped_down()) {
		keep_mapping(is_member(task) ? thread_state(task) : NULL, mapping);
		return;
	}
	if (!slot || current_group(slot, task, false) == NO_GROUP)
		return;
	if (slot->call_start_ns || slot->call_in_state) {
		if (is_fault)
			note_fault_of_call(slot, task, mapping);
		return;
	}
	if (entry_number(task) >= 0) {
		start_fault_in_call(slot, task, mapping, is_fault, context);
		return;
	}
	if (!sees_faults)
		keep_mapping(thread_state(task), mapping);
	if (slot->in_fault && !slot->fault_mapping) {
		slot->fault_start_ns = bpf_ktime_get_ns();
		slot->fault_mapping = (u64)mapping;
	}
	/* The fault has already waited on its way to the file. */
	state = slot->fault_in_state ? thread_state(task) : NULL;
	if (state && state->fault.start_ns && !state->fault.has_file)
		name_fault_file(&state->fault, (u64)mapping);
}

SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(mm_filemap_fault, struct address_space *mapping, unsigned long index)
{
	disable_preemption();
	name_fault(mapping, true, ctx);
	enable_preemption();
	return 0;
}

/*
 * For kernels without the above (6.1): a page that has to be read first is added to the cache. Since 5.16 the argument is a
 * struct folio, which begins like a struct page.
 */
SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(mm_filemap_add_to_page_cache, struct page *page)
{
	disable_preemption();
	name_fault(READ_FIELD(struct page, page, mapping), false, ctx);
	enable_preemption();
	return 0;
}
