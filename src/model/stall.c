/* Stalls: exact statistics of all, details of the longest of each kind. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/util.h"
#include "model/calls.h"
#include "model/tables.h"

static void free_stall(struct model *model, struct stall *stall)
{
	if (stall->kind == STALL_IO) {
		bytes_done(&stall->call.path);
		bytes_done(&stall->call.path2);
	} else {
		culprits_done(&stall->wait.culprits);
	}
	image_unref(stall->image);
	process_unpin(model, stall->process);
	free(stall);
}

/* -- The longest: a heap with the shortest on top; of equals the first seen stays ------------------ */

static bool shorter(const struct stall *one, const struct stall *other)
{
	if (one->duration_ns != other->duration_ns)
		return one->duration_ns < other->duration_ns;
	return one->start_ns > other->start_ns;
}

static void swap(struct stall **heap, size_t a, size_t b)
{
	struct stall *moved = heap[a];

	heap[a] = heap[b];
	heap[b] = moved;
}

static void push(struct stall_stats *stats, struct stall *stall)
{
	size_t at = stats->kept_count++;

	for (stats->kept[at] = stall; at && shorter(stats->kept[at], stats->kept[(at - 1) / 2]); at = (at - 1) / 2)
		swap(stats->kept, at, (at - 1) / 2);
}

static struct stall *replace_shortest(struct stall_stats *stats, struct stall *stall)
{
	struct stall *shortest = stats->kept[0];
	size_t at = 0, least;

	stats->kept[0] = stall;
	for (;; at = least) {
		least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < stats->kept_count; child++)
			if (shorter(stats->kept[child], stats->kept[least]))
				least = child;
		if (least == at)
			return shortest;
		swap(stats->kept, at, least);
	}
}

static void keep(struct model *model, struct stall *stall)
{
	struct stall_stats *stats = &model->stalls[stall->kind];
	struct stall *dropped = NULL;

	hist_fine_add(&stats->durations, stall->duration_ns);
	stats->cause_count[stall->cause]++;
	for (enum cause cause = 0; cause < CAUSES; cause++)
		stats->cause_ns[cause] += stall->shares.ns[cause];
	if (stall->process)
		stall->process->stalls++;
	if (!stats->kept)
		stats->kept = xcalloc(model->limits.stalls + 1, sizeof(struct stall *));
	process_pin(stall->process);
	image_ref(stall->image);
	if (stats->kept_count < model->limits.stalls)
		push(stats, stall);
	else if (stats->kept_count && shorter(stats->kept[0], stall))
		dropped = replace_shortest(stats, stall);
	else
		dropped = stall;
	if (dropped) {
		stats->dropped++;
		free_stall(model, dropped);
	}
}

static struct stall *new_stall(struct model *model, enum stall_kind kind, const struct task_id *id, const char *comm,
			       uint32_t cpu)
{
	struct stall *stall = xcalloc(1, sizeof(*stall));

	stall->kind = kind;
	stall->id = *id;
	stall->cpu = cpu;
	stall->finished = true;
	stall->process = process_find(model, id->host_pid);
	stall->image = stall->process ? stall->process->image : NULL;
	memcpy(stall->comm, comm, COMM_BYTES);
	return stall;
}

/* -- Waits for a CPU ------------------------------------------------------------------------------ */

static void name_cgroups(struct model *model, struct culprits *culprits)
{
	if (!model->resolvers.cgroup_path)
		return;
	for (size_t i = 0; i < culprits->count; i++)
		culprits->list[i].cgroup_path =
			model->resolvers.cgroup_path(model->resolvers.context, culprits->list[i].cgroup_id);
}

void cpu_stalled(struct model *model, const struct record_cpu_stall *record)
{
	struct stall *stall = new_stall(model, STALL_CPU, &record->id, record->comm, record->cpu);

	stall->start_ns = record->start_ns;
	stall->duration_ns = record->header.time_ns - record->start_ns;
	stall->wait.reason = record->reason;
	stall->wait.delivery_ns = record->woken_ns - record->start_ns;
	stall->wait.queue_ns = record->header.time_ns - record->woken_ns;
	stall->wait.policy = record->policy;
	stall->wait.prio = record->prio;
	stall->wait.waker_pid = record->waker_pid;
	stall->wait.waker_host_pid = record->waker_host_pid;
	stall->wait.waker_interrupt = record->waker_interrupt;
	memcpy(stall->wait.waker_comm, record->waker_comm, COMM_BYTES);
	cause_of_wait(record, &stall->shares, &stall->wait.culprits);
	stall->cause = shares_largest(&stall->shares);
	name_cgroups(model, &stall->wait.culprits);
	keep(model, stall);
}

/* -- Calls ---------------------------------------------------------------------------------------- */

static void divide_call(struct stall *stall, uint64_t blocked_ns, uint64_t runqueue_ns)
{
	/* Clock reads of different events: never let the parts exceed the whole. */
	stall->call.blocked_ns = MIN(blocked_ns, stall->duration_ns);
	stall->call.runqueue_ns = MIN(runqueue_ns, stall->duration_ns - stall->call.blocked_ns);
	stall->call.running_ns = stall->duration_ns - stall->call.blocked_ns - stall->call.runqueue_ns;
	cause_of_call(stall->duration_ns, stall->call.blocked_ns, stall->call.runqueue_ns, &stall->shares);
	stall->cause = shares_largest(&stall->shares);
}

