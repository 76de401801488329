// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The global functions of thread.h: the verifier checks each once, not for each caller. */
#include "thread.h"

__noinline int finish_fault(struct thread_state *state)
{
	struct record_io_stall *record;
	u64 duration_ns;

	if (!state)
		return 0;
	duration_ns = state->fault.end_ns - state->fault.start_ns;
	/* The time of a switch that was not traced is approximate: it may even be before the start. */
	if (state->fault.end_ns > state->fault.start_ns && duration_ns >= io_threshold_ns) {
		send_uses_during(state->fault.start_ns, state->fault.end_ns,
				 state->fault.blocked_ns, state->id.host_tid, state->group);
		record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
		if (record) {
			__builtin_memset(record, 0, sizeof(*record));
			record->header.type = RECORD_IO_STALL;
			record->header.group = state->group;
			record->header.bytes = sizeof(*record);
			record->header.time_ns = state->fault.end_ns;
			record->id = state->id;
			record->cpu = bpf_get_smp_processor_id();
			copy_comm(record->comm, bpf_get_current_task_btf());
			record->start_ns = state->fault.start_ns;
			record->duration_ns = duration_ns;
			record->blocked_ns = state->fault.blocked_ns;
			record->runqueue_ns = state->fault.runqueue_ns;
			record->iowait_ns = state->call.iowait_ns;
			record->reclaim_ns = state->call.reclaim_ns;
			record->lock_ns = state->call.lock_ns;
			record->longest_block_ns = state->call.longest_block_ns;
			__builtin_memcpy(record->stack, state->call.stack, sizeof(record->stack));
			record->args[0] = state->fault.address;
			record->file = state->fault.file;
			record->mode = state->fault.mode;
			record->file_system = state->fault.has_file ? state->fault.file_system : 0;
			record->number = state->fault.in_uring ? NUMBER_IO_URING_ENTER : 0;
			record->flags = (state->fault.in_uring ? IO_ONE_BLOCK : IO_PAGE_FAULT) |
					(state->fault.by_sleep ? IO_IF_STACK : 0) | IO_NO_WALK |
					(state->fault.has_file ? IO_HAS_FILE : 0) |
					(state->call.longest_in_lock ? IO_LONGEST_IN_LOCK : 0);
			bpf_ringbuf_submit(record, wakeup_flags());
		} else {
			count_loss(LOSS_RINGBUF_STALL, state->fault.end_ns);
		}
	}
	state->fault.start_ns = 0;
	return 0;
}

__noinline int end_thread(struct thread_state *state, u64 now_ns)
{
	struct record_thread *record;

	if (!state)
		return 0;
	if (state->fault.start_ns)
		finish_fault(state);
	state->ended = 1;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_loss(LOSS_RINGBUF_PROCESS, now_ns);
		__sync_fetch_and_add(&threads_alive, -1);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_THREAD_END;
	fill_thread(record, bpf_get_current_task_btf(), state, now_ns);
	bpf_ringbuf_submit(record, wakeup_flags());
	/* Decrement last: when the recorder sees it, the record can be read. */
	__sync_fetch_and_add(&threads_alive, -1);
	return 0;
}
