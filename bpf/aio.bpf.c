// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Linux AIO: no tracepoint shows its requests, but the arguments and results of its system calls do. */
#include "aio.h"
#include "request.h"

#define AIO_REQUESTS_MAX 65536 /* of one call */

/* include/uapi/linux/aio_abi.h struct iocb, its first 48 bytes */
struct control_block {
	u64 data;
	u32 key, rw_flags;
	u16 opcode;
	s16 priority;
	s32 fd;
	u64 buffer, bytes, offset;
};

/* include/uapi/linux/aio_abi.h struct io_event */
struct aio_event {
	u64 data, block; /* block: user address of the control block */
	s64 result, result2;
};

struct aio_key {
	u64 block;
	u64 host_pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, REQUESTS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct aio_key);
	__type(value, struct request);
} aio_requests SEC(".maps");

/* Not on the stack: before 6.12, the verifier gives functions that call each other little stack. */
struct aio_scratch {
	struct control_block block;
	struct aio_event event;
	struct request request;
	struct aio_key key;
	struct ended_call ended;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct aio_scratch);
} aio_scratch SEC(".maps");

static __always_inline struct aio_scratch *get_aio_scratch(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&aio_scratch, &zero);
}

static __always_inline struct aio_key key_of_block(u64 block)
{
	return (struct aio_key){block, bpf_get_current_task_btf()->tgid};
}

static __always_inline u64 block_at(struct aio_array *array, u32 index)
{
	return index < array->count ? control_block_at(array->address, index, array->is_compat) : 0;
}

/* Arguments as those of the system call that does the same. Returns false if the request is not one on a file. */
static __always_inline bool read_block(struct aio_scratch *scratch, u64 block)
{
	struct control_block *from = &scratch->block;
	struct request *request = &scratch->request;
	struct file *file;

	if (bpf_probe_read_user(from, sizeof(*from), (void *)block) ||
	    from->opcode >= AIO_TABLE_SIZE || !aio_calls[from->opcode & (AIO_TABLE_SIZE - 1)])
		return false;
	file = fd_lookup(bpf_get_current_task_btf(), from->fd);
	if (!file)
		return false;
	__builtin_memset(request, 0, sizeof(*request));
	request->call.number = aio_calls[from->opcode & (AIO_TABLE_SIZE - 1)];
	request->call.mode = identify_file(file, &request->call.file);
	request->call.has_file = 1;
	if (log_calls)
		request->call.open_mode = READ_FIELD(struct file, file, f_mode);
	request->arguments.at[0] = (u32)from->fd;
	request->arguments.at[2] = from->bytes;
	request->arguments.at[3] = from->offset;
	return is_file_mode(request->call.mode);
}

/* Global, as those below, so that the verifier checks it once, and not for each step of the loop. */
__noinline int begin_aio_request(u64 block)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = thread_state(task);
	struct aio_scratch *scratch = get_aio_scratch();
	struct aio_key key = key_of_block(block);
	struct request *request;

	if (!scratch || !state)
		return 0;
	/* The program uses the control block anew: it knows that its last request has ended. */
	if (has_requests && bpf_map_delete_elem(&aio_requests, &key) == 0)
		count_loss(LOSS_AIO_END, bpf_ktime_get_ns());
	if (!read_block(scratch, block))
		return 0;
	request = &scratch->request;
	request->call.start_ns = bpf_ktime_get_ns();
	request->id = state->id;
	request->group = state->group;
	request->flags = IO_REQUEST | IO_BY_AIO;
	copy_comm(request->comm, task);
	read_submitter(request, task, state);
	has_requests = true;
	if (bpf_map_update_elem(&aio_requests, &key, request, BPF_ANY))
		count_loss(LOSS_REQUESTS, request->call.start_ns);
	return 0;
}

static long begin_aio_step(u32 index, struct aio_array *array)
{
	u64 block = block_at(array, index);

	/* The kernel, too, stops where it cannot read. */
	if (!block)
		return 1;
	begin_aio_request(block);
	return 0;
}
LOOP_STEP(begin_aio_step, struct aio_array, AIO_REQUESTS_MAX)

static __always_inline struct aio_array array_of(u64 address, u32 count)
{
	return (struct aio_array){address, count, in_compat_call(bpf_get_current_task_btf())};
}

__noinline int begin_submission(struct arguments *arguments)
{
	struct aio_array array;

	if (!arguments || (s64)arguments->at[1] <= 0)
		return 0;
	array = array_of(arguments->at[2], arguments->at[1]);
	LOOP(begin_aio_step, &array);
	return 0;
}

struct accepted_blocks {
	struct aio_array array;
	s64 accepted;
	u64 now_ns;
};

__noinline int accept_aio_request(u64 block, u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = thread_state(task);
	struct aio_key key = key_of_block(block);
	struct request *request = bpf_map_lookup_elem(&aio_requests, &key);

	if (!request || !state)
		return 0;
	request->call.start_ns = now_ns;
	read_submitter(request, task, state);
	return 0;
}

