/* Tests of model/device: how the time of a device is divided among those for whom it worked, also in odd cases */
#include "model/device.h"

#include <stdlib.h>
#include <string.h>

#include "model/off_cpu.h"
#include "model/record.h"
#include "model/stall.h"
#include "records.h"
#include "tap.h"

#define TID    10
#define VDA    0xfe00000u
#define VDA1   0xfe00001u
#define OTHER  0x0700000u
#define USES   USES_COPIED
#define END_NS (200 * MS)

static struct {
	struct record_device_uses record;
	struct device_use uses[USES];
} given;

static struct device_use *use(uint64_t from_ms, uint64_t until_ms, uint32_t tid, uint8_t class)
{
	struct device_use *new = &given.uses[given.record.count++];

	*new = (struct device_use){
		.from_ns = END_NS + from_ms * MS - 100 * MS,
		.until_ns = END_NS + until_ms * MS - 100 * MS,
		.busy_ns = (until_ms - from_ms) * MS,
		.bytes = 4096,
		.device = VDA,
		.partition = VDA1,
		.host_pid = tid,
		.host_tid = tid,
		.class = class,
	};
	return new;
}

static void give(struct model *model)
{
	given.record.header = (struct record_header){.type = RECORD_DEVICE_USES, .time_ns = END_NS};
	given.record.start_ns = END_NS - 100 * MS;
	given.record.host_tid = TID;
	model_record(model, &given,
		     sizeof(given.record) + given.record.count * sizeof(struct device_use));
}

/* A call of 100 ms on a file of that device, all asleep: iowait_ms of it for block I/O, the rest for nothing known. */
static const struct stall *stall_of(struct model *model, uint32_t device, uint64_t iowait_ms)
{
	struct record_io_stall record = {
		.header = {.type = RECORD_IO_STALL, .time_ns = END_NS},
		.id = task_of(TID, TID),
		.start_ns = END_NS - 100 * MS,
		.duration_ns = 100 * MS,
		.blocked_ns = 100 * MS,
		.iowait_ns = iowait_ms * MS,
		.file = {.inode = 1, .device = device},
		.flags = IO_HAS_FILE,
	};
	uint64_t sum_ns = 0, named_ns = 0;
	const struct stall *stall;

	give(model);
	model_record(model, &record, sizeof(record));
	given.record.count = 0;
	is_u64(model->bad_records, 0);
	stall = model->stalls[STALL_IO].kept[0];
	for (enum cause cause = 0; cause < CAUSES; cause++)
		sum_ns += stall->shares.ns[cause];
	for (size_t i = 0; i < stall->culprits.count; i++)
		named_ns += stall->culprits.list[i].ns;
	is_u64(sum_ns, stall->duration_ns);
	is_u64(named_ns + stall->culprits.dropped_ns,
	       stall->shares.ns[CAUSE_DEVICE_INSIDE] + stall->shares.ns[CAUSE_DEVICE_OUTSIDE]);
	return stall;
}

static struct model *fresh(void)
{
	return model_with(10, 10, 10, 10);
}

static void test_who_kept_it_busy(void)
{
	struct model *model = fresh();
	const struct stall *stall;

	use(90, 100, TID, CLASS_INSIDE);
	use(80, 90, 77, CLASS_KERNEL);
	use(50, 80, 20, CLASS_INSIDE);
	use(40, 50, 900, CLASS_OUTSIDE)->writes = 1;
	/* Two thirds of it before the call, and working half of the time. */
	use(10, 40, 900, CLASS_OUTSIDE)->from_ns -= 60 * MS;
	stall = stall_of(model, VDA1, 100);
	is_u64(stall->shares.ns[CAUSE_DEVICE_INSIDE], 30 * MS);
	is_u64(stall->shares.ns[CAUSE_DEVICE_OUTSIDE], 10 * MS + 40 * MS / 3);
	is_int(stall->cause, CAUSE_DEVICE);
	is_str(stall->call.device, "254:0");
	is_u64(stall->culprits.count, 2);
	is_int(stall->culprits.list[0].where, CULPRIT_INSIDE);
	is_int(stall->culprits.list[1].host_pid, 900);
	is_u64(stall->culprits.list[1].bytes_written, 4096);
	is_u64(stall->culprits.list[1].bytes_read, 4096);
	model_free(model);
}

