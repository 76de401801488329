// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Requests of io_uring: each file operation from submission to completion, whoever carries it out. */
#include "request.h"

#define REQ_F_FIXED_FILE 1 /* include/linux/io_uring_types.h */

/* include/uapi/linux/io_uring.h */
#define SPLICE_F_FD_IN_FIXED       0x80000000
#define IORING_SETUP_DEFER_TASKRUN 0x2000 /* since 6.1 */

#define OPERATION(type, address, member) \
	READ_FIELD(struct type, (address) + bpf_core_field_offset(struct io_kiocb, file), member)

/* -- Submission ----------------------------------------------------------------------------------- */

static __always_inline void keep_request_path(struct request_scratch *scratch, u32 index,
					      u64 filename, s32 directory)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct request *request = &scratch->request;

	request->directory[index].fd = directory;
	if (directory != AT_FDCWD)
		request->directory[index].file = (u64)fd_lookup(task, directory);
	if (bpf_probe_read_kernel_str(scratch->paths.path[index], REQUEST_PATH_BYTES,
				      READ_FIELD(struct filename, filename, name)) > 0)
		request->paths |= 1 << index;
}

/* `type` is the kernel's structure of the operation; not all kernels have all of them. 0: none */
#define FILENAME(type, name)                                                             \
	(bpf_core_field_exists(struct type, name) ? (u64)OPERATION(type, address, name)  \
	 : bpf_core_field_exists(struct type##___delayed, name)                          \
		 ? (u64)OPERATION(type##___delayed, address, name.__incomplete_filename) \
		 : 0)

#define KEEP_PATH(index, type, fd, name)                              \
	keep_request_path(scratch, index, FILENAME(type, name),       \
			  bpf_core_field_exists(struct type, fd)      \
				  ? (s32)OPERATION(type, address, fd) \
				  : AT_FDCWD)

static __always_inline void read_path_request(struct request_scratch *scratch, u64 address,
					      u8 layout)
{
	struct request *request = &scratch->request;

	switch (layout) {
	case RING_OPEN:
		request->arguments.at[2] = OPERATION(io_open, address, how.flags);
		request->arguments.at[3] = OPERATION(io_open, address, how.mode);
		request->opens_slot = OPERATION(io_open, address, file_slot) != 0;
		KEEP_PATH(0, io_open, dfd, filename);
		break;
	case RING_STATX:
		KEEP_PATH(0, io_statx, dfd, filename);
		break;
	case RING_UNLINK:
		KEEP_PATH(0, io_unlink, dfd, filename);
		break;
	case RING_MKDIR:
		request->arguments.at[2] = OPERATION(io_mkdir, address, mode);
		KEEP_PATH(0, io_mkdir, dfd, filename);
		break;
	case RING_RENAME:
		KEEP_PATH(0, io_rename, old_dfd, oldpath);
		KEEP_PATH(1, io_rename, new_dfd, newpath);
		break;
	case RING_LINK:
		KEEP_PATH(0, io_link, old_dfd, oldpath);
		KEEP_PATH(1, io_link, new_dfd, newpath);
		break;
	case RING_SYMLINK:
		KEEP_PATH(0, io_link, new_dfd, newpath);
		break;
	case RING_XATTR:
		keep_request_path(scratch, 0, FILENAME(io_xattr, filename), AT_FDCWD);
		break;
	}
}

/* The descriptor that the request works on; -1: none, but perhaps a fixed file. */
static __always_inline s32 request_fd(struct request *request, u64 address,
				      const volatile struct ring_rule *rule)
{
	u64 flags = READ_FIELD(struct io_kiocb, address, flags);
	s32 fd = flags & REQ_F_FIXED_FILE ? -1 : READ_FIELD(struct io_kiocb, address, cqe.fd);
	u64 offset = 0;

	switch (rule->layout) {
	case RING_READ_WRITE:
		offset = OPERATION(io_rw, address, kiocb.ki_pos);
		request->arguments.at[2] = OPERATION(io_rw, address, len);
		if (offset == -1ULL)
			request->call.number = rule->number_here;
		break;
	case RING_SYNC:
		offset = OPERATION(io_sync, address, off);
		break;
	case RING_ADVISE:
		offset = OPERATION(io_fadvise, address, offset);
		break;
	case RING_CLOSE:
		fd = OPERATION(io_close, address, file_slot) ? -1
							     : OPERATION(io_close, address, fd);
		break;
	}
	if (rule->offset_arg != NO_ARG)
		argument(&request->arguments, rule->offset_arg) = offset;
	return fd;
}

/* Whether the request works on a file, as far as that is known before it begins. */
static __always_inline bool find_request_file(struct request *request, u64 address,
					      const volatile struct ring_rule *rule)
{
	struct task_struct *task = bpf_get_current_task_btf();
	s32 fd = request_fd(request, address, rule), source;
	struct file *file = fd_lookup(task, fd);

	/* As for splice(2): the source counts, or the target if the source is a pipe. */
	if (rule->layout == RING_SPLICE &&
	    !(OPERATION(io_splice, address, flags) & SPLICE_F_FD_IN_FIXED)) {
		struct file *from;

		source = OPERATION(io_splice, address, splice_fd_in);
		from = fd_lookup(task, source);
		if (from && is_file(from)) {
			file = from;
			fd = source;
		}
	}
	argument(&request->arguments,
		 call_rules[request->call.number & (CALL_TABLE_SIZE - 1)].fd_arg) = fd;
	if (!file)
		return fd < 0 && rule->layout != RING_CLOSE;
	request->call.mode = identify_file(file, &request->call.file);
	request->call.has_file = 1;
	return is_file_mode(request->call.mode);
}

static __always_inline void forget_request(struct request *request, u64 address)
{
	if (request->paths)
		bpf_map_delete_elem(&request_paths, &address);
	bpf_map_delete_elem(&requests, &address);
}

/* The kernel uses the structure anew: its last request has ended unseen. */
static __always_inline void lose_request(struct request *request, u64 address)
{
	count_loss(LOSS_REQUEST_END, bpf_ktime_get_ns());
	forget_request(request, address);
}

static __always_inline void lose_last_request(u64 address)
{
	struct request *request;

	if (!has_requests || run_is_over)
		return;
	request = bpf_map_lookup_elem(&requests, &address);
	if (request)
		lose_request(request, address);
}

/*
 * `current` submits the request in this CPU's struct request_scratch. Global, so that the verifier checks it once, and not
 * for each caller.
 */
__noinline int begin_request(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = thread_state(task);
	const volatile struct ring_rule *rule;
	struct request_scratch *scratch;
	struct request *request;
	u32 zero = 0;
	u64 address;

	scratch = bpf_map_lookup_elem(&request_scratch, &zero);
	if (!scratch || !state)
		return 0;
	address = scratch->address;
	request = &scratch->request;
	__builtin_memset(request, 0, sizeof(*request));
	rule = &ring_rules[READ_FIELD(struct io_kiocb, address, opcode) & (RING_TABLE_SIZE - 1)];
	request->call.number = rule->number;
	if (rule->layout >= RING_OPEN)
		read_path_request(scratch, address, rule->layout);
	else if (!find_request_file(request, address, rule))
		return 0;
	request->call.start_ns = bpf_ktime_get_ns();
	request->id = state->id;
	request->group = state->group;
	request->ring = (u64)READ_FIELD(struct io_kiocb, address, ctx);
	request->user_data = READ_FIELD(struct io_kiocb, address, cqe.user_data);
	request->flags = IO_REQUEST;
	if (is_user_worker(task))
		request->flags |= IO_BY_POLL;
	copy_comm(request->comm, task);
	read_submitter(request, task, state);
	has_requests = true;
	if (bpf_map_update_elem(&requests, &address, request, BPF_ANY)) {
		count_loss(LOSS_REQUESTS, request->call.start_ns);
		return 0;
	}
	state->submitted = address;
	if (request->paths)
		bpf_map_update_elem(&request_paths, &address, &scratch->paths, BPF_ANY);
	return 0;
}

static __always_inline void submit(u64 address)
{
	u8 opcode = READ_FIELD(struct io_kiocb, address, opcode);
	struct request_scratch *scratch;
	struct cpu_slot *slot;
	u32 zero = 0;

	lose_last_request(address);
	if (opcode >= RING_TABLE_SIZE || !ring_rules[opcode].layout)
		return;
	slot = cpu_slot(bpf_get_smp_processor_id());
	scratch = bpf_map_lookup_elem(&request_scratch, &zero);
	if (!slot || !scratch || run_is_over ||
	    current_group(slot, bpf_get_current_task_btf(), true) == NO_GROUP)
		return;
	if (!follows_requests) {
		count_loss(LOSS_REQUEST_END, bpf_ktime_get_ns());
		return;
	}
	*(volatile u64 *)&scratch->address = address;
	begin_request();
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit_req, struct io_kiocb *req)
{
	disable_preemption();
	submit((u64)req);
	enable_preemption();
	return 0;
}

/* Before 6.4 (kernel commit 2ad57931db64); before 6.0 with other arguments. "?": only where it is chosen. */
SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(io_uring_submit_sqe, struct io_kiocb *req)
{
	disable_preemption();
	submit((u64)req);
	enable_preemption();
	return 0;
}

/* -- Sleeps --------------------------------------------------------------------------------------- */

__noinline int return_to_request(struct thread_state *state, u64 blocked_ns, u64 wait_ns)
{
	struct request *request;
	u64 address;

	if (!state)
		return 0;
	address = state->request;
	request = bpf_map_lookup_elem(&requests, &address);
	if (!request)
		return 0;
	request->call.blocked_ns += blocked_ns;
	request->call.runqueue_ns += wait_ns;
	request->call.iowait_ns += state->call.iowait_ns;
	request->call.lock_ns += state->call.lock_ns;
	/* A chain goes on in the worker. */
	if (address != state->submitted) {
		request->flags |= IO_BY_WORKER;
		request->worker_host_tid = state->id.host_tid;
	}
	if (state->call.longest_block_ns <= request->call.longest_block_ns)
		return 0;
	request->call.longest_block_ns = state->call.longest_block_ns;
	request->call.longest_in_lock = state->call.longest_in_lock;
	__builtin_memcpy(request->call.stack, state->call.stack, sizeof(request->call.stack));
	return 0;
}

/* -- Completion ----------------------------------------------------------------------------------- */

/* Before the worker began the request, it waited for a CPU, or carried out others. */
static __always_inline void add_worker_times(struct request *request, struct thread_state *state,
					     u64 now_ns)
{
	u64 start_ns = request->call.start_ns;
	u64 wait_ns = state->worker_wait_ns, began_ns = state->worker_ran_ns;

	if (began_ns > start_ns) {
		if (wait_ns < start_ns)
			wait_ns = start_ns;
		if (wait_ns > began_ns)
			wait_ns = began_ns;
		request->call.runqueue_ns += began_ns - wait_ns;
		request->queued_ns = wait_ns - start_ns;
		request->call.blocked_ns += request->queued_ns;
	}
	state->worker_wait_ns = state->worker_ran_ns = now_ns;
}

/*
 * How long the submitter slept where the end of the request would have woken it: the kernel interrupts a sleep for its work
 * (task_work_add()), but not for that of a ring that leaves the work to the thread's next wait for results.
 */
static __always_inline u64 woken_by_end_ns(struct request *request, struct thread_state *state)
{
	if (READ_FIELD(struct io_ring_ctx, request->ring, flags) & IORING_SETUP_DEFER_TASKRUN)
		return state->sleeps.for_results_ns - request->sleeps.for_results_ns;
	return state->sleeps.interruptible_ns - request->sleeps.interruptible_ns;
}

/* The next two are global, so that the verifier does not check them for each kind of file that a request can have. */
__noinline int divide_request(struct request *request, struct ended_call *ended)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *state = thread_state(task);

	if (!state || !request || !ended)
		return 0;
	if (is_ring_worker(task)) {
		request->flags |= IO_BY_WORKER;
		add_worker_times(request, state, ended->now_ns);
	} else if (!request->worker_host_tid && task->pid == (int)request->id.host_tid) {
		add_submitter_times(request, task, state, ended->duration_ns,
				    woken_by_end_ns(request, state));
	}
	return 0;
}

/* Counts the request for the process that submitted it: `current` is one of its threads. */
__noinline int count_request(struct request *request, struct ended_call *ended)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_slot *slot = cpu_slot(bpf_get_smp_processor_id());

	if (!request || !ended)
		return 0;
	if (slot && is_in_process(request) && current_group(slot, task, false) == request->group) {
		count_call(slot, ended);
		flush_slot(slot, task);
	} else {
		count_loss(LOSS_CALLS_UNSAVED, ended->now_ns);
	}
	return 0;
}