static long accept_aio_step(u32 index, struct accepted_blocks *blocks)
{
	u64 block = block_at(&blocks->array, index);
	struct aio_key key;

	if (!block)
		return 1;
	if (index < blocks->accepted) {
		accept_aio_request(block, blocks->now_ns);
	} else {
		key = key_of_block(block);
		bpf_map_delete_elem(&aio_requests, &key);
	}
	return 0;
}
LOOP_STEP(accept_aio_step, struct accepted_blocks, AIO_REQUESTS_MAX)

/* What the call itself has done is in its own duration. */
__noinline int end_submission(struct arguments *arguments, s64 accepted)
{
	struct accepted_blocks blocks;

	if (!arguments || !has_requests || (s64)arguments->at[1] <= 0)
		return 0;
	blocks.array = array_of(arguments->at[2], arguments->at[1]);
	blocks.accepted = accepted;
	blocks.now_ns = bpf_ktime_get_ns();
	LOOP(accept_aio_step, &blocks);
	return 0;
}

/* -- Completion ----------------------------------------------------------------------------------- */

__noinline int begin_reaping(struct thread_state *state)
{
	if (state)
		state->reap_slept_ns = state->sleeps.for_results_ns;
	return 0;
}

/*
 * Another thread than the submitter takes the result. While it slept in this call the device worked; what went before is not
 * known.
 */
static __always_inline void add_reaper_times(struct request *request, struct thread_state *state,
					     u64 duration_ns)
{
	u64 slept_ns = state->sleeps.for_results_ns - state->reap_slept_ns;

	if (slept_ns > duration_ns)
		slept_ns = duration_ns;
	request->call.blocked_ns = duration_ns;
	request->call.iowait_ns = slept_ns;
	request->queued_ns = duration_ns - slept_ns;
}

/* What happened to the request, in this CPU's struct aio_scratch. */
static __always_inline struct ended_call *ended_request(struct aio_scratch *scratch,
							struct request *request, u64 now_ns)
{
	struct ended_call *ended = &scratch->ended;
	/* Its submission may return on another CPU just now. */
	u64 start_ns = *(volatile u64 *)&request->call.start_ns;

	__builtin_memset(ended, 0, sizeof(*ended));
	ended->number = request->call.number;
	ended->arguments = request->arguments;
	ended->result = scratch->event.result;
	ended->now_ns = now_ns;
	ended->duration_ns = now_ns > start_ns ? now_ns - start_ns : 0;
	ended->mode = request->call.mode;
	ended->id = request->call.file;
	ended->has_file = true;
	ended->is_stall = ended->duration_ns >= io_threshold_ns;
	return ended;
}

/* The event is in this CPU's struct aio_scratch. Returns whether it is that of a request that is followed. */
__noinline int end_aio_request(u64 now_ns)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = thread_state(task);
	struct aio_scratch *scratch = get_aio_scratch();
	struct ended_call *ended;
	struct request *request;

	if (!scratch || !state)
		return 0;
	scratch->key = key_of_block(scratch->event.block);
	request = bpf_map_lookup_elem(&aio_requests, &scratch->key);
	if (!request)
		return 0;
	ended = ended_request(scratch, request, now_ns);
	if (task->pid == (int)request->id.host_tid)
		add_submitter_times(request, task, state, ended->duration_ns,
				    state->sleeps.for_results_ns - request->sleeps.for_results_ns);
	else
		add_reaper_times(request, state, ended->duration_ns);
	return 1;
}

struct aio_events {
	u64 address;
	u64 now_ns;
	s64 count;
};

/* Counts and reports what the scratch has: here, and not one function deeper. */
static __always_inline void report_aio_request(struct aio_scratch *scratch)
{
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());
	struct request *request = bpf_map_lookup_elem(&aio_requests, &scratch->key);

	if (!slot || !request)
		return;
	if (slot->group == request->group)
		count_call(slot, &scratch->ended);
	else
		count_loss(LOSS_CALLS_UNSAVED, scratch->ended.now_ns);
	if (scratch->ended.is_stall || (log_calls && !request->group)) {
		find_file_again(&scratch->ended);
		emit_request(request, &scratch->ended, 0);
	}
	bpf_map_delete_elem(&aio_requests, &scratch->key);
}

static long end_aio_step(u32 index, struct aio_events *events)
{
	struct aio_scratch *scratch = get_aio_scratch();

	if (index >= events->count || !scratch)
		return 1;
	if (!bpf_probe_read_user(&scratch->event, sizeof(scratch->event),
				 (void *)(events->address + index * sizeof(scratch->event))) &&
	    end_aio_request(events->now_ns))
		report_aio_request(scratch);
	return 0;
}
LOOP_STEP(end_aio_step, struct aio_events, AIO_REQUESTS_MAX)

__noinline int end_reaping(struct arguments *arguments, s64 count)
{
	struct aio_events events;

	if (!arguments || !has_requests || count <= 0)
		return 0;
	events.address = arguments->at[3];
	events.count = count;
	events.now_ns = bpf_ktime_get_ns();
	LOOP(end_aio_step, &events);
	return 0;
}
