// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The global function of off_cpu.h: the verifier checks it once, not for each caller. */
#include "off_cpu.h"

struct culprit_search {
	struct off_cpu_culprit *culprit;
	struct flight_recorder *recorder;
	u64 from_ns, until_ns;
};

static long look_at_slice(u32 step, struct culprit_search *search)
{
	struct flight_recorder *recorder = search->recorder;
	struct slice *slice = &recorder->slices[(recorder->written - 1 - step) & (SLICES_MAX - 1)];
	u64 begin_ns = slice->from_ns > search->from_ns ? slice->from_ns : search->from_ns;
	u64 until_ns = search->until_ns;

	if (begin_ns >= until_ns)
		return slice->from_ns <= search->from_ns;
	search->until_ns = begin_ns;
	if (until_ns - begin_ns > search->culprit->ns && slice->class != CLASS_IDLE) {
		search->culprit->ns = until_ns - begin_ns;
		search->culprit->host_pid = slice->host_pid;
		search->culprit->host_tid = slice->host_tid;
		search->culprit->policy = slice->policy;
		search->culprit->prio = slice->prio;
		search->culprit->class = slice->class;
		__builtin_memcpy(search->culprit->comm, slice->comm, COMM_BYTES);
	}
	return slice->from_ns <= search->from_ns;
}
LOOP_STEP(look_at_slice, struct culprit_search, LATEST_SLICES)

/* Who had this CPU longest since from_ns, among its latest slices. */
static __always_inline void find_culprit(struct off_cpu_culprit *ret,
					 struct flight_recorder *recorder, u64 from_ns, u64 now_ns)
{
	struct culprit_search search = {ret, recorder, from_ns, now_ns};

	ret->ns = 0;
	if (from_ns < now_ns)
		LOOP(look_at_slice, &search);
}

__noinline int send_off_cpu(struct off_cpu_state *off)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct off_cpu_scratch *scratch = bpf_map_lookup_elem(&off_cpu_scratch, &cpu);
	struct flight_recorder *recorder = flight_recorder(cpu);
	struct record_off_cpu *record;
	u64 now_ns, ran_ns;

	if (!off || !scratch || !recorder)
		return 0;
	record = &scratch->record;
	now_ns = record->header.time_ns;
	record->header.type = RECORD_OFF_CPU;
	/* Outside the run, the name of the program says more than that of one of its threads ("gdbus"). */
	copy_comm(record->comm, record->header.group ? leader_of(scratch->task) : scratch->task);
	record->since_ns = off->since_ns;
	ran_ns = runtime_of(scratch->task);
	record->ran_ns = ran_ns > off->ran_from_ns ? ran_ns - off->ran_from_ns : 0;
	record->stolen_ns = off->stolen_ns;
	__builtin_memcpy(record->short_wait_ns, off->short_times.wait_ns,
			 sizeof(record->short_wait_ns));
	record->short_sleep_ns = off->short_times.sleep_ns;
	record->short_count = off->short_times.count;
	record->short_waker_host_tid = off->short_times.waker_host_tid;
	record->short_how = off->short_times.how;
	record->short_flags = off->short_times.flags;
	record->how = off->how;
	record->waker_host_tid = off->waker_host_tid;
	record->waker_host_pid = off->waker_host_pid;
	__builtin_memcpy(record->waker_comm, off->waker_comm, COMM_BYTES);
	record->waker_cgroup_id = off->waker_cgroup_id;
	record->flags |= off->woken_inside;
	record->cpu = cpu;
	find_culprit(&record->culprit, recorder, record->woken_ns, now_ns);
	send_record(record, sizeof(*record), LOSS_RINGBUF_OFF_CPU);
	off->since_ns = now_ns;
	off->ran_from_ns = ran_ns;
	off->stolen_ns = 0;
	clear_short_times(off);
	return 0;
}
