/* Who kept a block device busy during a file operation: finds the device, and divides the time that it took. */
#include "model/device.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"

static void uses_done(struct device_uses *uses)
{
	free(uses->list);
	*uses = (struct device_uses){0};
}

bool device_uses_record(struct model *model, const struct record_device_uses *record, size_t bytes)
{
	struct device_uses *uses = &model->device_uses[model->device_uses_next];

	if (bytes < sizeof(*record) || record->count > DEVICES_MAX * USES_MAX ||
	    bytes < sizeof(*record) + record->count * sizeof(*uses->list))
		return false;
	model->device_uses_next = (model->device_uses_next + 1) % DEVICE_USES_MAX;
	uses_done(uses);
	uses->host_tid = record->host_tid;
	uses->end_ns = record->header.time_ns;
	uses->blkcg = record->blkcg;
	uses->count = record->count;
	uses->list = xmalloc(MAX(record->count, 1u) * sizeof(*uses->list));
	memcpy(uses->list, record->uses, record->count * sizeof(*uses->list));
	return true;
}

static struct device_uses *find_uses(struct model *model, const struct stall *stall)
{
	for (size_t i = 0; i < DEVICE_USES_MAX; i++) {
		struct device_uses *uses = &model->device_uses[i];

		if (uses->list && uses->host_tid == stall->id.host_tid &&
		    uses->end_ns == stall->start_ns + stall->duration_ns)
			return uses;
	}
	return NULL;
}

/* ns * part / whole, for a part of the whole. */
static uint64_t scale(uint64_t ns, uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)ns * MIN(part, whole) / whole) : ns;
}

/* The work of a use in the time of the stall. */
static uint64_t busy_during(const struct device_use *use, const struct stall *stall)
{
	uint64_t from_ns = MAX(use->from_ns, stall->start_ns);
	uint64_t until_ns = MIN(use->until_ns, stall->start_ns + stall->duration_ns);

	if (until_ns <= from_ns)
		return 0;
	return scale(MIN(use->busy_ns, use->until_ns - use->from_ns), until_ns - from_ns,
		     use->until_ns - use->from_ns);
}

/*
 * What a kworker runs to submit what a limit of I/O had held back; 0: none ran it for the thread's cgroup. Each name costs a
 * system call, and there may be hundreds of uses: the few different functions are named at once.
 */
static uint64_t held_work(const struct model *model, const struct device_uses *uses)
{
	char names[STACK_DEPTH][SYMBOL_BYTES] = {0};
	uint64_t works[STACK_DEPTH];
	size_t count = 0, at;

	for (size_t i = 0; i < uses->count && count < STACK_DEPTH; i++) {
		const struct device_use *use = &uses->list[i];

		for (at = 0; at < count && works[at] != use->work; at++)
			;
		if (at == count && use->work && use->blkcg && use->blkcg == uses->blkcg)
			works[count++] = use->work;
	}
	if (count && model->resolvers.kernel_symbols)
		model->resolvers.kernel_symbols(model->resolvers.context, works, count, names);
	for (at = 0; at < count; at++)
		if (streq(names[at], "blk_throtl_dispatch_work_fn"))
			return works[at];
	return 0;
}

/* Whether the device worked for the thread; what was held back a kworker submits, for all of a cgroup. */
static bool is_for_thread(const struct device_uses *uses, const struct device_use *use)
{
	if (use->host_tid == uses->host_tid)
		return true;
	return use->work && use->work == uses->held_work && use->blkcg == uses->blkcg;
}

/* The device that worked longest for the stalled thread itself; 0: none. */
static uint32_t own_device(const struct device_uses *uses, const struct stall *stall)
{
	uint64_t longest_ns = 0;
	uint32_t longest = 0;

	for (size_t i = 0; i < uses->count; i++) {
		uint32_t device = uses->list[i].device;
		uint64_t ns = 0;

		if (device == longest || !is_for_thread(uses, &uses->list[i]))
			continue;
		for (size_t j = i; j < uses->count; j++)
			if (uses->list[j].device == device && is_for_thread(uses, &uses->list[j]))
				ns += busy_during(&uses->list[j], stall);
		if (ns > longest_ns) {
			longest_ns = ns;
			longest = device;
		}
	}
	return longest;
}

/* How long the device worked in the time of the stall, for anybody. */
static uint64_t busy_of(const struct device_uses *uses, uint32_t device, const struct stall *stall)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < uses->count; i++)
		if (uses->list[i].device == device)
			ns += busy_during(&uses->list[i], stall);
	return ns;
}

/* The device that this is, or is a partition of; 0: nobody used it. */
static uint32_t used_device(const struct device_uses *uses, uint32_t device)
{
	for (size_t i = 0; i < uses->count; i++)
		if (uses->list[i].partition == device || uses->list[i].device == device)
			return uses->list[i].device;
	return 0;
}

static uint32_t only_device(const struct device_uses *uses)
{
	for (size_t i = 1; i < uses->count; i++)
		if (uses->list[i].device != uses->list[0].device)
			return 0;
	return uses->list[0].device;
}

