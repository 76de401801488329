/* Stalls: exact statistics of all stalls, and the details of the longest of each kind. */
#include "model/stall.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/util.h"
#include "catalog/parts.h"
#include "model/blocking.h"
#include "model/call_path.h"
#include "model/calls.h"
#include "model/device.h"
#include "model/lock.h"
#include "model/off_cpu.h"
#include "model/process.h"

static void free_stall(struct model *model, struct stall *stall)
{
	if (stall->kind == STALL_IO) {
		bytes_done(&stall->call.path);
		bytes_done(&stall->call.path2);
		free(stall->call.device);
	}
	culprits_done(&stall->culprits);
	free(stall->delayed);
	if (model->observer)
		model->observer->stall_dropped(model, stall);
	image_unref(stall->image);
	process_unpin(model, stall->process);
	free(stall);
}

/* -- By thread and end -------------------------------------------------------------------------------- */

#define BUCKETS 16384

static struct stall **bucket_of(const struct model *model, uint32_t host_tid, uint64_t end_ns)
{
	const uint64_t key[] = {host_tid, end_ns};

	return &model->stalls_by_end[hash_bytes(key, sizeof(key)) % BUCKETS];
}

static struct stall **bucket_of_stall(const struct model *model, const struct stall *stall)
{
	return bucket_of(model, stall->id.host_tid, stall->start_ns + stall->duration_ns);
}

static void add_by_end(struct model *model, struct stall *stall)
{
	struct stall **bucket;

	if (!model->stalls_by_end)
		model->stalls_by_end = xcalloc(BUCKETS, sizeof(struct stall *));
	bucket = bucket_of_stall(model, stall);
	stall->next_by_end = *bucket;
	*bucket = stall;
}

static void remove_by_end(struct model *model, const struct stall *stall)
{
	struct stall **link = bucket_of_stall(model, stall);

	while (*link != stall)
		link = &(*link)->next_by_end;
	*link = stall->next_by_end;
}

static struct stall *find_stall(const struct model *model, uint32_t host_tid, uint64_t end_ns)
{
	struct stall *stall = model->stalls_by_end ? *bucket_of(model, host_tid, end_ns) : NULL;

	while (stall &&
	       (stall->id.host_tid != host_tid || stall->start_ns + stall->duration_ns != end_ns))
		stall = stall->next_by_end;
	return stall;
}

/* -- The longest: a heap with the shortest on top; of equals the first seen stays ------------------ */

static bool shorter(const void *a, const void *b)
{
	const struct stall *one = *(struct stall *const *)a, *other = *(struct stall *const *)b;

	if (one->duration_ns != other->duration_ns)
		return one->duration_ns < other->duration_ns;
	return one->start_ns > other->start_ns;
}

static void push(struct stall_stats *stats, struct stall *stall)
{
	stats->kept[stats->kept_count++] = stall;
	heap_up(stats->kept, stats->kept_count - 1, sizeof(struct stall *), shorter);
}

static struct stall *replace_shortest(struct stall_stats *stats, struct stall *stall)
{
	struct stall *shortest = stats->kept[0];

	stats->kept[0] = stall;
	heap_down(stats->kept, stats->kept_count, 0, sizeof(struct stall *), shorter);
	return shortest;
}

static void add_duration(struct hist_fine **histogram, uint64_t ns)
{
	if (!ns)
		return;
	if (!*histogram)
		*histogram = xcalloc(1, sizeof(**histogram));
	hist_fine_add(*histogram, ns);
}

static void add_shares(struct model *model, const struct stall *stall)
{
	uint64_t side_ns[SIDES] = {0};

	for (enum cause cause = 0; cause < CAUSES; cause++) {
		enum account_part part = cause_catalog[cause].part;

		add_duration(&model->share_durations[cause], stall->shares.ns[cause]);
		if (part != PARTS)
			side_ns[part_catalog[part].side] += stall->shares.ns[cause];
	}
	/* Stalls of the other kinds have this time already. */
	if (kind_catalog[stall->kind].overlaps)
		return;
	add_duration(&model->lost_durations, side_ns[SIDE_LOST]);
	add_duration(&model->crowded_durations, side_ns[SIDE_CROWDED]);
}

