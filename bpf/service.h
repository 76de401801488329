/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Threads outside the run that the run wakes: what they wait and sleep for is on the path of who waits for them. */
#ifndef LATWRAP_SERVICE_H
#define LATWRAP_SERVICE_H

#include "off_cpu.h"

#define SERVICE_HOPS 3 /* wakeups from the run */
#define SERVICE_MEMORY_NS \
	10000000000ULL /* without another wakeup by the run, it is a bystander again */

/* How many are followed at once; 0: none. The recorder sets it. */
const volatile u32 services_max = 0;
u32 services = 0;

struct service {
	struct off_cpu_state off;
	u64 asked_ns; /* when the run woke it last, or woke who woke it */
	u64 wait_start_ns; /* 0: not waiting */
	u64 wait_woken_ns; /* 0: not yet on a run queue */
	struct queue_leg leg;
	u32 hops;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct service);
} service_threads SEC(".maps");

/*
 * Who has no storage of any kind is none, and costs this one load. A task gets its state under the locks of a wakeup: only
 * where the kernel's local storage has an allocator for that.
 */
static __always_inline bool may_be_service(struct task_struct *task)
{
	struct bpf_local_storage_map *map = 0;

	if (!bpf_core_field_exists(map->selem_ma) &&
	    !bpf_core_field_exists(map->use_kmalloc_nolock))
		return false;
	return services_max && FOLLOW(struct task_struct, task, bpf_storage) != 0;
}

static __always_inline struct service *service_of(struct task_struct *task, u64 now_ns)
{
	struct service *service = bpf_task_storage_get(&service_threads, task, 0, 0);

	return service && now_ns - service->asked_ns < SERVICE_MEMORY_NS ? service : 0;
}

static __always_inline struct service *new_service(struct task_struct *task, u64 now_ns)
{
	struct service *service;

	service = bpf_task_storage_get(&service_threads, task, 0, 0);
	if (service) {
		/* A bystander for a while: what it did then is not known. */
		begin_following(&service->off, task, now_ns);
		forget_shorts(&service->off);
		service->off.from_ns = now_ns;
		service->off.stolen_ns = 0;
		service->wait_start_ns = service->wait_woken_ns = 0;
		return service;
	}
	if (services >= services_max) {
		count_loss(LOSS_SERVICES, now_ns);
		return 0;
	}
	service = bpf_task_storage_get(&service_threads, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!service) {
		count_loss(LOSS_SERVICES, now_ns);
		return 0;
	}
	__sync_fetch_and_add(&services, 1);
	begin_following(&service->off, task, now_ns);
	service->off.from_ns = now_ns;
	return service;
}

/* How far the waker is from the run: 1 for a member; 0: it has nothing to do with it. *ret_asked_ns: since when. */
static __always_inline u32 hops_from(struct task_struct *waker, u64 now_ns, u64 *ret_asked_ns)
{
	struct thread_state *state = thread_state(waker);
	struct service *service;

	*ret_asked_ns = now_ns;
	if (state && !state->ended)
		return 1;
	service = service_of(waker, now_ns);
	if (!service || service->hops >= SERVICE_HOPS)
		return 0;
	*ret_asked_ns = service->asked_ns;
	return service->hops + 1;
}

/* sched_waking of a task that is no member. */
static __always_inline void service_waking(void *context, struct task_struct *task,
					   struct task_struct *waker)
{
	struct flight_recorder *recorder;
	u64 now_ns, asked_ns;
	struct service *service;
	u32 hops = 0;
	u8 how;

	if (!may_be_service(task) && !may_be_service(waker))
		return;
	recorder = flight_recorder(bpf_get_smp_processor_id());
	if (!recorder)
		return;
	now_ns = bpf_ktime_get_ns();
	how = wake_how(recorder, waker, is_interrupt(context, waker, recorder));
	if (is_by_thread(how))
		hops = hops_from(waker, now_ns, &asked_ns);
	service = service_of(task, now_ns);
	if (!service && hops)
		service = new_service(task, now_ns);
	if (!service)
		return;
	if (hops && (service->asked_ns <= asked_ns || hops < service->hops)) {
		service->hops = hops;
		service->asked_ns = asked_ns;
	}
	if (service->wait_start_ns)
		return;
	note_waker(&service->off, waker, how);
	service->wait_start_ns = now_ns;
	service->wait_woken_ns = 0;
}

static __always_inline void service_wakeup(struct task_struct *task)
{
	struct service *service;
	u64 now_ns;

	if (!may_be_service(task))
		return;
	now_ns = bpf_ktime_get_ns();
	service = service_of(task, now_ns);
	if (!service || !service->wait_start_ns || service->wait_woken_ns)
		return;
	service->wait_woken_ns = now_ns;
	begin_leg(&service->leg, task, task->thread_info.cpu, true, now_ns);
}

static __always_inline void service_left(struct task_struct *task, struct flight_recorder *recorder,
					 bool runnable, bool dead, u64 steal_ns, u64 now_ns)
{
	struct service *service;
	bool is_woken;

	if (!may_be_service(task))
		return;
	if (dead) {
		if (bpf_task_storage_get(&service_threads, task, 0, 0))
			__sync_fetch_and_add(&services, -1);
		return;
	}
	service = service_of(task, now_ns);
	if (!service)
		return;
	is_woken = !runnable && service->wait_start_ns && !service->wait_woken_ns;
	off_cpu_left(&service->off, current_slice(recorder), is_woken, steal_ns, now_ns);
	service->wait_start_ns = runnable || is_woken ? now_ns : 0;
	service->wait_woken_ns = runnable ? now_ns : 0;
	if (runnable)
		begin_leg(&service->leg, task, bpf_get_smp_processor_id(), true, now_ns);
}

/* Global, so that the verifier looks at it once. */
__noinline int send_service(struct service *service)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct off_cpu_scratch *scratch = bpf_map_lookup_elem(&off_cpu_scratch, &cpu);

	if (!service || !scratch)
		return 0;
	if (service->wait_woken_ns) {
		finish_leg(&service->leg, scratch->task, scratch->record.header.time_ns);
		/* On another CPU's queue since: that one's clock is another. */
		if (service->leg.cpu != cpu)
			service->leg.steal_from_ns = 0;
		add_leg(&scratch->record, &service->leg);
		add_clock(&scratch->record, BEHIND_DELIVERY, service->wait_start_ns,
			  service->wait_woken_ns);
	}
	send_off_cpu(&service->off);
	return 0;
}

static __always_inline void service_came(struct task_struct *task, struct flight_recorder *recorder,
					 u64 now_ns)
{
	struct service *service;

	if (!may_be_service(task))
		return;
	service = service_of(task, now_ns);
	if (!service)
		return;
	if (off_cpu_came(task, &service->off, recorder, service->wait_start_ns, GROUP_SERVICE, 0,
			 now_ns))
		send_service(service);
	service->wait_start_ns = service->wait_woken_ns = 0;
}

#endif
