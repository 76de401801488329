/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The budgets of real-time threads: a thread whose budget is used up must not run, even on an idle CPU. */
#ifndef LATWRAP_BUDGET_H
#define LATWRAP_BUDGET_H

#include "flight.h"
#include "state.h"

#define SCHED_DEADLINE 6 /* include/uapi/linux/sched.h */
#define MAX_RT_PRIO    100 /* include/linux/sched/prio.h */
#define NO_END_YET     (~0ULL)

/*
 * The kernel limits what SCHED_FIFO and SCHED_RR take (kernel.sched_rt_runtime_us). Since 6.12 a deadline server runs
 * threads of the fair class instead of them (kernel commit 557a6bfc662c); with CONFIG_RT_GROUP_SCHED, and before, the
 * run queue of the real-time class is throttled. The kernel decides when both end.
 */
static __always_inline bool is_limited(struct task_struct *task)
{
	struct rq *rq = rq_of(task);

	/* Since 6.12 this field exists only with CONFIG_RT_GROUP_SCHED (kernel commit 5f6bd380c7bd). */
	if (bpf_core_field_exists(rq->rt.rt_throttled) &&
	    READ_FIELD(struct rq, rq, rt.rt_throttled))
		return true;
	if (!bpf_core_field_exists(task->dl_server))
		return false;
	return READ_FIELD(struct task_struct, READ_FIELD(struct rq, rq, curr), dl_server) != NULL;
}

/* Until when a runnable task must not run. 0: it may run; NO_END_YET: the end is not known yet. */
static __always_inline u64 budget_until_ns(struct task_struct *task)
{
	if (task->policy != SCHED_DEADLINE)
		return task->prio < MAX_RT_PRIO && is_limited(task) ? NO_END_YET : 0;
	if (!BPF_CORE_READ_BITFIELD(task, dl.dl_throttled))
		return 0;
	/* The timer that gives it the runtime of its next period (kernel/sched/deadline.c start_dl_timer()). */
	return task->dl.dl_timer.node.expires;
}

/* Whether it gave up the rest of its runtime: sched_yield(2) of a SCHED_DEADLINE thread sleeps until the next period. */
static __always_inline bool sleeps_until_period(struct task_struct *task)
{
	return task->policy == SCHED_DEADLINE && BPF_CORE_READ_BITFIELD(task, dl.dl_yielded);
}

#endif