static void keep(struct model *model, struct stall *stall)
{
	struct stall_stats *stats = &model->stalls[stall->kind];
	struct stall *dropped = NULL;

	hist_fine_add(&stats->durations, stall->duration_ns);
	model->last_stall_end_ns =
		MAX(model->last_stall_end_ns, stall->start_ns + stall->duration_ns);
	stats->cause_count[stall->cause]++;
	for (enum cause cause = 0; cause < CAUSES; cause++)
		stats->cause_ns[cause] += stall->shares.ns[cause];
	add_shares(model, stall);
	if (stall->process) {
		stall->process->stalls++;
		stall->process->swap_ns += stall->shares.ns[CAUSE_SWAP];
	}
	if (!stats->kept)
		stats->kept = xcalloc(model->limits.stalls + 1, sizeof(struct stall *));
	process_pin(stall->process);
	image_ref(stall->image);
	if (model->observer)
		model->observer->stalled(model, stall);
	if (stats->kept_count < model->limits.stalls)
		push(stats, stall);
	else if (stats->kept_count && shorter(&stats->kept[0], &stall))
		dropped = replace_shortest(stats, stall);
	else
		dropped = stall;
	if (dropped != stall)
		add_by_end(model, stall);
	if (dropped) {
		if (dropped != stall)
			remove_by_end(model, dropped);
		stats->dropped++;
		free_stall(model, dropped);
	}
}

static struct stall *new_stall(struct model *model, enum stall_kind kind, const struct task_id *id,
			       const char *comm, uint32_t cpu)
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

/* -- Culprits ------------------------------------------------------------------------------------- */

static void name_cgroups(struct model *model, struct culprits *culprits)
{
	if (!model->resolvers.cgroup_path)
		return;
	for (size_t i = 0; i < culprits->count; i++)
		culprits->list[i].cgroup_path = model->resolvers.cgroup_path(
			model->resolvers.context, culprits->list[i].cgroup_id);
}

static void add_programs(struct model *model, const struct stall *stall)
{
	for (size_t i = 0; i < stall->culprits.count; i++) {
		const struct culprit *culprit = &stall->culprits.list[i];
		struct program_total *total = model->program_totals,
				     *end = total + model->program_total_count;

		while (total < end &&
		       (total->held != culprit->held ||
			strncmp(total->comm, culprit->comm, COMM_BYTES) != 0 ||
			total->cgroup_id != culprit->cgroup_id || total->where != culprit->where))
			total++;
		if (total == end) {
			if (model->program_total_count == PROGRAM_TOTALS_MAX)
				continue;
			model->program_total_count++;
			*total = (struct program_total){
				.held = culprit->held,
				.where = culprit->where,
				.cgroup_id = culprit->cgroup_id,
				.cgroup_path = culprit->cgroup_path ? xstrdup(culprit->cgroup_path)
								    : NULL,
			};
			memcpy(total->comm, culprit->comm, COMM_BYTES);
		}
		total->ns += culprit->ns;
	}
}

static void name_culprits(struct model *model, struct stall *stall)
{
	name_cgroups(model, &stall->culprits);
	add_programs(model, stall);
}

/* -- Waits for a CPU ------------------------------------------------------------------------------ */

/*
 * Counts the wait as hit by each hiccup of its CPU that overlaps it, and corrects its shares. If the thread's own
 * timer came late, the time stolen during the hiccup delayed the delivery. While the thread was queued, nobody ran:
 * the clocks have already accounted for the stolen part, and the rest must not be blamed on the thread that had the
 * CPU.
 */
static void hiccups_hit(struct model *model, struct stall *wait)
{
	uint64_t end_ns = wait->start_ns + wait->duration_ns;
	uint64_t late_ns, queued_ns;

	for (size_t i = 0; i < model->hiccup_count; i++) {
		struct stall *hiccup = model->hiccups[i];
		uint64_t from_ns = MAX(hiccup->start_ns, wait->start_ns);
		uint64_t until_ns = MIN(hiccup->start_ns + hiccup->duration_ns, end_ns);

		if (hiccup->cpu != wait->cpu || from_ns >= until_ns)
			continue;
		hiccup->hiccup.threads_hit++;
		late_ns = MIN(wait->wait.late_ns, until_ns - from_ns);
		queued_ns = until_ns - from_ns - late_ns;
		shares_move(&wait->shares, CAUSE_DELIVERY, CAUSE_STEAL,
			    MIN(late_ns, hiccup->hiccup.steal_ns));
		cause_of_hiccup(&wait->shares, &wait->culprits,
				queued_ns - MIN(queued_ns, hiccup->hiccup.steal_ns));
	}
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
	cause_of_wait(record, &stall->shares, &stall->culprits);
	stall->wait.late_ns = MIN(record->late_ns, stall->wait.delivery_ns);
	hiccups_hit(model, stall);
	stall->cause = shares_largest(&stall->shares);
	name_culprits(model, stall);
	keep(model, stall);
}

