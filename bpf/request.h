/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Asynchronous file operations: requests in flight, from submission to completion. */
#ifndef LATWRAP_REQUEST_H
#define LATWRAP_REQUEST_H

#include "cpu_slot.h"
#include "io_stall.h"
#include "thread.h"

#define REQUESTS_MAX       32768
#define REQUEST_PATH_BYTES 256

const volatile struct ring_rule ring_rules[RING_TABLE_SIZE] = {};

struct request {
	struct call_state call; /* with the sleeps of the thread that carries it out */
	struct task_id id; /* who submitted it */
	u64 ring, user_data; /* to know that it still is the same request */
	char comm[COMM_BYTES];
	/* Clocks of the submitter when the request could begin. */
	struct sleep_clocks sleeps;
	u64 run_delay_ns;
	struct arguments arguments; /* as those of the system call with the same number */
	struct {
		u64 file; /* address, to know that the descriptor still names it */
		s64 fd;
	} directory[2]; /* that a relative path starts at */
	u64 queued_ns; /* the part of call.blocked_ns until a worker began it, or that is not known */
	u32 worker_host_tid; /* which slept for the request; 0: none */
	u16 flags; /* enum io_flags */
	u8 group;
	u8 paths; /* a bit for each path that is kept */
	u8 opens_slot; /* opens a file that gets no descriptor */
	u8 reserved[7];
};

/* By the address of the kernel's structure. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REQUESTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct request);
} requests SEC(".maps");

struct request_paths {
	char path[2][REQUEST_PATH_BYTES];
};

/* The paths of requests, for stalls and the log: the kernel frees them before the completion. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REQUESTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct request_paths);
} request_paths SEC(".maps");

struct request_scratch {
	u64 address; /* here it is a number, which global functions can take; a tracepoint's argument is not */
	struct request request;
	struct request_paths paths;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct request_scratch);
} request_scratch SEC(".maps");

/* Whether the thread carries out requests; the one that polls a ring submits them. */
static __always_inline bool is_ring_worker(struct task_struct *task)
{
	return task->flags & PF_IO_WORKER &&
	       READ_FIELD(struct task_struct, task, worker_private) != NULL;
}

/* The address of the request that the worker carries out; 0: none. */
static __always_inline u64 request_of_worker(struct task_struct *task)
{
	u64 worker = (u64)READ_FIELD(struct task_struct, task, worker_private);
	u64 work = (u64)READ_FIELD(struct io_worker, worker, cur_work);

	return work ? work - bpf_core_field_offset(struct io_kiocb, work) : 0;
}

/* The request that a thread that leaves its CPU is in the middle of; 0: none that is followed. */
static __always_inline u64 current_request(struct task_struct *task, struct thread_state *state,
					   unsigned int task_state)
{
	u64 address = 0;

	if (is_ring_worker(task)) {
		address = request_of_worker(task);
	} else if (task_state & TASK_UNINTERRUPTIBLE && !state->lock &&
		   (is_user_worker(task) || entry_number(task) == NUMBER_IO_URING_ENTER)) {
		/* Another sleep is a wait for completions, and the lock may be the ring's. */
		address = state->submitted;
	}
	return address && bpf_map_lookup_elem(&requests, &address) ? address : 0;
}

/* The thread leaves its CPU in the middle of a request: its blocks are the request's. */
static __always_inline void leave_request(struct task_struct *task, struct thread_state *state,
					  unsigned int task_state)
{
	u64 lock = state->lock;

	state->request = 0;
	if (!follows_requests || !has_requests || state->call.start_ns || state->fault.start_ns)
		return;
	state->request = current_request(task, state, task_state);
	if (!state->request)
		return;
	reset_blocks(state);
	state->lock = lock;
}

static __always_inline void read_submitter(struct request *request, struct task_struct *task,
					   struct thread_state *state)
{
	request->sleeps = state->sleeps;
	request->run_delay_ns = READ_FIELD(struct task_struct, task, sched_info.run_delay);
}

/*
 * Where no worker carries out the request, the device works while the submitter sleeps and the end of the request would wake
 * it (device_ns). While the submitter sleeps elsewhere, runs, or waits for a CPU, the request may be done, and its result not
 * yet taken.
 */
static __always_inline void add_submitter_times(struct request *request, struct task_struct *task,
						struct thread_state *state, u64 duration_ns,
						u64 device_ns)
{
	u64 slept_ns = state->sleeps.all_ns - request->sleeps.all_ns, rest_ns;
	u64 delay_ns =
		READ_FIELD(struct task_struct, task, sched_info.run_delay) - request->run_delay_ns;

	/* The thread that polls the ring does not sleep while there are requests. */
	if (request->flags & IO_BY_POLL)
		slept_ns = device_ns = duration_ns;
	if (slept_ns > duration_ns)
		slept_ns = duration_ns;
	if (delay_ns > duration_ns - slept_ns)
		delay_ns = duration_ns - slept_ns;
	request->call.runqueue_ns = delay_ns;
	if (slept_ns <= request->call.blocked_ns)
		return;
	rest_ns = slept_ns - request->call.blocked_ns;
	request->call.blocked_ns = slept_ns;
	/* A worker that did not sleep may also have waited for a CPU, or handed the request to a device. */
	if (request->flags & IO_BY_WORKER)
		device_ns = 0;
	if (device_ns > rest_ns)
		device_ns = rest_ns;
	request->call.iowait_ns += device_ns;
	request->queued_ns += rest_ns - device_ns;
}

static __always_inline bool is_in_process(struct request *request)
{
	return bpf_get_current_task_btf()->tgid == (int)request->id.host_pid;
}

/*
 * The request was a stall or is to be logged; address: of its paths. Global, so that the verifier checks it once, and not for
 * each caller.
 */
int emit_request(struct request *request, struct ended_call *ended, u64 address);

#endif
