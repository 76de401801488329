/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The flight recorder: who held each CPU lately, and what else took its time. */
#ifndef LATWRAP_FLIGHT_H
#define LATWRAP_FLIGHT_H

#include "state.h"

/*
 * Written at every switch of the machine, by that CPU only; read when a stall ends, and then only as far
 * back as the stall reaches.
 */
struct flight_recorder {
	u64 written;
	u64 irq_from_ns; /* start of the current interrupt; 0: none */
	u64 irq_ns;
	u64 late_until_ns; /* with late_begin_ns: the last interval in which timers were late */
	u64 late_begin_ns;
	u64 timer_steal_ns; /* the steal clock when the last timer was done */
	u64 timer_ns; /* the last timer that was on time, or nearly */
	u64 hiccup_from_ns; /* start of a hiccup that is not yet reported; 0: none */
	u64 late_from_ns; /* due time of the timer whose handler runs; 0: none */
	u64 class_ns[CLASS_CLOCKS]; /* until the current slice began */
	u32 irq_depth;
	u32 in_timer; /* a hard timer's handler runs */
	u16 hard_depth; /* the number of nested handlers of hard interrupts */
	u8 softirq; /* number of the current soft interrupt; 0: none, or one that wakes no thread of interest */
	u8 net_by_device; /* the packets that will be delivered next came by a device's interrupt */
	u32 is_stocked; /* has memory for services */
	u64 context_address; /* scratch of stack_address() */
	struct slice slices[SLICES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); /* not per-CPU: a stall may have waited on another CPU */
	__uint(max_entries, 1); /* the recorder sets it to the number of CPUs */
	__type(key, u32);
	__type(value, struct flight_recorder);
} flight SEC(".maps");

static __always_inline struct flight_recorder *flight_recorder(u32 cpu)
{
	return bpf_map_lookup_elem(&flight, &cpu);
}

/*
 * Where a program's context lies: on the stack of whom its tracepoint interrupts. It goes through a map: the verifier
 * before 6.18 refuses to compute with a context pointer, which a map turns into a number.
 */
static __always_inline u64 stack_address(struct flight_recorder *recorder, void *context)
{
	*(volatile u64 *)&recorder->context_address = (u64)context;
	return *(volatile u64 *)&recorder->context_address;
}

/* The slice that has not ended yet. */
static __always_inline struct slice *current_slice(struct flight_recorder *recorder)
{
	return &recorder->slices[(recorder->written - 1) & (SLICES_MAX - 1)];
}

static __always_inline struct cfs_rq *cfs_rq_of(struct task_struct *task)
{
	return READ_FIELD(struct task_struct, task, se.cfs_rq);
}

static __always_inline struct rq *rq_of(struct task_struct *task)
{
	return READ_FIELD(struct cfs_rq, cfs_rq_of(task), rq);
}

/* The CPU that the task is or was last on. Its own member moved to another structure in 5.16 (kernel commit bcf9033e5449). */
static __always_inline u32 cpu_of(struct task_struct *task)
{
	return READ_FIELD(struct rq, rq_of(task), cpu);
}

/* Time stolen from the CPU whose run queue the task is on, as far as that queue's clock has seen. */
static __always_inline u64 steal_clock(struct task_struct *task)
{
	if (!have_steal_clock)
		return 0;
	return READ_FIELD(struct rq, rq_of(task), prev_steal_time_rq);
}

/*
 * How long the thread of the current slice has run in it; steal_ns 0: unknown. The value can be inexact, and is
 * meaningless before the first switch: it is a difference of clocks. The reader limits it.
 */
static __always_inline u64 slice_ran_ns(struct flight_recorder *recorder, struct slice *slice,
					u64 steal_ns, u64 now_ns)
{
	u64 from_steal_ns = slice->steal_ns;

	if (!steal_ns)
		steal_ns = from_steal_ns;
	return now_ns - slice->from_ns - (recorder->irq_ns - slice->irq_ns) -
	       (steal_ns - from_steal_ns);
}

/* How long each class has run on a CPU; steal_ns: that CPU's clock now, 0 where not known. */
static __always_inline void read_classes(struct flight_recorder *recorder, u64 *ret_class_ns,
					 u64 steal_ns, u64 now_ns)
{
	struct slice *slice = current_slice(recorder);
	u32 class = slice->class;

	__builtin_memcpy(ret_class_ns, recorder->class_ns, sizeof(recorder->class_ns));
	if (class < CLASS_CLOCKS)
		ret_class_ns[class] += slice_ran_ns(recorder, slice, steal_ns, now_ns);
}

/* The task is on cpu's run queue; on_queue: the task's own fields already name that queue. */
static __always_inline void begin_queue_time(struct queue_time *queue, struct task_struct *task,
					     u32 cpu, bool on_queue, u64 now_ns)
{
	struct flight_recorder *recorder = flight_recorder(cpu);

	queue->from_ns = now_ns;
	queue->cpu = cpu;
	queue->steal_from_ns = on_queue ? steal_clock(task) : 0;
	if (recorder) {
		queue->irq_from_ns = recorder->irq_ns;
		read_classes(recorder, queue->class_from_ns, queue->steal_from_ns, now_ns);
	}
}

static __always_inline void end_queue_time(struct queue_time *queue, struct task_struct *task,
					   u64 now_ns)
{
	struct flight_recorder *recorder = flight_recorder(queue->cpu);

	if (!recorder)
		return;
	queue->steal_until_ns = steal_clock(task);
	queue->irq_until_ns = recorder->irq_ns;
	read_classes(recorder, queue->class_until_ns, queue->steal_until_ns, now_ns);
}

/* How long the task's run queue has been out of quota, all in all. */
static __always_inline u64 throttled_clock(struct task_struct *task)
{
	if (bpf_core_field_exists(struct cfs_rq, throttled_clock_self_time))
		return READ_FIELD(struct cfs_rq, cfs_rq_of(task), throttled_clock_self_time);
	if (bpf_core_field_exists(struct cfs_rq, throttled_clock_pelt_time))
		return READ_FIELD(struct cfs_rq, cfs_rq_of(task), throttled_clock_pelt_time);
	if (bpf_core_field_exists(struct cfs_rq, throttled_clock_task_time))
		return READ_FIELD(struct cfs_rq, cfs_rq_of(task), throttled_clock_task_time);
	return 0;
}

#endif
