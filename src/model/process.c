/* The processes of a run: a hash table of the live ones, and the ended ones that the report lists. */
#include "model/process.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/util.h"
#include "model/off_cpu.h"
#include "model/table.h"

/* -- Alive --------------------------------------------------------------------------------------- */

static size_t bucket_of(const struct model *model, uint32_t host_pid)
{
	return host_pid & (model->alive_buckets - 1);
}

struct process *process_find(const struct model *model, uint32_t host_pid)
{
	struct process *process = model->alive[bucket_of(model, host_pid)];

	while (process && process->host_pid != host_pid)
		process = process->next;
	return process;
}

static void grow(struct model *model)
{
	struct process **old = model->alive;
	size_t old_buckets = model->alive_buckets;

	model->alive_buckets *= 2;
	model->alive = xcalloc(model->alive_buckets, sizeof(*model->alive));
	for (size_t i = 0; i < old_buckets; i++) {
		struct process *process = old[i];

		while (process) {
			struct process *next = process->next;
			size_t bucket = bucket_of(model, process->host_pid);

			process->next = model->alive[bucket];
			model->alive[bucket] = process;
			process = next;
		}
	}
	free(old);
}

static struct process *add_process(struct model *model, const struct task_id *id, uint32_t ppid,
				   const char *comm, uint64_t start_ns)
{
	struct process *process = xcalloc(1, sizeof(*process));
	size_t bucket;

	if (model->alive_count >= model->alive_buckets)
		grow(model);
	bucket = bucket_of(model, id->host_pid);
	process->pid = id->pid;
	process->host_pid = id->host_pid;
	process->ppid = ppid;
	process->start_ns = start_ns;
	memcpy(process->comm, comm, COMM_BYTES);
	process->next = model->alive[bucket];
	model->alive[bucket] = process;
	model->alive_count++;
	model->processes_seen++;
	if (model->observer)
		model->observer->process_seen(model, process);
	return process;
}

static void remove_alive(struct model *model, struct process *process)
{
	struct process **link = &model->alive[bucket_of(model, process->host_pid)];

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	process->next = NULL;
	model->alive_count--;
}

static void forget_live(struct process *process)
{
	free(process->live);
	free(process->counted);
	process->live = NULL;
	process->counted = NULL;
	process->counted_count = 0;
}

static void free_process(struct process *process)
{
	image_unref(process->image);
	forget_live(process);
	free(process);
}

/* -- Ended: a heap of processes that no kept stall names; on top the one that waited least --------- */

static uint64_t rank(const struct process *process)
{
	return process->ended.waits.total_ns + process->ended.io.total_ns;
}

static bool waited_less(const void *one, const void *other)
{
	return rank(*(struct process *const *)one) < rank(*(struct process *const *)other);
}

static void keep_or_drop(struct model *model, struct process *process)
{
	if (!model->heap)
		model->heap = xcalloc(model->limits.processes + 1, sizeof(*model->heap));
	model->heap[model->heap_count++] = process;
	heap_up(model->heap, model->heap_count - 1, sizeof(*model->heap), waited_less);
	if (model->heap_count <= model->limits.processes)
		return;
	free_process(model->heap[0]);
	model->heap[0] = model->heap[--model->heap_count];
	heap_down(model->heap, model->heap_count, 0, sizeof(*model->heap), waited_less);
}

struct process *process_pin(struct process *process)
{
	if (process)
		process->references++;
	return process;
}

void process_unpin(struct model *model, struct process *process)
{
	struct process **link = &model->pinned;

	if (!process || --process->references || !process->end_ns)
		return;
	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	process->next = NULL;
	keep_or_drop(model, process);
}

static void end_process(struct model *model, struct process *process, uint64_t now_ns)
{
	remove_alive(model, process);
	process->end_ns = now_ns;
	if (model->observer)
		model->observer->process_ended(model, process);
	command_add(model, process);
	forget_live(process);
	if (process->references) {
		process->next = model->pinned;
		model->pinned = process;
	} else {
		keep_or_drop(model, process);
	}
}

/* -- Records ------------------------------------------------------------------------------------- */

static struct process *known_process(struct model *model, const struct task_id *id, uint32_t ppid,
				     const char *comm, uint64_t start_ns)
{
	struct process *process = process_find(model, id->host_pid);

	return process ? process : add_process(model, id, ppid, comm, start_ns);
}