/* The accounts of tests have the same. */
static void test_who_kept_a_test_busy(void)
{
	static const struct {
		uint8_t class;
		uint32_t pid, from_ms;
		enum cause cause;
	} cases[] = {
		{CLASS_OUTSIDE, 900, 25, CAUSE_DEVICE_OUTSIDE},
		{CLASS_INSIDE, 20, 25, CAUSE_DEVICE_INSIDE},
		{CLASS_OUTSIDE, 0, 75, CAUSE_DEVICE}, /* the device itself took longer */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = fresh();
		const struct record_start start = {
			.header = {.type = RECORD_THREAD_START, .bytes = sizeof(start)},
			.id = task_of(TID, TID),
			.creator_host_tid = 1,
		};
		const struct off_cpu_culprit *culprit;
		const struct off_cpu_block *block;

		model_record(model, &start, sizeof(start));
		use(80, 90, 30, CLASS_INSIDE);
		use(90, 95, 901, CLASS_OUTSIDE);
		use(cases[i].from_ms, 80, MAX(cases[i].pid, 1u), cases[i].class);
		stall_of(model, VDA1, 100);
		block = off_cpu_block_at(off_cpu_thread(model->off_cpu, TID, END_NS),
					 END_NS - 50 * MS);
		ok(block != NULL);
		is_int(block->cause, cases[i].cause);
		culprit = off_cpu_culprit(model->off_cpu, block->culprit);
		is_u64(culprit ? culprit->host_pid : 0, cases[i].pid);
		if (culprit) {
			is_int(culprit->class, cases[i].class);
			is_int(block->culprit_share, OFF_CPU_SHARE_WHOLE * 55 / 100);
		}
		model_free(model);
	}
}

static void test_only_the_wait_for_the_device(void)
{
	struct model *model = fresh();
	const struct stall *stall;

	/* Half of the call waited for the device: half of what the device did then is its reason. */
	use(0, 60, 900, CLASS_OUTSIDE);
	stall = stall_of(model, VDA1, 50);
	is_u64(stall->shares.ns[CAUSE_DEVICE_OUTSIDE], 30 * MS);
	is_u64(stall->shares.ns[CAUSE_DEVICE], 20 * MS);
	model_free(model);

	model = fresh();
	use(0, 60, 900, CLASS_OUTSIDE);
	stall = stall_of(model, VDA1, 0);
	is_u64(stall->culprits.count, 0);
	ok(!stall->call.device);
	model_free(model);
}