/* The kept path is the task's, if its directory still is what it was at the submission. */
static __always_inline void find_request_path(struct io_scratch *scratch, struct request *request,
					      struct request_paths *kept, u32 index)
{
	struct part *part = &scratch->part[index];
	s32 fd = request->directory[index].fd;

	if (!kept || !(request->paths & 1 << index))
		return;
	part->from_cwd = fd == AT_FDCWD;
	if (!part->from_cwd)
		part->file = fd_lookup(scratch->task, fd);
	if ((u64)part->file != request->directory[index].file)
		part->file = NULL;
	else
		part->string = (u64)kept->path[index];
}

__noinline int emit_request(struct request *request, struct ended_call *ended, u64 address)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct request_paths *kept;
	struct io_scratch *scratch;

	if (!request || !ended)
		return 0;
	scratch = begin_io_record(task, &request->id, request->group, ended->now_ns);
	if (!scratch)
		return 0;
	__builtin_memcpy(scratch->record.comm, request->comm, COMM_BYTES);
	fill_call(scratch, &request->call);
	fill_ended(scratch, ended, &request->call.open_mode);
	scratch->record.flags |= request->flags;
	scratch->record.worker_host_tid = request->worker_host_tid;
	scratch->record.queued_ns = request->queued_ns;
	scratch->part[0].file = ended->file;
	if (ended->file)
		scratch->record.file_system = file_system_of(ended->file);
	if (!ended->has_file && is_in_process(request)) {
		kept = bpf_map_lookup_elem(&request_paths, &address);
		scratch->string_is_kept = 1;
		find_request_path(scratch, request, kept, 0);
		find_request_path(scratch, request, kept, 1);
	}
	write_part(0);
	write_part(1);
	if (ended->is_stall)
		emit_io_stall(scratch, scratch->used);
	if (log_calls && !request->group)
		log_call(task, scratch, scratch->used, false);
	return 0;
}

