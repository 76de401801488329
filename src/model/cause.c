/* Why a stall happened: its duration divided into causes, and who held the CPU meanwhile. */
#include "model/cause.h"

#include <stdlib.h>

#include "base/util.h"

const char *const cause_names[CAUSES] = {
	[CAUSE_INSIDE] = "inside",
	[CAUSE_OUTSIDE] = "outside",
	[CAUSE_KERNEL] = "kernel",
	[CAUSE_IRQ] = "irq",
	[CAUSE_STEAL] = "steal",
	[CAUSE_DELIVERY] = "delivery",
	[CAUSE_THROTTLED] = "throttled",
	[CAUSE_IDLE] = "idle",
	[CAUSE_DEVICE] = "device",
	[CAUSE_FILESYSTEM] = "filesystem",
	[CAUSE_LOCK] = "lock",
	[CAUSE_WRITEBACK] = "writeback",
	[CAUSE_RECLAIM] = "reclaim",
	[CAUSE_REMOTE] = "remote",
	[CAUSE_CPU] = "cpu",
	[CAUSE_RUNNING] = "running",
	[CAUSE_UNKNOWN] = "unknown",
};

const char *const culprit_where_names[] = { "inside", "outside", "kernel" };

enum cause shares_largest(const struct shares *shares)
{
	enum cause largest = CAUSE_UNKNOWN;

	for (enum cause cause = 0; cause < CAUSES; cause++)
		if (shares->ns[cause] > shares->ns[largest])
			largest = cause;
	return largest;
}

void culprits_done(struct culprits *culprits)
{
	for (size_t i = 0; i < culprits->count; i++)
		free(culprits->list[i].cgroup_path);
	free(culprits->list);
	*culprits = (struct culprits){ 0 };
}

static void add_culprit(struct culprits *culprits, size_t *capacity, const struct slice *slice,
			enum culprit_where where, uint64_t ns)
{
	struct culprit *culprit;

	for (size_t i = 0; i < culprits->count; i++) {
		culprit = &culprits->list[i];
		/* The idle task and kernel threads have their thread's number as process. */
		if (culprit->host_pid == slice->host_pid && culprit->where == where) {
			culprit->ns += ns;
			return;
		}
	}
	if (culprits->count == *capacity) {
		*capacity = MAX(*capacity * 2, (size_t)8);
		culprits->list = xreallocarray(culprits->list, *capacity, sizeof(*culprits->list));
	}
	culprit = &culprits->list[culprits->count++];
	*culprit = (struct culprit){
		.host_pid = slice->host_pid,
		.where = where,
		.policy = slice->policy,
		.prio = slice->prio,
		.cgroup_id = slice->cgroup_id,
		.ns = ns,
	};
	memcpy(culprit->comm, slice->comm, COMM_BYTES);
}

static int compare_culprits(const void *a, const void *b)
{
	const struct culprit *one = a, *other = b;

	if (one->ns != other->ns)
		return one->ns < other->ns ? 1 : -1;
	return one->host_pid < other->host_pid ? -1 : one->host_pid > other->host_pid;
}

/* Newest slice first: each lasts until the one before it in the list began. */
static void divide_leg(const struct queue_leg *leg, uint64_t to_ns, const struct slice *slices, struct shares *shares,
		       struct culprits *culprits, size_t *capacity)
{
	uint64_t until_ns = to_ns;

	for (uint32_t i = 0; i < leg->slices && until_ns > leg->from_ns; i++) {
		const struct slice *slice = &slices[i];
		uint64_t from_ns = MAX(slice->from_ns, leg->from_ns);
		uint64_t ns;

		if (from_ns >= until_ns)
			continue;
		ns = until_ns - from_ns;
		until_ns = from_ns;
		if (slice->flags & SLICE_IDLE) {
			shares->ns[CAUSE_IDLE] += ns;
		} else if (slice->flags & SLICE_INSIDE) {
			shares->ns[CAUSE_INSIDE] += ns;
			add_culprit(culprits, capacity, slice, CULPRIT_INSIDE, ns);
		} else if (slice->flags & SLICE_KERNEL) {
			shares->ns[CAUSE_KERNEL] += ns;
			add_culprit(culprits, capacity, slice, CULPRIT_KERNEL, ns);
		} else {
			shares->ns[CAUSE_OUTSIDE] += ns;
			add_culprit(culprits, capacity, slice, CULPRIT_OUTSIDE, ns);
		}
	}
}

void cause_of_wait(const struct record_cpu_stall *record, struct shares *ret_shares, struct culprits *ret_culprits)
{
	const struct slice *slices = record->slices;
	uint64_t to_ns = record->header.time_ns;
	size_t capacity = 0;
	uint64_t known_ns = 0;

	*ret_shares = (struct shares){ 0 };
	*ret_culprits = (struct culprits){ 0 };
	for (uint32_t leg = record->leg_count; leg-- > 0;) {
		if (record->legs[leg].from_ns > to_ns)
			continue;
		divide_leg(&record->legs[leg], to_ns, slices, ret_shares, ret_culprits, &capacity);
		slices += record->legs[leg].slices;
		to_ns = record->legs[leg].from_ns;
	}
	ret_shares->ns[CAUSE_DELIVERY] = record->woken_ns - record->start_ns;
	for (enum cause cause = 0; cause < CAUSES; cause++)
		known_ns += ret_shares->ns[cause];
	/* Switches older than the ring remembers, and legs beyond LEGS_MAX. */
	if (known_ns < record->header.time_ns - record->start_ns)
		ret_shares->ns[CAUSE_UNKNOWN] = record->header.time_ns - record->start_ns - known_ns;

	if (ret_culprits->count)
		qsort(ret_culprits->list, ret_culprits->count, sizeof(struct culprit), compare_culprits);
	for (size_t i = CULPRITS_MAX; i < ret_culprits->count; i++)
		ret_culprits->dropped_ns += ret_culprits->list[i].ns;
	ret_culprits->count = MIN(ret_culprits->count, (size_t)CULPRITS_MAX);
}

void cause_of_call(uint64_t duration_ns, uint64_t blocked_ns, uint64_t runqueue_ns, struct shares *ret)
{
	*ret = (struct shares){ 0 };
	ret->ns[CAUSE_CPU] = runqueue_ns;
	ret->ns[CAUSE_UNKNOWN] = blocked_ns;
	ret->ns[CAUSE_RUNNING] = duration_ns - blocked_ns - runqueue_ns;
}