#define STACK_MAX 32 /* devices below one */

/* A device that has no requests of its own hands them on (dm, md): of those below it, the one that worked longest. */
static uint32_t device_below(const struct model *model, const struct device_uses *uses,
			     const struct stall *stall, uint32_t stacked)
{
	uint32_t list[STACK_MAX] = {stacked}, longest = 0;
	uint64_t longest_ns = 0;
	size_t count = 1;

	for (size_t i = 0; i < count; i++) {
		uint32_t device = used_device(uses, list[i]);
		uint64_t ns = busy_of(uses, device, stall);

		if (!device && model->resolvers.lower_devices)
			count += model->resolvers.lower_devices(model->resolvers.context, list[i],
								list + count, STACK_MAX - count);
		if (device && (!longest || ns > longest_ns)) {
			longest_ns = ns;
			longest = device;
		}
	}
	return longest;
}

/*
 * The device of the file's file system. A file system without a device of its own (overlay, btrfs), or a call that names
 * no file, leaves only one possibility if only one device was busy.
 */
static uint32_t device_of_file(const struct model *model, const struct device_uses *uses,
			       const struct stall *stall, uint32_t file_device)
{
	if (!(file_device >> 20))
		return only_device(uses);
	return device_below(model, uses, stall, file_device);
}

#define LOOP_MAJOR 7 /* include/uapi/linux/major.h */

/* The device that has the file of a loop device: the only one that loop devices used meanwhile; 0: none, or more than one. */
static uint32_t device_below_loop(const struct device_uses *uses, const struct stall *stall,
				  uint32_t loop)
{
	uint32_t only = 0;

	for (size_t i = 0; i < uses->count && loop >> 20 == LOOP_MAJOR; i++) {
		const struct device_use *use = &uses->list[i];

		if (!use->by_loop || use->device == loop || !busy_during(use, stall))
			continue;
		if (only && use->device != only)
			return 0;
		only = use->device;
	}
	return only;
}

static char *name_device(const struct model *model, uint32_t device)
{
	char *name = model->resolvers.device_name
			     ? model->resolvers.device_name(model->resolvers.context, device)
			     : NULL;

	return name ?: xasprintf("%" PRIu32 ":%" PRIu32, device >> 20, device & 0xfffff);
}

/*
 * Lists those for whom the device worked, other than the stalled thread and kernel threads that work for nobody known.
 * is_below: for loop devices, too, whose own recorders say for whom.
 */
static void list_culprits(const struct device_uses *uses, uint32_t device, bool is_below,
			  const struct stall *stall, struct culprits *ret)
{
	for (size_t i = 0; i < uses->count; i++) {
		const struct device_use *use = &uses->list[i];
		uint64_t ns = busy_during(use, stall);
		struct culprit culprit = {
			.host_pid = use->host_pid,
			.where = use->class == CLASS_INSIDE ? CULPRIT_INSIDE : CULPRIT_OUTSIDE,
			.held = HELD_DEVICE,
			.cgroup_id = use->cgroup_id,
			.ns = ns,
			.bytes_read = use->writes ? 0 : use->bytes,
			.bytes_written = use->writes ? use->bytes : 0,
		};

		if (use->device != device || use->host_tid == stall->id.host_tid || !ns ||
		    (use->class != CLASS_INSIDE && use->class != CLASS_OUTSIDE) ||
		    (is_below && use->by_loop))
			continue;
		memcpy(culprit.comm, use->comm, COMM_BYTES);
		culprits_add(ret, &culprit);
	}
}

static uint64_t waiting_ns(const struct stall *stall)
{
	return stall->shares.ns[CAUSE_DEVICE] + stall->shares.ns[CAUSE_JOURNAL] +
	       stall->shares.ns[CAUSE_WRITEBACK];
}

/*
 * The device's work for others, in the part of the stall that waited for the device. The throttling of writeback is by
 * the thread's own dirty pages, too: only others outside the run count there.
 */
static void move_shares(struct stall *stall, struct culprits *culprits)
{
	struct shares *shares = &stall->shares;
	uint64_t inside_ns = shares->ns[CAUSE_DEVICE] + shares->ns[CAUSE_JOURNAL];
	uint64_t outside_ns = waiting_ns(stall);
	uint64_t whole_ns = 0, moved_ns[CULPRIT_WHERES] = {0};

	for (size_t i = 0; i < culprits->count; i++)
		whole_ns += culprits->list[i].ns;
	whole_ns = MAX(whole_ns, stall->duration_ns);
	for (size_t i = 0; i < culprits->count; i++) {
		struct culprit *culprit = &culprits->list[i];

		culprit->ns = scale(culprit->where == CULPRIT_INSIDE ? inside_ns : outside_ns,
				    culprit->ns, whole_ns);
		moved_ns[culprit->where] += culprit->ns;
	}
	for (enum culprit_where where = CULPRIT_WHERES; where-- > CULPRIT_INSIDE;) {
		static const enum cause from[] = {CAUSE_WRITEBACK, CAUSE_DEVICE, CAUSE_JOURNAL};
		enum cause to = where == CULPRIT_INSIDE ? CAUSE_DEVICE_INSIDE
							: CAUSE_DEVICE_OUTSIDE;

		for (size_t i = where == CULPRIT_INSIDE; i < ARRAY_SIZE(from); i++) {
			uint64_t ns = MIN(moved_ns[where], shares->ns[from[i]]);

			shares_move(shares, from[i], to, ns);
			moved_ns[where] -= ns;
		}
	}
	stall->cause = shares_largest(shares);
}