static void test_which_device(void)
{
	static const struct {
		uint32_t file, own, outside_ms;
		const char *name;
	} cases[] = {
		{VDA1, 0, 50, "254:0"},
		{VDA, 0, 50, "254:0"},
		{OTHER, 0, 40, "7:0"},
		/* The thread's own requests tell it, whatever the file's device. */
		{VDA1, OTHER, 40, "7:0"},
		{5, OTHER, 40, "7:0"},
		/* A file system without a device, two devices that were busy; a device without requests. */
		{5, 0, 0, NULL},
		{0x800001, 0, 0, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = fresh();
		struct device_use *other;
		const struct stall *stall;

		use(0, 50, 900, CLASS_OUTSIDE);
		other = use(0, 40, 901, CLASS_OUTSIDE);
		other->device = other->partition = OTHER;
		if (cases[i].own)
			use(40, 50, TID, CLASS_INSIDE)->device = cases[i].own;
		stall = stall_of(model, cases[i].file, 100);
		is_u64(stall->shares.ns[CAUSE_DEVICE_OUTSIDE], cases[i].outside_ms * MS);
		if (cases[i].name)
			is_str(stall->call.device, cases[i].name);
		else
			ok(!stall->call.device);
		model_free(model);
	}
}

#define DM0 0xfd00000u
#define MD0 0x0900000u
#define VDB 0xfe00010u

static size_t lower_devices(void *context, uint32_t device, uint32_t *ret, size_t most)
{
	static const struct {
		uint32_t upper, lower[2];
	} stack[] = {{DM0, {MD0, 0}}, {MD0, {VDA1, VDB}}, {VDB, {VDB, VDB}}};
	size_t count = 0;

	(void)context;
	for (size_t i = 0; i < ARRAY_SIZE(stack); i++)
		while (stack[i].upper == device && count < MIN(most, 2u) && stack[i].lower[count]) {
			ret[count] = stack[i].lower[count];
			count++;
		}
	return count;
}

/* Its requests are those of the devices below it. */
static void test_stacked_device(void)
{
	struct model *model = fresh();
	const struct stall *stall;
	struct device_use *other;

	model->resolvers.lower_devices = lower_devices;
	other = use(0, 90, 901, CLASS_OUTSIDE);
	other->device = other->partition = OTHER;
	use(0, 50, 900, CLASS_OUTSIDE);
	stall = stall_of(model, DM0, 100);
	is_u64(stall->shares.ns[CAUSE_DEVICE_OUTSIDE], 50 * MS);
	is_str(stall->call.device, "254:0");
	model_free(model);

	/* The one of a mirror that took longer, and one that has itself below it. */
	model = fresh();
	model->resolvers.lower_devices = lower_devices;
	use(0, 50, 900, CLASS_OUTSIDE);
	other = use(0, 60, 901, CLASS_OUTSIDE);
	other->device = other->partition = VDB;
	stall = stall_of(model, MD0, 100);
	is_str(stall->call.device, "254:16");
	model_free(model);
	model = fresh();
	model->resolvers.lower_devices = lower_devices;
	use(0, 50, 900, CLASS_OUTSIDE);
	stall = stall_of(model, VDB, 100);
	ok(!stall->call.device);
	model_free(model);
}

/* The requests to a loop device, and those of its worker to the device that has its file. */
static void test_below_a_loop_device(void)
{
	struct model *model = fresh();
	const struct stall *stall;
	struct device_use *other;

	use(0, 40, 900, CLASS_OUTSIDE)->device = OTHER;
	use(40, 100, TID, CLASS_INSIDE)->device = OTHER;
	use(0, 10, 50, CLASS_OUTSIDE)->by_loop = 1; /* for somebody whom the loop device knows */
	use(90, 100, 50, CLASS_KERNEL)->by_loop = 1;
	use(40, 90, 901, CLASS_OUTSIDE);
	stall = stall_of(model, VDA1, 100);
	is_u64(stall->shares.ns[CAUSE_DEVICE_OUTSIDE], 40 * MS + 30 * MS);
	is_u64(stall->shares.ns[CAUSE_DEVICE], 30 * MS);
	is_str(stall->call.device, "254:0");
	is_u64(stall->culprits.count, 2);
	model_free(model);

	/* The disk below had little to do. */
	model = fresh();
	use(0, 100, TID, CLASS_INSIDE)->device = OTHER;
	use(0, 10, 50, CLASS_KERNEL)->by_loop = 1;
	stall = stall_of(model, VDA1, 100);
	is_str(stall->call.device, "7:0");
	model_free(model);

	/* Two disks below loop devices: which of them it was is not known. */
	model = fresh();
	use(0, 100, TID, CLASS_INSIDE)->device = OTHER;
	use(90, 100, 50, CLASS_KERNEL)->by_loop = 1;
	use(0, 90, 900, CLASS_OUTSIDE);
	other = use(0, 60, 51, CLASS_KERNEL);
	other->device = other->partition = VDB;
	other->by_loop = 1;
	stall = stall_of(model, VDA1, 100);
	is_str(stall->call.device, "7:0");
	is_u64(stall->shares.ns[CAUSE_DEVICE], 100 * MS);
	model_free(model);
}

#define DISPATCH 0xffffffff81000000u
#define CGROUP   0xffff888000000100u

static unsigned lookups;

static void kernel_symbols(void *context, const uint64_t *addresses, size_t count,
			   char (*ret)[SYMBOL_BYTES])
{
	(void)context;
	lookups++;
	for (size_t i = 0; i < count; i++)
		strcpy(ret[i],
		       addresses[i] == DISPATCH ? "blk_throtl_dispatch_work_fn" : "wb_workfn");
}

/* A request of the run that was held back until from_ms. */
static struct device_use *held(uint64_t from_ms, uint64_t until_ms)
{
	struct device_use *new = use(from_ms, until_ms, 50, CLASS_KERNEL);

	new->submitted_ns = new->from_ns;
	new->blkcg = CGROUP;
	new->work = DISPATCH;
	return new;
}

static uint64_t limited_ms(uint64_t blkcg, uint64_t outside_ms)
{
	struct model *model = fresh();
	const struct stall *stall;
	uint64_t ms;

	model->resolvers.kernel_symbols = kernel_symbols;
	given.record.blkcg = blkcg;
	stall = stall_of(model, 5, 100);
	given.record.blkcg = 0;
	is_u64(stall->shares.ns[CAUSE_DEVICE_OUTSIDE], outside_ms * MS);
	ms = stall->shares.ns[CAUSE_DEVICE_LIMITED] / MS;
	model_free(model);
	return ms;
}

static void test_limit(void)
{
	/* Others used the device for half of it, but also in a fifth of the rest. */
	use(0, 50, 900, CLASS_OUTSIDE);
	held(80, 100);
	is_u64(limited_ms(CGROUP, 10), 80);
	/* Its own request, which was not held back, was there before and for a part of it. */
	held(80, 100);
	use(0, 30, TID, CLASS_INSIDE);
	is_u64(limited_ms(CGROUP, 0), 50);
	held(80, 100);
	use(0, 90, TID, CLASS_INSIDE);
	is_u64(limited_ms(CGROUP, 0), 0);
	/* Another cgroup's request, an unknown cgroup, other work of the kernel, before or after the stall. */
	held(80, 100);
	is_u64(limited_ms(CGROUP + 1, 0), 0);
	held(80, 100);
	is_u64(limited_ms(0, 0), 0);
	held(80, 100)->blkcg = 0;
	is_u64(limited_ms(0, 0), 0);
	held(80, 100)->work = DISPATCH + 1;
	is_u64(limited_ms(CGROUP, 0), 0);
	held(80, 100)->submitted_ns = 1;
	is_u64(limited_ms(CGROUP, 0), 0);
	held(80, 100)->submitted_ns = UINT64_MAX;
	is_u64(limited_ms(CGROUP, 0), 0);
}

/* Where no controller divides the disk, all that kworkers write back is of the thread's cgroup. */
static void test_limit_among_many(void)
{
	for (size_t i = 0; i < USES - 1; i++)
		held(10, 20)->work = DISPATCH + 1 + i % 2;
	held(80, 100);
	lookups = 0;
	is_u64(limited_ms(CGROUP, 0), 80);
	is_u64(lookups, 1);
}

static void test_odd_numbers(void)
{
	struct model *model = fresh();
	const struct stall *stall;

	/* More work than time, times in the wrong order, no time, numbers that overflow. */
	use(0, 100, 900, CLASS_OUTSIDE)->busy_ns = UINT64_MAX;
	use(0, 100, 901, CLASS_OUTSIDE)->bytes = UINT64_MAX;
	use(50, 50, 902, CLASS_INSIDE);
	use(60, 50, 903, CLASS_INSIDE);
	use(0, 100, 904, CLASS_OUTSIDE)->from_ns = 0;
	use(0, 100, 905, CLASS_OUTSIDE)->until_ns = UINT64_MAX;
	use(0, 100, 906, 200);
	stall = stall_of(model, VDA1, 100);
	ok(stall->shares.ns[CAUSE_DEVICE_OUTSIDE] <= 100 * MS);
	is_u64(stall->shares.ns[CAUSE_DEVICE_INSIDE], 0);
	model_free(model);

	/* More culprits than a report lists. */
	model = fresh();
	for (uint32_t i = 0; i < 16; i++)
		use(i * 5, i * 5 + 5, 900 + i, CLASS_OUTSIDE);
	stall = stall_of(model, VDA1, 100);
	is_u64(stall->culprits.count, CULPRITS_MAX);
	is_u64(stall->culprits.dropped_ns, 40 * MS);
	model_free(model);
}

/* The record has as many uses as fit: those before may be missing, unless the oldest reaches back to the stall's start. */
static void test_more_than_fit(void)
{
	static const struct {
		uint32_t count, oldest_ms;
		uint64_t iowait_ms, cut;
	} cases[] = {
		{USES_COPIED - 1, 10, 100, 0},
		{USES_COPIED, 10, 100, 1},
		{USES_COPIED, 0, 100, 0},
		{USES_COPIED, 10, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = fresh();

		for (uint32_t j = 1; j < cases[i].count; j++)
			use(90, 91, 900 + j, CLASS_OUTSIDE);
		use(cases[i].oldest_ms, 90, 900, CLASS_OUTSIDE);
		stall_of(model, VDA1, cases[i].iowait_ms);
		is_u64(model->device_uses_cut, cases[i].cut);
		model_free(model);
	}
}

static void test_not_whole(void)
{
	struct model *model = fresh();

	use(0, 100, 900, CLASS_OUTSIDE);
	given.record.header = (struct record_header){.type = RECORD_DEVICE_USES};
	given.record.count = 2;
	model_record(model, &given, sizeof(given.record) + sizeof(struct device_use));
	given.record.count = UINT32_MAX;
	model_record(model, &given, sizeof(given));
	model_record(model, &given, sizeof(given.record) - 1);
	is_u64(model->bad_records, 3);
	given.record.count = 0;
	model_free(model);
}

static void test_many_without_a_stall(void)
{
	struct model *model = fresh();

	for (size_t i = 0; i < 3 * DEVICE_USES_MAX; i++) {
		given.record.count = 0;
		use(0, 100, 900, CLASS_OUTSIDE);
		give(model);
	}
	is_u64(model->bad_records, 0);
	given.record.count = 0;
	model_free(model);
}

int main(void)
{
	test_who_kept_it_busy();
	test_who_kept_a_test_busy();
	test_only_the_wait_for_the_device();
	test_which_device();
	test_stacked_device();
	test_below_a_loop_device();
	test_limit();
	test_limit_among_many();
	test_odd_numbers();
	test_more_than_fit();
	test_not_whole();
	test_many_without_a_stall();
	return tap_done();
}
