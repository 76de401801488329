/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The log: single calls and waits of the run, in a separate ring buffer, only with --log. */
#ifndef LATWRAP_LOG_H
#define LATWRAP_LOG_H

#include "state.h"

/* Set before load: without a log all that follows is dead code to the verifier. */
const volatile u32 log_calls = 0;
const volatile u64 log_wait_ns = 0; /* the shortest wait; 0: none */
const volatile u64 log_wakeup_bytes = 0;

/* A separate buffer, so that a full log loses no stalls. It is one page without --log. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} log_records SEC(".maps");

static __always_inline u64 log_wakeup_flags(void)
{
	return bpf_ringbuf_query(&log_records, BPF_RB_AVAIL_DATA) >= log_wakeup_bytes
		       ? BPF_RB_FORCE_WAKEUP
		       : BPF_RB_NO_WAKEUP;
}

static __always_inline void send_log(void *record, u64 bytes)
{
	struct record_header *header = record;

	header->bytes = bytes;
	if (bpf_ringbuf_output(&log_records, record, bytes, log_wakeup_flags()))
		count_loss(LOSS_LOG, header->time_ns);
}

static __always_inline void log_wait(struct task_struct *task, struct thread_state *state,
				     u64 start_ns, u64 woken_ns, u64 now_ns)
{
	struct record_log_wait record = {};

	record.header.type = RECORD_LOG_WAIT;
	record.header.time_ns = now_ns;
	record.id = state->id;
	copy_comm(record.comm, task);
	record.start_ns = start_ns;
	record.woken_ns = woken_ns;
	record.cpu = bpf_get_smp_processor_id();
	record.reason = state->wait_reason;
	if (record.reason == WAIT_WAKEUP) {
		record.waker_interrupt = state->waker_interrupt;
		record.waker_pid = state->waker_pid;
		record.waker_host_pid = state->waker_host_pid;
		__builtin_memcpy(record.waker_comm, state->waker_comm, COMM_BYTES);
	}
	send_log(&record, sizeof(record));
}

/* Copies the arguments of the current program to `to`, behind its path. Returns their size. */
static __always_inline u64 copy_argv(struct task_struct *task, char *to, u16 *flags)
{
	u64 start = BPF_CORE_READ(task, mm, arg_start);
	u64 bytes = BPF_CORE_READ(task, mm, arg_end) - start;

	if (bytes > ARGV_MAX_BYTES) {
		bytes = ARGV_MAX_BYTES;
		*flags |= IO_ARGV_TRUNCATED;
	}
	return bpf_probe_read_user(to, bytes, (void *)start) ? 0 : bytes;
}

#endif