/* Whether older uses than those of the record may be of the time of the stall. */
static bool is_cut(const struct device_uses *uses, uint32_t device, const struct stall *stall)
{
	uint64_t oldest_ns = UINT64_MAX;
	size_t count = 0;

	for (size_t i = 0; i < uses->count; i++) {
		if (uses->list[i].device != device)
			continue;
		oldest_ns = MIN(oldest_ns, uses->list[i].from_ns);
		count++;
	}
	return (count >= USES_COPIED || uses->count >= USES_COPIED_ALL) &&
	       oldest_ns > stall->start_ns;
}

static void divide(const struct device_uses *uses, uint32_t device, bool is_below,
		   struct stall *stall)
{
	struct culprits culprits = {0};

	list_culprits(uses, device, is_below, stall, &culprits);
	move_shares(stall, &culprits);
	for (size_t i = 0; i < culprits.count; i++)
		culprits_add(&stall->culprits, &culprits.list[i]);
	culprits_done(&culprits);
}

/* Until when the thread's requests were held back, as were those of its cgroup; 0: they were not. */
static uint64_t held_until_ns(const struct device_uses *uses, uint32_t device,
			      const struct stall *stall)
{
	uint64_t until_ns = 0;

	for (size_t i = 0; i < uses->count; i++) {
		const struct device_use *use = &uses->list[i];

		if (use->device == device && use->host_tid != uses->host_tid &&
		    use->submitted_ns > MAX(stall->start_ns, until_ns) &&
		    use->submitted_ns < stall->start_ns + stall->duration_ns &&
		    is_for_thread(uses, use))
			until_ns = use->submitted_ns;
	}
	return until_ns;
}

/* The part of the stall in which the thread's requests were held back. While one of its own was there, it waited for that. */
static uint64_t held_ns(const struct device_uses *uses, uint32_t device, const struct stall *stall)
{
	uint64_t from_ns = stall->start_ns, until_ns = held_until_ns(uses, device, stall);

	for (size_t i = 0; i < uses->count; i++) {
		const struct device_use *use = &uses->list[i];

		if (use->host_tid == stall->id.host_tid && use->device == device &&
		    use->from_ns < until_ns)
			from_ns = MAX(from_ns, use->until_ns);
	}
	return until_ns - MIN(from_ns, until_ns);
}

/* Whoever used the device while the thread's requests were held back, these were not there. */
static void move_held(struct stall *stall, uint64_t ns)
{
	static const enum cause from[] = {CAUSE_DEVICE, CAUSE_WRITEBACK, CAUSE_JOURNAL};

	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		uint64_t part_ns = MIN(ns, stall->shares.ns[from[i]]);

		shares_move(&stall->shares, from[i], CAUSE_DEVICE_LIMITED, part_ns);
		ns -= part_ns;
	}
	stall->cause = shares_largest(&stall->shares);
}

/* Divides at the device, and what is left at the one that has its file. */
static void divide_stack(struct model *model, const struct device_uses *uses, uint32_t device,
			 struct stall *stall)
{
	uint32_t slow = device, below = device_below_loop(uses, stall, device);

	divide(uses, device, false, stall);
	if (below) {
		if (busy_of(uses, below, stall) >= waiting_ns(stall) / 2)
			slow = below;
		divide(uses, below, true, stall);
	}
	stall->call.device = name_device(model, slow);
	culprits_finish(&stall->culprits);
}

void device_uses_divide(struct model *model, struct stall *stall, uint32_t file_device)
{
	struct device_uses *uses = find_uses(model, stall);
	uint64_t waited_ns = waiting_ns(stall);
	uint32_t device = 0;

	if (!uses)
		return;
	uses->held_work = waited_ns ? held_work(model, uses) : 0;
	if (waited_ns && uses->count)
		device = own_device(uses, stall) ?: device_of_file(model, uses, stall, file_device);
	if (waited_ns && is_cut(uses, device, stall))
		model->device_uses_cut++;
	if (device) {
		move_held(stall, held_ns(uses, device, stall));
		divide_stack(model, uses, device, stall);
	}
	uses_done(uses);
}

void device_uses_free(struct model *model)
{
	for (size_t i = 0; i < DEVICE_USES_MAX; i++)
		uses_done(&model->device_uses[i]);
}
