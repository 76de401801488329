/* Who held the lock that a file operation waited for: who let it go, and whom that one had waited for. */
#include "model/lock.h"

#include <string.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "model/process.h"

/* -- Sleeps ---------------------------------------------------------------------------------------- */

static bool is_for_lock(const struct record_off_cpu *record)
{
	static const uint8_t elsewhere = OFF_IN_IOWAIT | OFF_IN_RECLAIM;

	if (!record->lock || !(record->flags & OFF_IN_FILE) || record->from_ns == record->woken_ns)
		return false;
	return record->flags & OFF_IN_LOCK ||
	       (!(record->flags & elsewhere) &&
		(record->call == SYS_flock || record->call == SYS_fcntl));
}

/* A semaphore of the kernel can wait for RCU, which has threads of its own. */
static bool is_by_holder(const struct record_off_cpu *record)
{
	if (!record->waker_host_tid)
		return false;
	if (record->flags & OFF_SIGNALLED)
		return false;
	if (record->how == WOKEN_BY_KERNEL)
		return strncmp(record->waker_comm, "rcu", 3) != 0;
	return record->how == WOKEN_BY_THREAD;
}

static enum culprit_where where_of(const struct record_off_cpu *record)
{
	if (record->flags & OFF_WOKEN_INSIDE)
		return CULPRIT_INSIDE;
	return record->how == WOKEN_BY_KERNEL ? CULPRIT_KERNEL : CULPRIT_OUTSIDE;
}

/* Whoever ended the sleep; if that was a signal or a time-out, whoever had the lock when it began. */
static struct culprit holder_of(const struct record_off_cpu *record)
{
	struct culprit holder = {.host_pid = record->blocker_host_pid, .held = HELD_LOCK};

	if (!is_by_holder(record))
		return holder;
	holder.host_pid = record->waker_host_pid;
	holder.where = where_of(record);
	holder.cgroup_id = record->waker_cgroup_id;
	memcpy(holder.comm, record->waker_comm, COMM_BYTES);
	return holder;
}

void lock_slept(struct model *model, const struct record_off_cpu *record)
{
	struct lock_sleep *sleep;
	struct culprit holder;

	if (!is_for_lock(record))
		return;
	holder = holder_of(record);
	if (!holder.host_pid)
		return;
	if (!model->lock_sleeps)
		model->lock_sleeps = xcalloc(LOCK_SLEEPS_MAX, sizeof(*model->lock_sleeps));
	sleep = &model->lock_sleeps[model->lock_sleep_count++ % LOCK_SLEEPS_MAX];
	*sleep = (struct lock_sleep){
		.lock = record->lock,
		.from_ns = record->from_ns,
		.until_ns = record->woken_ns,
		.host_tid = record->id.host_tid,
		.holder_host_tid = is_by_holder(record) ? record->waker_host_tid : 0,
		.holder = holder,
	};
}

/* -- Holders --------------------------------------------------------------------------------------- */

/* Sleeps that ended before this may be forgotten. */
static uint64_t forgotten_ns(const struct model *model)
{
	if (model->lock_sleep_count <= LOCK_SLEEPS_MAX)
		return 0;
	return model->lock_sleeps[model->lock_sleep_count % LOCK_SLEEPS_MAX].until_ns;
}

/* The last time between from_ns and until_ns when the thread got the lock after it had slept for it; NULL: none is known. */
static const struct lock_sleep *got_lock(const struct model *model, uint32_t host_tid,
					 uint64_t lock, uint64_t from_ns, uint64_t until_ns)
{
	size_t count = MIN(model->lock_sleep_count, (size_t)LOCK_SLEEPS_MAX);
	const struct lock_sleep *last = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct lock_sleep *sleep = &model->lock_sleeps[i];

		if (sleep->host_tid == host_tid && sleep->holder_host_tid && sleep->lock == lock &&
		    sleep->until_ns > from_ns && sleep->until_ns < until_ns &&
		    (!last || sleep->until_ns > last->until_ns))
			last = sleep;
	}
	return last;
}

/*
 * Whoever let the lock go has had it since its own sleep for the lock ended, and before that whoever ended that sleep: threads
 * get a lock one after the other, and each wakes the next.
 */
static void add_holders(const struct model *model, const struct lock_sleep *sleep,
			struct culprits *ret)
{
	uint64_t from_ns = sleep->from_ns, until_ns = sleep->until_ns;
	uint64_t known_ns = MIN(MAX(from_ns, forgotten_ns(model)), until_ns);

	ret->dropped_ns += known_ns - from_ns;
	while (sleep && until_ns > known_ns) {
		const struct lock_sleep *before =
			got_lock(model, sleep->holder_host_tid, sleep->lock, known_ns, until_ns);
		struct culprit holder = sleep->holder;

		holder.ns = until_ns - (before ? before->until_ns : known_ns);
		culprits_add(ret, &holder);
		until_ns -= holder.ns;
		sleep = before;
	}
}

/* Names a holder of which only the ID is known. False: the process is gone. */
static bool name_holder(const struct model *model, struct culprit *holder)
{
	const struct process *process;

	if (holder->comm[0])
		return true;
	process = process_find(model, holder->host_pid);
	holder->where = process ? CULPRIT_INSIDE : CULPRIT_OUTSIDE;
	if (process)
		memcpy(holder->comm, process->comm, COMM_BYTES);
	return process || (model->resolvers.process_name &&
			   model->resolvers.process_name(model->resolvers.context, holder->host_pid,
							 holder->comm));
}

void lock_name_blocker(struct model *model, struct stall *stall, uint32_t host_pid)
{
	struct culprit holder = {
		.host_pid = host_pid, .held = HELD_LOCK, .ns = stall->shares.ns[CAUSE_LOCK]};

	if (holder.ns && name_holder(model, &holder))
		culprits_add(&stall->culprits, &holder);
}

void lock_name_holders(struct model *model, struct stall *stall, uint32_t host_tid)
{
	uint64_t end_ns = stall->start_ns + stall->duration_ns;
	uint64_t left_ns = stall->shares.ns[CAUSE_LOCK];
	size_t count = MIN(model->lock_sleep_count, (size_t)LOCK_SLEEPS_MAX);
	struct culprits holders = {0};

	for (size_t i = 0; i < count && left_ns; i++) {
		const struct lock_sleep *sleep = &model->lock_sleeps[i];

		if (sleep->host_tid == host_tid && sleep->from_ns >= stall->start_ns &&
		    sleep->until_ns <= end_ns)
			add_holders(model, sleep, &holders);
	}
	culprits_finish(&holders);
	for (size_t i = 0; i < holders.count; i++) {
		struct culprit *holder = &holders.list[i];

		holder->ns = MIN(holder->ns, left_ns);
		left_ns -= holder->ns;
		if (name_holder(model, holder))
			culprits_add(&stall->culprits, holder);
	}
	stall->culprits.dropped_ns += MIN(holders.dropped_ns, left_ns);
	culprits_finish(&stall->culprits);
	culprits_done(&holders);
}