void thread_started(struct model *model, const struct record_start *record)
{
	uint64_t start_ns = record->header.time_ns;
	struct process *parent, *process = process_find(model, record->id.host_pid);

	off_cpu_started(model->off_cpu, record);

	if (process && process->threads_left && !record->creator_host_pid) {
		process->threads_left--;
		process->left_ns = 0;
		return;
	}
	/*
	 * The process may be known already: from another of its threads (threads that move in arrive in any order), or
	 * from a snapshot taken while this record was in the ring buffer. A leader with an earlier start is a different
	 * process, and the record of its end was lost.
	 */
	if (record->id.host_pid == record->id.host_tid && process && process->leader_start_ns &&
	    process->leader_start_ns < start_ns)
		end_process(model, process, start_ns);
	process = known_process(model, &record->id, record->ppid, record->comm, start_ns);
	process->threads++;
	if (record->id.host_pid != record->id.host_tid)
		return;
	if (!process->leader_start_ns)
		memcpy(process->comm, record->comm, COMM_BYTES);
	process->leader_start_ns = start_ns;
	process->start_ns = MIN(process->start_ns, start_ns);
	if (model->observer)
		model->observer->process_forked(model, process, record->creator_host_pid, start_ns);
	parent = process_find(model, record->creator_host_pid);
	if (parent && !process->image)
		process->image = image_ref(parent->image);
	else if (!process->image && !record->creator_host_pid && model->resolvers.process_image)
		process->image = model->resolvers.process_image(model->resolvers.context,
								record->id.host_pid);
}

void process_executed(struct model *model, const struct record_exec *record)
{
	struct process *process = known_process(model, &record->id, record->ppid, record->comm,
						record->header.time_ns);
	const char *walk = record->data + record->argv_bytes;
	struct bytes exe = {0};

	/* If no start was recorded, count this thread. */
	process->threads = MAX(process->threads, 1u);
	if (!process->leader_start_ns)
		process->leader_start_ns = record->header.time_ns;
	memcpy(process->comm, record->comm, COMM_BYTES);
	image_unref(process->image);
	/* An empty walk would give "/", which cannot be a program. */
	if (record->exe_walk_bytes)
		exe = path_assemble(NULL, 0, walk, record->exe_walk_bytes);
	if (exe.data && record->exe_truncated)
		path_mark_cut(&exe);
	process->image = image_new(bytes_copy(record->data, record->argv_bytes),
				   record->argv_truncated, exe);
	if (model->observer)
		model->observer->process_executed(model, record);
}

static void sums_of_thread(const struct record_thread *record, struct thread_sums *ret)
{
	*ret = (struct thread_sums){
		.waits = {.count = record->waits.count,
			  .total_ns = record->waits.total_ns,
			  .delivery_ns = record->waits.delivery_ns,
			  .max_ns = record->waits.max_ns},
		.run_delay_ns = record->run_delay_ns,
		.runtime_ns = record->runtime_ns,
		.reclaim_ns = record->reclaim_ns,
		.compaction_ns = record->compaction_ns,
		.user_ns = record->user_ns,
		.system_ns = record->system_ns,
		.io = record->io,
	};
	for (unsigned i = 0; i < WAIT_BUCKETS; i++)
		ret->waits.histogram.buckets[i] = record->waits.histogram[i];
}

/* A process that left keeps its name: a name that it takes outside is not part of the run. */
static void take_name(struct process *process, const struct record_thread *record)
{
	if (!process->left_ns)
		memcpy(process->comm, record->comm, COMM_BYTES);
}

