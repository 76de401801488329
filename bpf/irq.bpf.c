// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The time that interrupts take from running threads, and hiccups, in which a CPU takes no interrupt. */
#include "flight.h"
#include "off_cpu.h"

#define LATE_TIMER_NS 100000 /* timers are often late by less */

/*
 * Interrupts nest (a hard one in a soft one): only the outermost counts. A kernel with
 * CONFIG_IRQ_TIME_ACCOUNTING has its own clock for this, but few distributions enable it. ksoftirqd is a
 * thread like others: its work shows as its slice.
 */
static __always_inline int enter_irq(void)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	if (recorder && recorder->irq_depth++ == 0)
		recorder->irq_from_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int leave_irq(void)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	/* The program was attached during an interrupt: its entry was not traced. */
	if (recorder && recorder->irq_depth && --recorder->irq_depth == 0)
		recorder->irq_ns += bpf_ktime_get_ns() - recorder->irq_from_ns;
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(irq_handler_entry)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	if (recorder)
		recorder->hard_depth++;
	return enter_irq();
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(irq_handler_exit)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	if (recorder && recorder->hard_depth)
		recorder->hard_depth--;
	return leave_irq();
}

/*
 * Notes whose packets the next soft interrupt delivers. Packets from this machine raise it in the sender's context, those
 * from another machine in the handler of a device's interrupt.
 */
SEC("tp_btf/softirq_raise")
int BPF_PROG(softirq_raise, unsigned int number)
{
	struct flight_recorder *recorder;

	if (number != SOFTIRQ_NET_RX)
		return 0;
	recorder = flight_recorder(bpf_get_smp_processor_id());
	if (recorder && recorder->hard_depth)
		recorder->net_by_device = 1;
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int number)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	if (recorder)
		recorder->softirq = number;
	return bpf_get_current_task_btf()->flags & PF_KTHREAD ? 0 : enter_irq();
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int number)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	if (recorder) {
		recorder->softirq = 0;
		if (number == SOFTIRQ_NET_RX)
			recorder->net_by_device = 0;
	}
	return bpf_get_current_task_btf()->flags & PF_KTHREAD ? 0 : leave_irq();
}

static __always_inline void send_hiccup(struct flight_recorder *recorder, u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct record_hiccup *record;
	u64 duration_ns = now_ns - recorder->hiccup_from_ns;
	u64 steal_from_ns;

	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_loss(LOSS_RINGBUF_STALL, now_ns);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->header.type = RECORD_HICCUP;
	record->header.bytes = sizeof(*record);
	record->header.time_ns = now_ns;
	record->start_ns = recorder->hiccup_from_ns;
	record->cpu = bpf_get_smp_processor_id();
	record->inside = group_of(task) == 0;
	record->id.host_pid = task->tgid;
	record->id.host_tid = task->pid;
	if (record->inside)
		identify(task, &record->id);
	copy_comm(record->comm, task);
	record->has_steal = have_steal_clock;
	/* The hiccup began no earlier than the last switch or timer. */
	steal_from_ns = current_slice(recorder)->steal_ns;
	if (steal_from_ns < recorder->timer_steal_ns)
		steal_from_ns = recorder->timer_steal_ns;
	record->steal_ns = steal_clock(task) - steal_from_ns;
	if (record->steal_ns > duration_ns)
		record->steal_ns = duration_ns;
	bpf_ringbuf_submit(record, wakeup_flags());
}

/* true: the tracepoint's argument is the time; false (older kernels): it is a pointer to the time. */
const volatile bool timer_has_time = false;

/*
 * Between the time at which a hard timer is due and its handler, the CPU took no interrupt. This needs no steal clock. A
 * timer can already be due when it is armed: so the hiccup starts no earlier than the last switch or timer of this CPU.
 */
SEC("tp_btf/hrtimer_expire_entry")
int BPF_PROG(hrtimer_expire_entry, struct hrtimer *timer, u64 now)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());
	u64 now_ns = bpf_ktime_get_ns();
	s64 clock_now = now, late_ns;
	u64 start_ns;

	/* A soft timer can be late although the CPU takes interrupts, as soft interrupts can be late. */
	if (!recorder || timer->is_soft)
		return 0;
	/* Both in the timer's own clock, which need not be CLOCK_MONOTONIC. */
	if (!timer_has_time)
		bpf_probe_read_kernel(&clock_now, sizeof(clock_now), (void *)now);
	late_ns = clock_now - timer->node.expires;
	if (late_ns >= LATE_TIMER_NS && (u64)late_ns < now_ns) {
		start_ns = now_ns - late_ns;
		/* One interrupt handles all timers that a hiccup made late: the first does not limit the hiccup for the others. */
		if (now_ns - recorder->late_until_ns < LATE_TIMER_NS) {
			if (start_ns < recorder->late_begin_ns)
				start_ns = recorder->late_begin_ns;
		} else {
			if (start_ns < current_slice(recorder)->from_ns)
				start_ns = current_slice(recorder)->from_ns;
			if (start_ns < recorder->timer_ns)
				start_ns = recorder->timer_ns;
			if (now_ns - start_ns >= hiccup_threshold_ns)
				recorder->hiccup_from_ns = start_ns;
			if (now_ns - start_ns >= LATE_TIMER_NS) {
				recorder->late_begin_ns = start_ns;
				recorder->late_until_ns = now_ns;
			}
		}
		if (start_ns < now_ns && now_ns - start_ns >= LATE_TIMER_NS)
			recorder->late_from_ns = start_ns;
	}
	recorder->timer_ns = now_ns;
	recorder->in_timer = 1;
	return 0;
}

/* The handler, mostly that of the tick, has updated the run queue's clocks. */
SEC("tp_btf/hrtimer_expire_exit")
int BPF_PROG(hrtimer_expire_exit)
{
	struct flight_recorder *recorder = flight_recorder(bpf_get_smp_processor_id());

	if (!recorder)
		return 0;
	recorder->in_timer = 0;
	recorder->late_from_ns = 0;
	if (recorder->hiccup_from_ns)
		send_hiccup(recorder, recorder->timer_ns);
	recorder->hiccup_from_ns = 0;
	recorder->timer_steal_ns = steal_clock(bpf_get_current_task_btf());
	return 0;
}