/* -- Calls ---------------------------------------------------------------------------------------- */

static void divide_call(struct stall *stall, struct call_times times)
{
	uint64_t lock_ns, queued_ns;

	/* The times come from clock reads in different events: limit the parts to the whole. */
	times.duration_ns = stall->duration_ns;
	times.blocked_ns = MIN(times.blocked_ns, times.duration_ns);
	times.runqueue_ns = MIN(times.runqueue_ns, times.duration_ns - times.blocked_ns);
	stall->call.blocked_ns = times.blocked_ns;
	stall->call.runqueue_ns = times.runqueue_ns;
	stall->call.running_ns = times.duration_ns - times.blocked_ns - times.runqueue_ns;
	/* The times in the kernel's own locks, and until a worker came, are known; divide the rest. */
	queued_ns = MIN(stall->call.queued_ns, times.blocked_ns);
	lock_ns = MIN(stall->call.lock_ns, times.blocked_ns - queued_ns);
	times.duration_ns -= lock_ns + queued_ns;
	times.blocked_ns -= lock_ns + queued_ns;
	cause_of_call(&times, &stall->shares);
	stall->shares.ns[CAUSE_LOCK] += lock_ns;
	stall->shares.ns[CAUSE_UNKNOWN] += queued_ns;
	/* A fault reads from one place, so its shorter blocks that are marked as I/O wait are swap, too. */
	if (times.longest_cause == CAUSE_SWAP && stall->call.page_fault)
		shares_move(&stall->shares, CAUSE_DEVICE, CAUSE_SWAP, UINT64_MAX);
	stall->cause = shares_largest(&stall->shares);
}

/* A request for which no thread slept long: a device carried it out, or another machine. */
static bool is_without_thread(const struct record_io_stall *record)
{
	return record->flags & IO_REQUEST && !record->worker_host_tid && !record->longest_block_ns;
}

static uint64_t longest_block_ns(const struct record_io_stall *record)
{
	if (is_without_thread(record))
		return record->blocked_ns;
	return record->flags & IO_LONGEST_IN_LOCK ? 0 : record->longest_block_ns;
}

/* The kernel's functions in which the thread slept longest; empty: unknown, or it did not sleep. */
struct kernel_stack {
	char names[STACK_DEPTH][SYMBOL_BYTES];
};

static struct kernel_stack name_stack(const struct model *model,
				      const struct record_io_stall *record)
{
	struct kernel_stack stack = {0};

	if (record->longest_block_ns && model->resolvers.kernel_symbols)
		model->resolvers.kernel_symbols(model->resolvers.context, record->stack,
						STACK_DEPTH, stack.names);
	return stack;
}

/* s_magic of the file system that the longest sleep waited for, as far as it is known. */
static uint32_t slept_for_file_system(const struct record_io_stall *record,
				      const struct kernel_stack *stack)
{
	/* The call's memory can be a file elsewhere. */
	if (!(record->flags & IO_PAGE_FAULT) && blocking_is_page_fault(stack->names, STACK_DEPTH))
		return record->fault_file_system;
	return record->file_system;
}

/* Stores the kernel function of the longest sleep; returns the cause of that sleep. */
static enum cause name_block(struct stall *stall, const struct record_io_stall *record,
			     const struct kernel_stack *stack)
{
	uint32_t file_system;
	size_t function;
	enum cause cause;

	if (is_without_thread(record) && is_remote_file_system(record->file_system))
		return CAUSE_REMOTE;
	if (is_without_thread(record))
		return record->flags & IO_BY_WORKER ? CAUSE_UNKNOWN : CAUSE_DEVICE;
	cause = blocking_cause(stack->names, STACK_DEPTH, &function);
	file_system = slept_for_file_system(record, stack);
	if (function < STACK_DEPTH)
		memcpy(stall->call.kernel_function, stack->names[function], SYMBOL_BYTES);
	/* The stack is that of a lock, whose time is known. The other sleeps have no stack, only their call. */
	if (record->flags & IO_LONGEST_IN_LOCK)
		cause = CAUSE_FILESYSTEM;
	if ((cause == CAUSE_DEVICE || cause == CAUSE_FILESYSTEM) &&
	    is_remote_file_system(file_system))
		cause = CAUSE_REMOTE;
	/* No disk is involved, so the advice for this cause (a faster disk) would not help. */
	if (cause == CAUSE_FILESYSTEM && !(record->flags & IO_LONGEST_IN_LOCK) &&
	    is_kernel_file_system(file_system))
		cause = CAUSE_UNKNOWN;
	return cause;
}

