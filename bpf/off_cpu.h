/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The record of a time off the CPU: how long it was, who had the CPU meanwhile, and who ended it. */
#ifndef LATWRAP_OFF_CPU_H
#define LATWRAP_OFF_CPU_H

#include "flight.h"
#include "state.h"
#include "thread.h"

/* include/linux/interrupt.h */
#define SOFTIRQ_TIMER    1
#define SOFTIRQ_NET_TX   2
#define SOFTIRQ_NET_RX   3
#define SOFTIRQ_BLOCK    4
#define SOFTIRQ_IRQ_POLL 5
#define SOFTIRQ_HRTIMER  8

/* Shorter times off the CPU are only summed up; the recorder sets it. */
const volatile u64 off_cpu_floor_ns = 1000000;
/* Short sleeps are frequent: they alone cause a record only when their sum is this many times the floor. */
#define SHORT_SLEEPS  16
/* Number of slices searched for the culprit. */
#define LATEST_SLICES 128

struct off_cpu_scratch {
	struct task_struct *task;
	struct record_off_cpu record;
};

/* One for each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* the recorder sets it to the number of CPUs */
	__type(key, u32);
	__type(value, struct off_cpu_scratch);
} off_cpu_scratch SEC(".maps");

/*
 * Whether an interrupt wakes the thread, and `current` is only interrupted. BPF has no in_interrupt(): the preempt
 * count is a per-CPU variable that kernels without KALLSYMS_ALL do not resolve. Timers and device interrupts have
 * tracepoints. Other interrupts (an IPI) run on a stack of their own if they interrupt the kernel, so the address of
 * the context shows them.
 */
static __always_inline bool is_interrupt(void *context, struct task_struct *task,
					 struct flight_recorder *recorder)
{
	if (recorder->irq_depth || recorder->in_timer)
		return true;
	return stack_address(recorder, context) -
		       (u64)READ_FIELD(struct task_struct, task, stack) >=
	       KERNEL_STACK_BYTES;
}

/* A packet from this machine is delivered while `current`, its sender, is still in its system call. */
static __always_inline u8 packet_sender(struct flight_recorder *recorder, struct task_struct *waker)
{
	if (recorder->net_by_device)
		return WOKEN_BY_PACKET;
	if (!waker->pid)
		return WOKEN_BY_INTERRUPT;
	return waker->flags & PF_KTHREAD ? WOKEN_BY_KERNEL : WOKEN_BY_LOCAL_PACKET;
}

static __always_inline u8 wake_how(struct flight_recorder *recorder, struct task_struct *waker,
				   bool interrupt)
{
	if (recorder->in_timer)
		return WOKEN_BY_TIMER;
	if (recorder->hard_depth)
		return WOKEN_BY_INTERRUPT;
	switch (recorder->softirq) {
	case SOFTIRQ_TIMER:
	case SOFTIRQ_HRTIMER:
		return WOKEN_BY_TIMER;
	case SOFTIRQ_NET_TX:
	case SOFTIRQ_NET_RX:
		return packet_sender(recorder, waker);
	case SOFTIRQ_BLOCK:
	case SOFTIRQ_IRQ_POLL:
		return WOKEN_BY_BLOCK;
	}
	if (interrupt)
		return WOKEN_BY_INTERRUPT;
	return waker->flags & PF_KTHREAD ? WOKEN_BY_KERNEL : WOKEN_BY_THREAD;
}

/* Whether the critical path continues in the waker. */
static __always_inline bool is_by_thread(u8 how)
{
	return how == WOKEN_BY_THREAD || how == WOKEN_BY_KERNEL || how == WOKEN_BY_LOCAL_PACKET;
}

static __always_inline void note_waker(struct off_cpu_state *off, struct task_struct *waker, u8 how)
{
	off->how = how;
	off->waker_host_tid = 0;
	/* What the recorder sends to the run are signals: nobody waited for them. */
	if (!is_by_thread(how) || (u32)waker->tgid == recorder_tgid)
		return;
	off->waker_host_tid = waker->pid;
	off->waker_host_pid = waker->tgid;
	copy_comm(off->waker_comm, waker);
}

static __always_inline u64 runtime_of(struct task_struct *task)
{
	return READ_FIELD(struct task_struct, task, se.sum_exec_runtime);
}

/* Accounting of the thread's time starts now. */
static __always_inline void start_accounting(struct off_cpu_state *off, struct task_struct *task,
					     u64 now_ns)
{
	off->since_ns = now_ns;
	off->ran_from_ns = runtime_of(task);
}

static __always_inline void clear_short_times(struct off_cpu_state *off)
{
	__builtin_memset(&off->short_times, 0, sizeof(off->short_times));
}