/* The first of the sorted counted threads that is not below this one. */
static size_t counted_position(const struct process *process, uint32_t host_tid)
{
	size_t from = 0, to = process->counted_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (process->counted[middle] < host_tid)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool thread_was_counted(const struct model *model, const struct record_thread *record)
{
	const struct process *process = process_find(model, record->id.host_pid);
	size_t at = process ? counted_position(process, record->id.host_tid) : 0;

	return process && at < process->counted_count &&
	       process->counted[at] == record->id.host_tid;
}

/* The snapshot has the threads in the order of their IDs, so there is nothing to move. */
static void note_counted(struct process *process, uint32_t host_tid)
{
	size_t at = counted_position(process, host_tid), count = process->counted_count++;

	/* Doubles with each power of two. */
	if (!(count & (count - 1)))
		process->counted = xreallocarray(process->counted, MAX(count * 2, (size_t)1),
						 sizeof(*process->counted));
	memmove(&process->counted[at + 1], &process->counted[at],
		(count - at) * sizeof(*process->counted));
	process->counted[at] = host_tid;
}

void thread_ended(struct model *model, const struct record_thread *record)
{
	struct process *process = process_find(model, record->id.host_pid);
	struct thread_sums sums;

	off_cpu_ended(model->off_cpu, record->id.host_tid, record->header.time_ns);
	if (thread_was_counted(model, record))
		return;
	sums_of_thread(record, &sums);
	thread_sums_add(&model->ended, &sums);
	/* The record of its start was lost, or an exec took over its process while it ended: only the run's totals count it. */
	if (!process)
		return;
	thread_sums_add(&process->ended, &sums);
	process->threads_ended++;
	if (record->is_leader) {
		take_name(process, record);
		process->leader_ended = true;
		process->uid = record->uid;
	}
	/* The exit code as in wait(2): that of the group if it exited as a group, else that of the leader. */
	if (record->is_leader || record->is_group_exit) {
		process->has_exit = true;
		process->exit_signal = record->exit_code & 0x7f;
		process->exit_code = record->exit_code >> 8 & 0xff;
	}
	if (process->leader_ended && process->threads_ended >= process->threads)
		end_process(model, process, record->header.time_ns);
}

static void note_leaver(struct model *model, const struct record_thread *record)
{
	struct leaver *leaver;

	if (model->leaver_count++ >= LEAVERS_MAX)
		return;
	leaver = &model->leavers[model->leaver_count - 1];
	leaver->pid = record->id.pid;
	leaver->left_ns = record->header.time_ns;
	memcpy(leaver->comm, record->comm, COMM_BYTES);
}

void thread_left(struct model *model, const struct record_thread *record)
{
	struct process *process = process_find(model, record->id.host_pid);
	struct thread_sums sums;

	sums_of_thread(record, &sums);
	if (!process || !process->left_ns)
		note_leaver(model, record);
	/* Without a process, the thread never was inside. */
	if (!process || thread_was_counted(model, record))
		return;
	process->left_ns = process->left_ns ? process->left_ns : record->header.time_ns;
	process->threads_left++;
	thread_sums_add(&model->ended, &sums);
	thread_sums_add(&process->ended, &sums);
}

void thread_alive(struct model *model, const struct record_thread *record)
{
	struct process *process =
		known_process(model, &record->id, record->ppid, record->comm, record->start_ns);
	struct thread_sums sums;

	sums_of_thread(record, &sums);
	if (!process->live)
		process->live = xcalloc(1, sizeof(*process->live));
	thread_sums_add(process->live, &sums);
	thread_sums_add(&model->live, &sums);
	if (model->snapshot_final)
		note_counted(process, record->id.host_tid);
	if (record->is_leader) {
		take_name(process, record);
		if (!process->leader_start_ns)
			process->leader_start_ns = record->start_ns;
	}
	if (model->snapshot_final && record->off_from_ns)
		off_cpu_goes_on(model->off_cpu, record->id.host_tid, record->off_from_ns,
				record->wait_start_ns, record->header.time_ns);
}

void processes_forget_live(struct model *model)
{
	for (size_t i = 0; i < model->alive_buckets; i++)
		for (struct process *process = model->alive[i]; process; process = process->next)
			forget_live(process);
}

/* -- For the report ------------------------------------------------------------------------------ */

static int by_start(const void *a, const void *b)
{
	const struct process *one = *(struct process *const *)a,
			     *other = *(struct process *const *)b;

	if (one->start_ns != other->start_ns)
		return one->start_ns < other->start_ns ? -1 : 1;
	return one->host_pid < other->host_pid ? -1 : one->host_pid > other->host_pid;
}

static int most_waiting_first(const void *a, const void *b)
{
	const struct process *one = *(struct process *const *)a,
			     *other = *(struct process *const *)b;
	struct thread_sums one_sums, other_sums;
	uint64_t one_ns, other_ns;

	process_sums(one, &one_sums);
	process_sums(other, &other_sums);
	one_ns = one_sums.waits.total_ns + one_sums.io.total_ns;
	other_ns = other_sums.waits.total_ns + other_sums.io.total_ns;
	if (one_ns != other_ns)
		return one_ns < other_ns ? 1 : -1;
	return by_start(a, b);
}

/* Only the machine limits the number of live processes: lists all that a kept stall names, and those that waited most. */
static size_t list_alive(const struct model *model, struct process **all)
{
	size_t named = 0, count = 0;

	for (size_t i = 0; i < model->alive_buckets; i++)
		for (struct process *process = model->alive[i]; process; process = process->next)
			all[count++] = process;
	for (size_t i = 0; i < count; i++) {
		struct process *process = all[i];

		if (!process->references)
			continue;
		all[i] = all[named];
		all[named++] = process;
	}
	if (count - named <= model->limits.processes)
		return count;
	qsort(all + named, count - named, sizeof(*all), most_waiting_first);
	return named + model->limits.processes;
}

struct process **model_processes(const struct model *model, size_t *ret_count)
{
	size_t capacity = model->alive_count + model->heap_count, count;
	struct process **all;

	for (struct process *process = model->pinned; process; process = process->next)
		capacity++;
	all = xcalloc(capacity + 1, sizeof(*all));
	count = list_alive(model, all);
	for (struct process *process = model->pinned; process; process = process->next)
		all[count++] = process;
	for (size_t i = 0; i < model->heap_count; i++)
		all[count++] = model->heap[i];
	qsort(all, count, sizeof(*all), by_start);
	*ret_count = count;
	return all;
}

static void free_list(struct process *process)
{
	while (process) {
		struct process *next = process->next;

		free_process(process);
		process = next;
	}
}

void processes_free(struct model *model)
{
	for (size_t i = 0; i < model->alive_buckets; i++)
		free_list(model->alive[i]);
	free_list(model->pinned);
	for (size_t i = 0; i < model->heap_count; i++)
		free_process(model->heap[i]);
	free(model->alive);
	free(model->heap);
}