static void name_file(struct model *model, struct stall *stall,
		      const struct record_io_stall *record, const struct kernel_stack *stack)
{
	char *mapped;

	if (stall->call.has_file || !stall->call.page_fault)
		call_path(model, record, &stall->call.path, &stall->call.path2,
			  &stall->call.deleted);
	if (stall->call.path.data || !stall->call.page_fault || !model->resolvers.mapped_file)
		return;
	/* The file is mapped there, but the page was written to, and is the process's own. */
	if (blocking_is_swapped_page(stack->names, STACK_DEPTH))
		return;
	mapped = model->resolvers.mapped_file(model->resolvers.context, record->id.host_pid,
					      record->args[0],
					      stall->call.has_file ? &record->file : NULL);
	if (mapped)
		stall->call.path = (struct bytes){.data = mapped, .size = strlen(mapped)};
}

/* Whether the share of that cause is time in which others held the same as the culprit, where it is. */
static bool is_culprit_of(const struct culprit *culprit, enum cause cause)
{
	switch (cause) {
	case CAUSE_DEVICE_INSIDE:
		return culprit->held == HELD_DEVICE && culprit->where == CULPRIT_INSIDE;
	case CAUSE_DEVICE_OUTSIDE:
		return culprit->held == HELD_DEVICE && culprit->where == CULPRIT_OUTSIDE;
	case CAUSE_LOCK:
		return culprit->held == HELD_LOCK;
	default:
		return false;
	}
}

/* Who kept the device busy, or had the lock, longest, if that is the cause; ns 0: nobody. */
static struct off_cpu_culprit block_culprit(const struct stall *stall, enum cause cause)
{
	static const uint8_t classes[] = {
		[CULPRIT_INSIDE] = CLASS_INSIDE,
		[CULPRIT_OUTSIDE] = CLASS_OUTSIDE,
		[CULPRIT_KERNEL] = CLASS_KERNEL,
	};
	struct off_cpu_culprit ret = {0};

	for (size_t i = 0; i < stall->culprits.count && !ret.ns; i++) {
		const struct culprit *culprit = &stall->culprits.list[i];

		if (!is_culprit_of(culprit, cause))
			continue;
		ret.ns = culprit->ns;
		ret.class = classes[culprit->where];
		ret.host_pid = ret.host_tid = culprit->host_pid;
		memcpy(ret.comm, culprit->comm, COMM_BYTES);
	}
	return ret;
}

/* What its sleeps waited for, for the accounts of tests: not the CPU, and not its own work. */
static void note_sleeps(struct model *model, const struct stall *stall, uint32_t host_tid)
{
	struct off_cpu_block block = {.from_ns = stall->start_ns,
				      .until_ns = stall->start_ns + stall->duration_ns};
	uint64_t awake_ns = stall->shares.ns[CAUSE_CPU] + stall->shares.ns[CAUSE_RUNNING];
	struct shares asleep = stall->shares;
	struct off_cpu_culprit culprit;

	asleep.ns[CAUSE_CPU] = asleep.ns[CAUSE_RUNNING] = 0;
	block.cause = shares_largest(&asleep);
	culprit = block_culprit(stall, block.cause);
	block.culprit_share = off_cpu_share(culprit.ns, stall->duration_ns - awake_ns);
	off_cpu_blocked(model->off_cpu, host_tid, block, &culprit);
}

static bool is_for_file(const struct record_io_stall *record, const struct kernel_stack *stack)
{
	bool by_sleep = record->flags & IO_IF_STACK, is_fault = record->flags & IO_PAGE_FAULT;

	if (!is_fault && record->number != __NR_io_uring_enter)
		return true;
	/* A fault at no page ends in a signal, before the thread is back in user mode. */
	if (is_fault && !by_sleep)
		return !blocking_is_for_signal(stack->names, STACK_DEPTH);
	/* A sleep of io_uring can also be for a socket, a pipe, or for work. */
	return by_sleep ? blocking_is_page_fault(stack->names, STACK_DEPTH)
			: blocking_is_for_file(stack->names, STACK_DEPTH);
}