/*
 * The thread leaves its CPU, which it has had since slice began. is_woken: it was woken on its way to sleep, and its
 * waker is known.
 */
static __always_inline void off_cpu_begin(struct off_cpu_state *off, struct slice *slice,
					  bool is_woken, u64 steal_ns, u64 now_ns)
{
	off->from_ns = now_ns;
	if (!is_woken) {
		off->how = WOKEN_BY_NOBODY;
		off->waker_host_tid = 0;
	}
	if (steal_ns > slice->steal_ns && slice->steal_ns)
		off->stolen_ns += steal_ns - slice->steal_ns;
}

/*
 * Sends the record of the task that this CPU's struct off_cpu_scratch names; its header, times, waits and flags are
 * filled in. Global, so that the verifier looks at it once, and not for each way there.
 */
int send_off_cpu(struct off_cpu_state *off);

/* A time below the floor: the whole wait counts for the thread that had the CPU last. */
static __always_inline void add_short_time(struct off_cpu_state *off,
					   struct flight_recorder *recorder, u32 sleep_ns,
					   u32 wait_ns, u8 flags)
{
	u32 class = current_slice(recorder)->class;

	if (class >= CLASSES)
		class = CLASS_UNSURE;
	off->short_times.count++;
	off->short_times.wait_ns[class] += wait_ns;
	off->short_times.all_wait_ns += wait_ns;
	off->short_times.sleep_ns += sleep_ns;
	if (sleep_ns <= off->short_times.longest_sleep_ns)
		return;
	off->short_times.longest_sleep_ns = sleep_ns;
	off->short_times.waker_host_tid = off->waker_host_tid;
	off->short_times.how = off->how;
	off->short_times.flags = flags;
}

static __always_inline bool short_times_are_due(const struct off_cpu_state *off)
{
	return off->short_times.all_wait_ns >= off_cpu_floor_ns ||
	       off->short_times.sleep_ns >= off_cpu_floor_ns * SHORT_SLEEPS;
}

static __always_inline void add_clock(struct record_off_cpu *record, u32 class, u64 from_ns,
				      u64 until_ns)
{
	if (until_ns > from_ns)
		record->wait_ns[class] += until_ns - from_ns;
}

static __always_inline void add_queue_time(struct record_off_cpu *record, struct queue_time *queue)
{
	for (u32 class = 0; class < CLASS_CLOCKS; class ++)
		add_clock(record, class, queue->class_from_ns[class], queue->class_until_ns[class]);
	add_clock(record, BEHIND_IRQ, queue->irq_from_ns, queue->irq_until_ns);
	if (queue->steal_from_ns)
		add_clock(record, BEHIND_STEAL, queue->steal_from_ns, queue->steal_until_ns);
}

/*
 * The task has its CPU again, and waited since start_ns (0: no wakeup was shown). True if there is something to send:
 * then this CPU's struct off_cpu_scratch has it, but for its waits and what send_off_cpu() fills in.
 */
static __always_inline bool off_cpu_end(struct task_struct *task, struct off_cpu_state *off,
					struct flight_recorder *recorder, u64 start_ns, u16 group,
					u8 flags, u64 now_ns)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct off_cpu_scratch *scratch;
	u64 from_ns = off->from_ns;
	struct record_off_cpu *record;

	if (!from_ns)
		from_ns = start_ns ? start_ns : now_ns;
	off->from_ns = 0;
	if (from_ns > now_ns)
		return false;
	if (!start_ns || start_ns > now_ns) {
		start_ns = now_ns;
		off->how = WOKEN_UNSEEN;
	}
	if (start_ns < from_ns)
		start_ns = from_ns;
	if (now_ns - from_ns < off_cpu_floor_ns) {
		add_short_time(off, recorder, start_ns - from_ns, now_ns - start_ns, flags);
		if (!short_times_are_due(off))
			return false;
		from_ns = start_ns = now_ns;
	}
	scratch = bpf_map_lookup_elem(&off_cpu_scratch, &cpu);
	if (!scratch)
		return false;
	scratch->task = task;
	record = &scratch->record;
	record->header.group = group;
	record->header.time_ns = now_ns;
	record->from_ns = from_ns;
	record->woken_ns = start_ns;
	record->flags = flags;
	record->lock = 0;
	record->blocker_host_pid = 0;
	record->call = -1;
	if (!(task->flags & PF_KTHREAD))
		record->call = entry_number(task);
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		record->flags |= OFF_IN_IOWAIT;
	identify(task, &record->id);
	__builtin_memset(record->wait_ns, 0, sizeof(record->wait_ns));
	return true;
}

#endif