static __always_inline void find_completed_file(struct request *request, struct ended_call *ended,
						u64 address)
{
	const volatile struct call_rule *rule =
		&call_rules[request->call.number & (CALL_TABLE_SIZE - 1)];
	struct file *file = NULL;

	ended->mode = request->call.mode;
	ended->id = request->call.file;
	ended->has_file = request->call.has_file;
	if (works_on_descriptor(rule))
		file = READ_FIELD(struct io_kiocb, address, file);
	else if (rule->kind == CALL_OPEN && !request->opens_slot && is_in_process(request))
		file = fd_lookup(bpf_get_current_task_btf(), ended->result);
	if (!file)
		return;
	/* The other file of a splice is not the one that counts. */
	if (ended->has_file) {
		struct file_id id;

		identify_file(file, &id);
		if (is_same_file(&id, &ended->id))
			ended->file = file;
		return;
	}
	ended->file = file;
	ended->mode = identify_file(file, &ended->id);
	ended->has_file = true;
}

/* The next request of the chain begins now. */
static __always_inline void begin_linked(u64 address, u64 now_ns)
{
	u64 next = (u64)READ_FIELD(struct io_kiocb, address, link);
	struct task_struct *task = bpf_get_current_task_btf();
	struct request *request = next ? bpf_map_lookup_elem(&requests, &next) : NULL;
	struct thread_state *state;

	if (!request)
		return;
	request->call.start_ns = now_ns;
	state = thread_state(task);
	if (state && task->pid == (int)request->id.host_tid)
		read_submitter(request, task, state);
}