/* Whether the file is known. That of a fault that only a sleep shows can be an earlier fault's. */
static bool has_file(const struct record_io_stall *record, const struct kernel_stack *stack)
{
	if (!(record->flags & IO_IF_STACK) || !(record->flags & IO_HAS_FILE))
		return record->flags & IO_HAS_FILE;
	return blocking_is_file_page(stack->names, STACK_DEPTH);
}

bool io_is_for_file(const struct model *model, const struct record_io_stall *record,
		    bool *ret_has_file)
{
	const struct kernel_stack stack = name_stack(model, record);

	*ret_has_file = has_file(record, &stack);
	return is_for_file(record, &stack);
}

void io_stalled(struct model *model, const struct record_io_stall *record)
{
	const struct kernel_stack stack = name_stack(model, record);
	uint32_t blocked_host_tid;
	struct stall *stall;

	if (!is_for_file(record, &stack))
		return;
	stall = new_stall(model, STALL_IO, &record->id, record->comm, record->cpu);

	stall->start_ns = record->start_ns;
	stall->duration_ns = record->duration_ns;
	stall->call.number = record->number;
	stall->call.is_request = record->flags & IO_REQUEST;
	stall->call.way = request_way(record);
	stall->call.page_fault = record->flags & IO_PAGE_FAULT;
	stall->call.has_file = has_file(record, &stack);
	stall->call.deleted = record->flags & IO_DELETED;
	stall->call.truncated = record->flags & IO_PATH_TRUNCATED;
	stall->call.one_block = record->flags & IO_ONE_BLOCK;
	stall->call.result = record->result;
	memcpy(stall->call.args, record->args, sizeof(record->args));
	stall->call.lock_ns = record->lock_ns;
	stall->call.queued_ns = record->queued_ns;
	divide_call(stall, (struct call_times){.blocked_ns = record->blocked_ns,
					       .runqueue_ns = record->runqueue_ns,
					       .iowait_ns = record->iowait_ns,
					       .reclaim_ns = record->reclaim_ns,
					       .longest_block_ns = longest_block_ns(record),
					       .longest_cause = name_block(stall, record, &stack)});
	name_file(model, stall, record, &stack);
	device_uses_divide(model, stall, stall->call.has_file ? record->file.device : 0);
	/* A submitter does not sleep in its request, but at most waits for it: the worker does. */
	blocked_host_tid = stall->call.is_request ? record->worker_host_tid : record->id.host_tid;
	if (blocked_host_tid)
		lock_name_holders(model, stall, blocked_host_tid);
	name_culprits(model, stall);
	if (blocked_host_tid)
		note_sleeps(model, stall, blocked_host_tid);
	keep(model, stall);
}

/* -- Hiccups -------------------------------------------------------------------------------------- */

/* A wait that overlaps a hiccup may end, and its record arrive, this much later. */
#define HICCUP_MEMORY_NS (10 * NSEC_PER_SEC)

static void judge_oldest(struct model *model)
{
	struct stall *hiccup = model->hiccups[0];

	model->hiccup_count--;
	memmove(model->hiccups, model->hiccups + 1,
		model->hiccup_count * sizeof(model->hiccups[0]));
	if (hiccup->hiccup.threads_hit) {
		hiccup->process = process_find(model, hiccup->id.host_pid);
		hiccup->image = hiccup->process ? hiccup->process->image : NULL;
		keep(model, hiccup);
	} else {
		model->hiccups_elsewhere++;
		free(hiccup);
	}
}

void hiccups_judge(struct model *model, uint64_t before_ns)
{
	while (model->hiccup_count &&
	       model->hiccups[0]->start_ns + model->hiccups[0]->duration_ns < before_ns)
		judge_oldest(model);
}

