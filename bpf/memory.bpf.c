// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Time in which a member had to reclaim or compact memory. */
#include "cpu_slot.h"

static __always_inline struct thread_state *current_member(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = is_member(task) ? thread_state(task) : NULL;

	if (state)
		save_current(task, state);
	return state;
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
	u64 spent_ns;

	if (!state || !state->reclaim_from_ns)
		return 0;
	spent_ns = bpf_ktime_get_ns() - state->reclaim_from_ns;
	state->reclaim_from_ns = 0;
	state->reclaim_ns += spent_ns;
	if (state->call.start_ns || state->fault.start_ns)
		state->call.reclaim_ns += spent_ns;
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
	u64 spent_ns;

	if (!state || !state->compaction_from_ns)
		return 0;
	spent_ns = bpf_ktime_get_ns() - state->compaction_from_ns;
	state->compaction_from_ns = 0;
	state->compaction_ns += spent_ns;
	/* In a call, compaction counts as reclaim. */
	if (state->call.start_ns || state->fault.start_ns)
		state->call.reclaim_ns += spent_ns;
	return 0;
}
