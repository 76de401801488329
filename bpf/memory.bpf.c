// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Time in which a member had to reclaim or compact memory. */
#include "fault.h"

static __always_inline struct thread_state *current_member(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = is_member(task) ? thread_state(task) : NULL;

	if (state)
		save_current(task, state);
	return state;
}

/*
 * In a call or fault, compaction counts as reclaim. A fault in which a thread only works for memory is as slow as one in which
 * it sleeps: it has lasted until now.
 */
static __always_inline void add_reclaim(struct task_struct *task, struct thread_state *state,
					u64 from_ns, u64 now_ns)
{
	struct fault_state *fault = &state->fault;

	if (!state->call.start_ns) {
		if (!fault->start_ns || !is_same_entry(task, fault))
			return;
		if (from_ns < fault->start_ns)
			from_ns = fault->start_ns;
		fault->end_ns = now_ns;
	}
	if (now_ns > from_ns)
		state->call.reclaim_ns += now_ns - from_ns;
}

static __always_inline int begin_reclaim(void)
{
	struct thread_state *state = current_member();

	if (state)
		state->reclaim_from_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int end_reclaim(void)
{
	struct thread_state *state = current_member();
	u64 now_ns;

	if (!state || !state->reclaim_from_ns)
		return 0;
	now_ns = bpf_ktime_get_ns();
	state->reclaim_ns += now_ns - state->reclaim_from_ns;
	add_reclaim(bpf_get_current_task_btf(), state, state->reclaim_from_ns, now_ns);
	state->reclaim_from_ns = 0;
	return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int BPF_PROG(mm_vmscan_direct_reclaim_begin)
{
	return begin_reclaim();
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(mm_vmscan_direct_reclaim_end)
{
	return end_reclaim();
}

/* Reclaim because of a cgroup's memory limit. */
SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(mm_vmscan_memcg_reclaim_begin)
{
	return begin_reclaim();
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(mm_vmscan_memcg_reclaim_end)
{
	return end_reclaim();
}

SEC("tp_btf/mm_compaction_begin")
int BPF_PROG(mm_compaction_begin)
{
	struct thread_state *state = current_member();

	if (state)
		state->compaction_from_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/mm_compaction_end")
int BPF_PROG(mm_compaction_end)
{
	struct thread_state *state = current_member();
	u64 now_ns;

	if (!state || !state->compaction_from_ns)
		return 0;
	now_ns = bpf_ktime_get_ns();
	state->compaction_ns += now_ns - state->compaction_from_ns;
	add_reclaim(bpf_get_current_task_btf(), state, state->compaction_from_ns, now_ns);
	state->compaction_from_ns = 0;
	return 0;
}