void cpu_hiccup(struct model *model, const struct record_hiccup *record)
{
	uint64_t now_ns = record->header.time_ns;
	struct stall *hiccup;

	hiccups_judge(model, now_ns > HICCUP_MEMORY_NS ? now_ns - HICCUP_MEMORY_NS : 0);
	if (model->hiccup_count == HICCUPS_MAX)
		judge_oldest(model);
	hiccup = new_stall(model, STALL_HICCUP, &record->id, record->comm, record->cpu);
	/* judge_oldest() looks them up again: a hiccup that is not yet kept holds no reference. */
	hiccup->process = NULL;
	hiccup->image = NULL;
	if (!record->inside) {
		/* The report does not name bystanders that a hiccup interrupted. */
		hiccup->id = (struct task_id){0};
		memset(hiccup->comm, 0, COMM_BYTES);
	}
	hiccup->start_ns = record->start_ns;
	hiccup->duration_ns = now_ns - record->start_ns;
	hiccup->hiccup.has_steal = record->has_steal;
	hiccup->hiccup.steal_ns = record->steal_ns;
	hiccup->hiccup.threads_hit = record->inside;
	hiccup->shares.ns[CAUSE_STEAL] = record->steal_ns;
	hiccup->shares.ns[CAUSE_UNKNOWN] = hiccup->duration_ns - record->steal_ns;
	hiccup->cause = shares_largest(&hiccup->shares);
	model->hiccups[model->hiccup_count++] = hiccup;
}

/* -- Delayed threads ------------------------------------------------------------------------------ */

void thread_delayed(struct model *model, const struct record_delayed *record)
{
	struct stall *stall = find_stall(model, record->stall_host_tid, record->stall_end_ns);
	uint64_t from_ns;

	/* The stall is not kept, or its record was lost. */
	if (!stall || stall->delayed_count++ >= DELAYED_MAX)
		return;
	if (!stall->delayed)
		stall->delayed = xcalloc(DELAYED_MAX, sizeof(*stall->delayed));
	from_ns = MAX(record->asleep_ns, stall->start_ns);
	stall->delayed[stall->delayed_count - 1] = (struct delayed){
		.pid = record->id.pid,
		.tid = record->id.tid,
		.late_ns = record->header.time_ns - MIN(from_ns, record->header.time_ns),
		.steps = record->steps,
	};
	memcpy(stall->delayed[stall->delayed_count - 1].comm, record->comm, COMM_BYTES);
}

/* -- Unfinished stalls ---------------------------------------------------------------------------- */

void stall_unfinished(struct model *model, const struct record_thread *record)
{
	uint64_t now_ns = record->header.time_ns;
	char *path = NULL;
	struct stall *stall;

	if (model->measures_cpu && record->wait_start_ns && record->wait_start_ns < now_ns &&
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
	if (model->measures_io && record->call_start_ns && record->call_start_ns < now_ns &&
	    call_find(record->call_number) &&
	    now_ns - record->call_start_ns >= model->io_threshold_ns) {
		stall = new_stall(model, STALL_IO, &record->id, record->comm, record->cpu);
		stall->finished = false;
		stall->start_ns = record->call_start_ns;
		stall->duration_ns = now_ns - record->call_start_ns;
		stall->call.number = record->call_number;
		if (model->resolvers.called_file)
			path = model->resolvers.called_file(
				model->resolvers.context, record->id.host_tid, record->call_number);
		if (path)
			stall->call.path = (struct bytes){.data = path, .size = strlen(path)};
		divide_call(stall, (struct call_times){.blocked_ns = record->call_blocked_ns,
						       .runqueue_ns = record->call_runqueue_ns,
						       .longest_cause = record->blocker_host_pid
										? CAUSE_LOCK
										: CAUSE_UNKNOWN});
		if (record->blocker_host_pid)
			lock_name_blocker(model, stall, record->blocker_host_pid);
		name_culprits(model, stall);
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
	if (one->id.host_tid != other->id.host_tid)
		return one->id.host_tid < other->id.host_tid ? -1 : 1;
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
	for (size_t i = 0; i < model->hiccup_count; i++)
		free(model->hiccups[i]);
	for (size_t i = 0; i < model->program_total_count; i++)
		free(model->program_totals[i].cgroup_path);
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		for (size_t i = 0; i < model->stalls[kind].kept_count; i++)
			free_stall(model, model->stalls[kind].kept[i]);
		free(model->stalls[kind].kept);
	}
	free(model->stalls_by_end);
	for (enum cause cause = 0; cause < CAUSES; cause++)
		free(model->share_durations[cause]);
	free(model->lost_durations);
	free(model->crowded_durations);
}