/* The file's walk is its path at that moment; without one (close, page fault), what it was first seen as. */
static void name_file(struct model *model, struct stall *stall, const struct record_io_stall *record)
{
	const char *data = record->data;
	struct bytes *paths[] = { &stall->call.path, &stall->call.path2 };
	const struct file_row *row;
	char *mapped;

	for (unsigned i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct path_part *part = &record->path[i];
		bool is_file = i == 0 && record->flags & IO_HAS_FILE && !(record->flags & IO_PAGE_FAULT);

		if (part->string_bytes || part->walk_bytes)
			*paths[i] = path_assemble(data, part->string_bytes, data + part->string_bytes,
						  part->walk_bytes);
		else if (is_file && !file_find(model, &record->file))
			*paths[i] = path_assemble(NULL, 0, NULL, 0);
		data += part->string_bytes + part->walk_bytes;
	}
	if (stall->call.path.data)
		return;
	row = record->flags & IO_HAS_FILE ? file_find(model, &record->file) : NULL;
	if (row && row->path.data) {
		stall->call.path = bytes_copy(row->path.data, row->path.size);
		stall->call.deleted = row->deleted;
	} else if (stall->call.page_fault && model->resolvers.mapped_file) {
		mapped = model->resolvers.mapped_file(model->resolvers.context, record->id.host_pid,
						      record->args[0]);
		if (mapped)
			stall->call.path = (struct bytes){ .data = mapped, .size = strlen(mapped) };
	}
}

void io_stalled(struct model *model, const struct record_io_stall *record)
{
	struct stall *stall = new_stall(model, STALL_IO, &record->id, record->comm, record->cpu);

	stall->start_ns = record->start_ns;
	stall->duration_ns = record->duration_ns;
	stall->call.number = record->number;
	stall->call.page_fault = record->flags & IO_PAGE_FAULT;
	stall->call.has_file = record->flags & IO_HAS_FILE;
	stall->call.deleted = record->flags & IO_DELETED;
	stall->call.truncated = record->flags & IO_PATH_TRUNCATED;
	stall->call.result = record->result;
	memcpy(stall->call.args, record->args, sizeof(record->args));
	divide_call(stall, record->blocked_ns, record->runqueue_ns);
	name_file(model, stall, record);
	keep(model, stall);
}

/* -- Still going on ------------------------------------------------------------------------------- */

void stall_unfinished(struct model *model, const struct record_thread *record)
{
	uint64_t now_ns = record->header.time_ns;
	struct stall *stall;

	if (record->wait_start_ns && record->wait_start_ns < now_ns &&
	    now_ns - record->wait_start_ns >= model->cpu_threshold_ns) {
		uint64_t woken_ns = record->wait_woken_ns ? record->wait_woken_ns : now_ns;

		stall = new_stall(model, STALL_CPU, &record->id, record->comm, record->cpu);
		stall->finished = false;
		stall->start_ns = record->wait_start_ns;
		stall->duration_ns = now_ns - record->wait_start_ns;
		stall->wait.reason = record->wait_reason;
		stall->wait.delivery_ns = MIN(woken_ns - record->wait_start_ns, stall->duration_ns);
		stall->wait.queue_ns = stall->duration_ns - stall->wait.delivery_ns;
		stall->shares.ns[CAUSE_DELIVERY] = stall->wait.delivery_ns;
		stall->shares.ns[CAUSE_UNKNOWN] = stall->wait.queue_ns;
		stall->cause = shares_largest(&stall->shares);
		keep(model, stall);
	}
	if (record->call_start_ns && record->call_start_ns < now_ns && call_find(record->call_number) &&
	    now_ns - record->call_start_ns >= model->io_threshold_ns) {
		stall = new_stall(model, STALL_IO, &record->id, record->comm, record->cpu);
		stall->finished = false;
		stall->start_ns = record->call_start_ns;
		stall->duration_ns = now_ns - record->call_start_ns;
		stall->call.number = record->call_number;
		divide_call(stall, record->call_blocked_ns, record->call_runqueue_ns);
		keep(model, stall);
	}
}

/* -- For the report ------------------------------------------------------------------------------- */

static int longest_first(const void *a, const void *b)
{
	const struct stall *one = *(struct stall *const *)a, *other = *(struct stall *const *)b;

	if (one->duration_ns != other->duration_ns)
		return one->duration_ns < other->duration_ns ? 1 : -1;
	if (one->start_ns != other->start_ns)
		return one->start_ns < other->start_ns ? -1 : 1;
	return one->kind < other->kind ? -1 : one->kind > other->kind;
}

struct stall **model_stalls(const struct model *model, size_t *ret_count)
{
	size_t capacity = 0, count = 0;
	struct stall **all;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		capacity += model->stalls[kind].kept_count;
	all = xcalloc(capacity + 1, sizeof(struct stall *));
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		for (size_t i = 0; i < model->stalls[kind].kept_count; i++)
			all[count++] = model->stalls[kind].kept[i];
	qsort(all, count, sizeof(struct stall *), longest_first);
	*ret_count = count;
	return all;
}

void stalls_free(struct model *model)
{
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		for (size_t i = 0; i < model->stalls[kind].kept_count; i++)
			free_stall(model, model->stalls[kind].kept[i]);
		free(model->stalls[kind].kept);
	}
}
