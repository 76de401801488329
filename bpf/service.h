/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Services: threads outside the run that the run wakes, whose waits and sleeps are on its critical paths. */
#ifndef LATWRAP_SERVICE_H
#define LATWRAP_SERVICE_H

#include "off_cpu.h"

#define SERVICE_HOPS 3 /* wakeups from the run */

/* After this time without a wakeup by the run, a service is a bystander again. */
const volatile u64 service_memory_ns = 10000000000ULL;

/* How many services are traced at once; 0: none. The recorder sets it. */
const volatile u32 services_max = 0;
u32 services = 0;

struct service {
	struct off_cpu_state off;
	u64 asked_ns; /* when the run woke it last, or woke who woke it; 0: never */
	u64 wait_start_ns; /* 0: not waiting */
	u64 wait_woken_ns; /* 0: not yet on a run queue */
	struct queue_time queue;
	u32 hops;
	u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct service);
} service_threads SEC(".maps");

static __always_inline bool has_storage(struct task_struct *task)
{
	return READ_FIELD(struct task_struct, task, bpf_storage) != 0;
}

/*
 * A task without any local storage is not a service: a bystander costs this one load. A service gets its state under
 * the locks of a wakeup, which needs an allocator of the kernel's local storage that allows this.
 */
static __always_inline bool may_be_service(struct task_struct *task)
{
	struct bpf_local_storage_map *map = NULL;

	if (!bpf_core_field_exists(map->selem_ma) &&
	    !bpf_core_field_exists(map->use_kmalloc_nolock))
		return false;
	return services_max && has_storage(task);
}

/* Any that the run has asked; NULL: it never did. */
static __always_inline struct service *known_service(struct task_struct *task)
{
	struct service *service = bpf_task_storage_get(&service_threads, task, NULL, 0);

	return service && service->asked_ns ? service : NULL;
}

static __always_inline struct service *service_of(struct task_struct *task, u64 now_ns)
{
	struct service *service = known_service(task);

	return service && now_ns - service->asked_ns < service_memory_ns ? service : NULL;
}

static __always_inline struct service *new_service(struct task_struct *task, u64 now_ns)
{
	struct service *service;

	service = bpf_task_storage_get(&service_threads, task, NULL, 0);
	/* It has not run since it was a service. */
	if (service && service->asked_ns && service->off.from_ns)
		return service;
	if (service && service->asked_ns) {
		/* It was a bystander for a while, in which it was not traced. */
		start_accounting(&service->off, task, now_ns);
		clear_short_times(&service->off);
		service->off.from_ns = now_ns;
		service->off.stolen_ns = 0;
		service->wait_start_ns = service->wait_woken_ns = 0;
		return service;
	}
	if (services >= services_max) {
		count_loss(LOSS_SERVICES, now_ns);
		return NULL;
	}
	if (!service)
		service = bpf_task_storage_get(&service_threads, task, NULL,
					       BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!service) {
		count_loss(LOSS_SERVICES, now_ns);
		return NULL;
	}
	__sync_fetch_and_add(&services, 1);
	start_accounting(&service->off, task, now_ns);
	service->off.from_ns = now_ns;
	return service;
}

static __always_inline bool add_service_storage(struct task_struct *task)
{
	return !bpf_task_storage_get(&service_threads, task, NULL, 0) &&
	       bpf_task_storage_get(&service_threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/*
 * Runs at the first switches of a CPU. bpf_mem_alloc_init() gives each CPU one element of this map's size, and four of
 * what a thread without any storage needs besides. The interrupt that follows the use of either brings dozens. The run
 * may wake more threads before that interrupt: use them now, for a thread that need not be followed.
 */
static __always_inline void stock_services(struct flight_recorder *recorder,
					   struct task_struct *prev, struct task_struct *next)
{
	struct bpf_local_storage_map *map = NULL;
	bool prefers_next;

	if (!services_max || recorder->is_stocked || !bpf_core_field_exists(map->selem_ma))
		return;
	/* The idle thread comes last: it switches too often to look for a state each time. */
	prefers_next = !has_storage(next) && (next->pid || has_storage(prev));
	recorder->is_stocked = (prefers_next && add_service_storage(next)) ||
			       add_service_storage(prev) || add_service_storage(next);
}

/*
 * Number of wakeups from the run to what the waker wakes: 1 for a member, 0: it is not connected. *ret_asked_ns: when
 * the run asked.
 */
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
	if (is_by_thread(how) && (u32)task->tgid != recorder_tgid)
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
	begin_queue_time(&service->queue, task, cpu_of(task), true, now_ns);
}

static __always_inline void service_switch_out(struct task_struct *task,
					       struct flight_recorder *recorder, bool runnable,
					       bool dead, u64 steal_ns, u64 now_ns)
{
	struct service *service;
	bool is_woken;

	if (!may_be_service(task))
		return;
	if (dead) {
		service = bpf_task_storage_get(&service_threads, task, NULL, 0);
		if (service && service->asked_ns)
			__sync_fetch_and_add(&services, -1);
		return;
	}
	service = service_of(task, now_ns);
	if (!service)
		return;
	is_woken = !runnable && service->wait_start_ns && !service->wait_woken_ns;
	off_cpu_begin(&service->off, current_slice(recorder), is_woken, steal_ns, now_ns);
	service->wait_start_ns = runnable || is_woken ? now_ns : 0;
	service->wait_woken_ns = runnable ? now_ns : 0;
	if (runnable)
		begin_queue_time(&service->queue, task, bpf_get_smp_processor_id(), true, now_ns);
}

/* The task that this CPU's struct off_cpu_scratch names has its CPU again. Global as send_off_cpu() is. */
int send_service(struct service *service);

/* The task runs since now_ns. What ends here began while it was a service: so is a sleep that outlasts that. */
static __always_inline void service_runs(struct task_struct *task, struct flight_recorder *recorder,
					 u64 now_ns)
{
	struct service *service = may_be_service(task) ? known_service(task) : NULL;

	if (!service || !service->off.from_ns)
		return;
	if (off_cpu_end(task, &service->off, recorder, service->wait_start_ns, GROUP_SERVICE, 0,
			now_ns))
		send_service(service);
	service->wait_start_ns = service->wait_woken_ns = 0;
}

#endif