static __always_inline bool is_same_request(struct request *request, u64 address)
{
	return request->ring == (u64)READ_FIELD(struct io_kiocb, address, ctx) &&
	       request->user_data == READ_FIELD(struct io_kiocb, address, cqe.user_data);
}

/* Global, so that the verifier checks it once, and not for each caller. */
__noinline int end_request(u64 address)
{
	struct request *request = bpf_map_lookup_elem(&requests, &address);
	const volatile struct call_rule *rule;
	struct ended_call ended = {};

	if (!request)
		return 0;
	/* One that the kernel refuses is not submitted, but completes. */
	if (!is_same_request(request, address)) {
		lose_request(request, address);
		return 0;
	}
	ended.number = request->call.number;
	ended.arguments = request->arguments;
	ended.result = READ_FIELD(struct io_kiocb, address, cqe.res);
	ended.now_ns = bpf_ktime_get_ns();
	ended.duration_ns = ended.now_ns - request->call.start_ns;
	find_completed_file(request, &ended, address);
	rule = &call_rules[ended.number & (CALL_TABLE_SIZE - 1)];
	if (is_file_operation(&ended, rule)) {
		ended.is_stall = ended.duration_ns >= io_threshold_ns;
		divide_request(request, &ended);
		count_request(request, &ended);
		if (ended.is_stall || (log_calls && !request->group))
			emit_request(request, &ended, address);
	}
	begin_linked(address, ended.now_ns);
	forget_request(request, address);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(io_uring_complete, void *ring, void *req)
{
	if (!has_requests || !req || run_is_over)
		return 0;
	disable_preemption();
	end_request((u64)req);
	enable_preemption();
	return 0;
}
