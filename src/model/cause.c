/* The causes of one stall: divides its duration among causes, and lists the culprits. */
#include "model/cause.h"

#include <stdlib.h>

#include "base/util.h"

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
	*culprits = (struct culprits){0};
}

void culprits_add(struct culprits *culprits, const struct culprit *more)
{
	for (size_t i = 0; i < culprits->count; i++) {
		struct culprit *culprit = &culprits->list[i];

		/* host_pid of the idle task or of a kernel thread is its thread ID. */
		if (culprit->host_pid != more->host_pid || culprit->where != more->where ||
		    culprit->held != more->held)
			continue;
		culprit->ns += more->ns;
		culprit->bytes_read += more->bytes_read;
		culprit->bytes_written += more->bytes_written;
		return;
	}
	if (culprits->count == culprits->capacity) {
		culprits->capacity = MAX(culprits->capacity * 2, (size_t)8);
		culprits->list =
			xreallocarray(culprits->list, culprits->capacity, sizeof(*culprits->list));
	}
	culprits->list[culprits->count++] = *more;
}

static int compare_culprits(const void *a, const void *b)
{
	const struct culprit *one = a, *other = b;

	if (one->ns != other->ns)
		return one->ns < other->ns ? 1 : -1;
	if (one->host_pid != other->host_pid)
		return one->host_pid < other->host_pid ? -1 : 1;
	if (one->where != other->where)
		return one->where < other->where ? -1 : 1;
	return one->held < other->held ? -1 : one->held > other->held;
}

/* Sorts the longest first, and removes culprits without time. */
static void sort_culprits(struct culprits *culprits)
{
	if (culprits->count)
		qsort(culprits->list, culprits->count, sizeof(struct culprit), compare_culprits);
	while (culprits->count && !culprits->list[culprits->count - 1].ns)
		free(culprits->list[--culprits->count].cgroup_path);
}

void culprits_finish(struct culprits *culprits)
{
	sort_culprits(culprits);
	for (size_t i = CULPRITS_MAX; i < culprits->count; i++)
		culprits->dropped_ns += culprits->list[i].ns;
	culprits->count = MIN(culprits->count, (size_t)CULPRITS_MAX);
}

/* A CPU's clocks at one moment (abi.h, struct slice). */
struct clocks {
	uint64_t steal_ns, irq_ns;
};

struct division {
	struct shares *shares;
	struct culprits *culprits;
};

static const enum cause class_causes[CLASSES] = {
	[CLASS_OUTSIDE] = CAUSE_OUTSIDE, [CLASS_INSIDE] = CAUSE_INSIDE,
	[CLASS_KERNEL] = CAUSE_KERNEL,   [CLASS_IDLE] = CAUSE_IDLE,
	[CLASS_UNSURE] = CAUSE_UNKNOWN,
};

/* Only the classes that can be culprits. */
static const enum culprit_where class_wheres[] = {
	[CLASS_OUTSIDE] = CULPRIT_OUTSIDE,
	[CLASS_INSIDE] = CULPRIT_INSIDE,
	[CLASS_KERNEL] = CULPRIT_KERNEL,
};

static uint64_t passed(uint64_t from, uint64_t until, uint64_t most)
{
	return until > from ? MIN(until - from, most) : 0;
}

/* Moves steal and interrupt time out of ns, as no thread had it; returns the rest. */
static uint64_t take_steal_and_irq(struct shares *shares, uint64_t ns, struct clocks from,
				   struct clocks until)
{
	uint64_t steal_ns = passed(from.steal_ns, until.steal_ns, ns);
	uint64_t irq_ns = passed(from.irq_ns, until.irq_ns, ns - steal_ns);

	shares->ns[CAUSE_STEAL] += steal_ns;
	shares->ns[CAUSE_IRQ] += irq_ns;
	return ns - steal_ns - irq_ns;
}

/* Adds the slice's time, without steal and interrupts, to seen_ns of its class. */
static void divide_slice(struct division *division, const struct slice *slice, uint64_t ns,
			 struct clocks from, struct clocks until, uint64_t *seen_ns)
{
	enum slice_class kind = MIN(slice->class, (uint8_t)CLASS_UNSURE);
	struct culprit culprit;

	ns = take_steal_and_irq(division->shares, ns, from, until);
	division->shares->ns[class_causes[kind]] += ns;
	if (kind < CLASS_CLOCKS)
		seen_ns[kind] += ns;
	if (kind >= ARRAY_SIZE(class_wheres))
		return;
	culprit = (struct culprit){
		.host_pid = slice->host_pid,
		.where = class_wheres[kind],
		.policy = slice->policy,
		.prio = slice->prio,
		.cgroup_id = slice->cgroup_id,
		.ns = ns,
	};
	memcpy(culprit.comm, slice->comm, COMM_BYTES);
	culprits_add(division->culprits, &culprit);
}

