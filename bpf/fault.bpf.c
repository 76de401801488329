// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Page faults for which a thread may have to sleep: where they begin, and in which file. */
#include "fault.h"

static __always_inline void start_fault(unsigned long address)
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
	start_fault(address);
	enable_preemption();
	return 0;
}

/*
 * A system call that does not work on a file can reach one through memory: mlock(2), madvise(2), or the buffer that it
 * reads or writes. All such faults of one call are one, from the first for which the thread had to sleep.
 */
static __always_inline void start_fault_in_call(struct cpu_slot *slot, struct task_struct *task,
						struct address_space *mapping, void *context)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());
	struct thread_state *state = thread_state(task);
	u64 key = call_key(task);
	struct fault_state *fault;

	if (!state || !recorder)
		return;
	fault = &state->fault;
	if (fault->start_ns && fault->call_key == key && fault->end_ns)
		return;
	end_leftovers(slot, task);
	slot->in_fault = 0;
	slot->fault_in_state = 1;
	reset_blocks(state);
	reset_fault(fault);
	fault->start_ns = bpf_ktime_get_ns();
	fault->address = 0;
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

/*
 * The fault is in a mapping of this file: if the thread sleeps, it waits for this file. is_fault: else a page comes into the
 * cache, for whatever reason.
 */
static __always_inline void name_fault(struct address_space *mapping, bool is_fault, void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());
	struct thread_state *state;

	if (!slot || is_stepped_down() || current_group(slot, task, false) == NO_GROUP)
		return;
	if (slot->call_start_ns || slot->call_in_state) {
		if (is_fault)
			note_fault_of_call(slot, task, mapping);
		return;
	}
	if (entry_number(task) >= 0) {
		start_fault_in_call(slot, task, mapping, context);
		return;
	}
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