/*
 * Divides the first ns of a queue, whose slices the flight recorder has overwritten: it holds a sixteenth of a second
 * of a CPU that switches 16,000 times a second. The clocks of the CPU tell the classes of threads that ran, but no
 * names.
 */
static void divide_overwritten(struct division *division, const struct queue_time *queue,
			       uint64_t ns, struct clocks until, const uint64_t *seen_ns)
{
	struct clocks from = {queue->steal_from_ns ?: until.steal_ns, queue->irq_from_ns};

	ns = take_steal_and_irq(division->shares, ns, from, until);
	for (enum slice_class kind = 0; kind < CLASS_CLOCKS; kind++) {
		uint64_t all_ns =
			passed(queue->class_from_ns[kind], queue->class_until_ns[kind], UINT64_MAX);
		uint64_t class_ns = passed(seen_ns[kind], all_ns, ns);

		division->shares->ns[class_causes[kind]] += class_ns;
		if (kind < ARRAY_SIZE(class_wheres))
			division->culprits->dropped_ns += class_ns;
		ns -= class_ns;
	}
}

/* Slices are in order from the newest: each ends where the slice before it in the list starts. */
static void divide_queue(struct division *division, const struct queue_time *queue,
			 const struct slice *slices, uint64_t queue_from_ns, uint64_t queue_to_ns)
{
	struct clocks until = {queue->steal_until_ns, queue->irq_until_ns};
	uint64_t seen_ns[CLASS_CLOCKS] = {0};
	uint64_t until_ns = queue_to_ns;

	for (uint32_t i = 0; i < queue->slices && until_ns > queue_from_ns; i++) {
		const struct slice *slice = &slices[i];
		uint64_t from_ns = MAX(slice->from_ns, queue_from_ns);
		struct clocks from = {slice->steal_ns, slice->irq_ns};

		if (from_ns >= until_ns)
			continue;
		/* The queue starts within this slice, and has clock values of its own start. */
		if (slice->from_ns < queue_from_ns) {
			from.irq_ns = MAX(from.irq_ns, queue->irq_from_ns);
			from.steal_ns = MAX(from.steal_ns, queue->steal_from_ns);
		}
		divide_slice(division, slice, until_ns - from_ns, from, until, seen_ns);
		until_ns = from_ns;
		until = from;
	}
	if (until_ns > queue_from_ns)
		divide_overwritten(division, queue, until_ns - queue_from_ns, until, seen_ns);
}

/* Takes time from the culprits of one place, the longest first, and from those without a row last. */
static void take_from_culprits(struct culprits *culprits, enum culprit_where where, uint64_t ns)
{
	for (size_t i = 0; i < culprits->count && ns; i++) {
		struct culprit *culprit = &culprits->list[i];
		uint64_t taken_ns = MIN(ns, culprit->ns);

		if (culprit->where != where)
			continue;
		culprit->ns -= taken_ns;
		ns -= taken_ns;
	}
	culprits->dropped_ns -= MIN(ns, culprits->dropped_ns);
	sort_culprits(culprits);
}

/*
 * A thread that is out of its quota or budget could not have run, whoever had the CPU. So that time replaces other
 * causes: the unexplained ones first, then those that name others, with their culprits.
 */
static void account_limit(struct shares *shares, struct culprits *culprits, enum cause limit,
			  uint64_t limited_ns)
{
	static const struct {
		enum cause cause;
		int where; /* enum culprit_where; -1: names nobody */
	} order[] = {
		{CAUSE_IDLE, -1},
		{CAUSE_UNKNOWN, -1},
		{CAUSE_OUTSIDE, CULPRIT_OUTSIDE},
		{CAUSE_KERNEL, CULPRIT_KERNEL},
		{CAUSE_INSIDE, CULPRIT_INSIDE},
		{CAUSE_IRQ, -1},
		{CAUSE_STEAL, -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(order) && limited_ns; i++) {
		uint64_t ns = MIN(limited_ns, shares->ns[order[i].cause]);

		shares_move(shares, order[i].cause, limit, ns);
		if (order[i].where >= 0)
			take_from_culprits(culprits, order[i].where, ns);
		limited_ns -= ns;
	}
}

void cause_of_wait(const struct record_cpu_stall *record, struct shares *ret_shares,
		   struct culprits *ret_culprits)
{
	struct division division = {.shares = ret_shares, .culprits = ret_culprits};
	uint64_t duration_ns = record->header.time_ns - record->start_ns;
	const struct slice *slices = record->slices;
	uint64_t to_ns = record->header.time_ns;
	uint64_t known_ns = 0;

	*ret_shares = (struct shares){0};
	*ret_culprits = (struct culprits){0};
	for (uint32_t i = record->queue_count; i-- > 0;) {
		const struct queue_time *queue = &record->queues[i];
		/* Time before the wakeup counts as delivery, whoever ran, so that no instant has two causes. */
		uint64_t from_ns = MIN(MAX(queue->from_ns, record->woken_ns), to_ns);

		divide_queue(&division, queue, slices, from_ns, to_ns);
		slices += queue->slices;
		to_ns = from_ns;
	}
	ret_shares->ns[CAUSE_DELIVERY] = record->woken_ns - record->start_ns;
	for (enum cause cause = 0; cause < CAUSES; cause++)
		known_ns += ret_shares->ns[cause];
	/* The rest: queues beyond QUEUES_MAX, and time that no clock shows. */
	if (known_ns < duration_ns)
		ret_shares->ns[CAUSE_UNKNOWN] += duration_ns - known_ns;
	sort_culprits(ret_culprits);
	account_limit(ret_shares, ret_culprits, CAUSE_THROTTLED, record->throttled_ns);
	account_limit(ret_shares, ret_culprits, CAUSE_BUDGET, record->budget_ns);
	culprits_finish(ret_culprits);
}

void cause_of_call(const struct call_times *times, struct shares *ret)
{
	uint64_t blocked_ns = times->blocked_ns;
	uint64_t running_ns = times->duration_ns - blocked_ns - times->runqueue_ns;
	uint64_t reclaim_ns = MIN(times->reclaim_ns, running_ns + blocked_ns);
	uint64_t device_ns;

	*ret = (struct shares){0};
	ret->ns[CAUSE_CPU] = times->runqueue_ns;
	/*
	 * Reclaim both runs and sleeps, in unknown parts. Its time comes out of the sleeps first if the longest one was in
	 * reclaim or the running time is too short, else out of the running time.
	 */
	ret->ns[CAUSE_RECLAIM] = reclaim_ns;
	if (times->longest_cause == CAUSE_RECLAIM || running_ns < reclaim_ns) {
		uint64_t asleep_ns = MIN(reclaim_ns, blocked_ns);

		blocked_ns -= asleep_ns;
		running_ns -= reclaim_ns - asleep_ns;
	} else {
		running_ns -= reclaim_ns;
	}
	ret->ns[CAUSE_RUNNING] = running_ns;
	/*
	 * Only the longest block has a stack. Shorter blocks wait for the device if the kernel marks them as I/O wait,
	 * else for the same as the longest one. A function of a file system that sleeps for I/O (ext4_read_bh) also
	 * waits for the device.
	 */
	device_ns = MIN(times->iowait_ns, blocked_ns);
	if (times->longest_cause != CAUSE_UNKNOWN && times->longest_cause != CAUSE_DEVICE &&
	    times->longest_cause != CAUSE_FILESYSTEM)
		device_ns = MIN(device_ns, blocked_ns - MIN(times->longest_block_ns, blocked_ns));
	ret->ns[CAUSE_DEVICE] += device_ns;
	ret->ns[times->longest_cause] += blocked_ns - device_ns;
}

void shares_move(struct shares *shares, enum cause from, enum cause to, uint64_t ns)
{
	ns = MIN(ns, shares->ns[from]);
	shares->ns[from] -= ns;
	shares->ns[to] += ns;
}

void cause_of_hiccup(struct shares *shares, struct culprits *culprits, uint64_t ns)
{
	static const struct {
		enum cause cause;
		int where; /* enum culprit_where; -1: the idle task is not a culprit */
	} runners[] = {
		{CAUSE_OUTSIDE, CULPRIT_OUTSIDE},
		{CAUSE_INSIDE, CULPRIT_INSIDE},
		{CAUSE_KERNEL, CULPRIT_KERNEL},
		{CAUSE_IDLE, -1},
	};
	size_t largest = 0;

	for (size_t i = 1; i < ARRAY_SIZE(runners); i++)
		if (shares->ns[runners[i].cause] > shares->ns[runners[largest].cause])
			largest = i;
	ns = MIN(ns, shares->ns[runners[largest].cause]);
	shares_move(shares, runners[largest].cause, CAUSE_UNKNOWN, ns);
	if (runners[largest].where >= 0)
		take_from_culprits(culprits, runners[largest].where, ns);
}
