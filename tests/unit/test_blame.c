/* Tests of answer/blame: who is to blame for how much, the named program, and the advice */
#include "answer/blame.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "records.h"
#include "tap.h"

/* A wait with a single cause. */
static void wait_behind(struct model *model, uint64_t duration_ns, uint32_t pid, uint8_t class,
			const char *comm, uint64_t cgroup_id)
{
	static _Alignas(8) char memory[sizeof(struct record_cpu_stall) + sizeof(struct slice)];
	struct record_cpu_stall *record = (struct record_cpu_stall *)memory;

	memset(memory, 0, sizeof(memory));
	record->header = (struct record_header){.type = RECORD_CPU_STALL, .time_ns = duration_ns};
	record->id = task_of(1, 1);
	record->queue_count = record->slice_count = 1;
	record->queues[0].slices = 1;
	record->slices[0] = (struct slice){.host_pid = pid, .class = class, .cgroup_id = cgroup_id};
	set_comm(record->slices[0].comm, comm);
	model_record(model, record, sizeof(memory));
}

static char *cgroup_path(void *context, uint64_t id)
{
	(void)context;
	return id == 7 ? xstrdup("/noise") : id == 1 ? xstrdup("/") : NULL;
}

static struct model *new_model(void)
{
	const struct model_limits limits = {10, 10, 10, 10};
	const struct model_resolvers resolvers = {.cgroup_path = cgroup_path};

	struct model *model = model_new(&limits, 5 * MS, 10 * MS, &resolvers);

	spans_observe(model);
	return model;
}

static void test_nobody(void)
{
	struct model *model = new_model();
	size_t count;
	struct blame *list = blame_list(model, &count);

	is_u64(count, 0);
	blame_free(list, count);
	model_free(model);
}

static void test_neighbours(void)
{
	struct model *model = new_model();
	struct blame *list;
	size_t count;

	wait_behind(model, 20 * MS, 900, 0, "spin", 7);
	wait_behind(model, 10 * MS, 901, 0, "spin", 7); /* one program, two processes */
	wait_behind(model, 25 * MS, 902, 0, "cc1", 1);
	wait_behind(model, 15 * MS, 2, CLASS_INSIDE, "job", 3);
	wait_behind(model, 26 * MS, 3, CLASS_KERNEL, "kworker", 1);
	cpu_stall_at(model, 0, 4 * MS, 1); /* 4 of 100: too little for a line */
	list = blame_list(model, &count);
	is_u64(count, 3);
	is_int(list[0].who, BLAMED_NEIGHBOUR);
	is_int(list[0].percent, 55);
	is_str(list[0].sentence,
	       "55 % (55ms): other programs held the CPUs, longest spin of /noise (30ms)");
	ok(list[0].advice);
	is_int(list[1].who, BLAMED_KERNEL);
	is_str(list[1].sentence,
	       "26 % (26ms): the kernel's own threads held the CPUs, longest kworker (26ms)");
	ok(!list[1].advice);
	is_int(list[2].who, BLAMED_SELF);
	is_str(list[2].sentence,
	       "15 % (15ms): the run's own threads held the CPUs, longest job (15ms)");
	ok(!list[2].advice);
	blame_free(list, count);
	model_free(model);
}

/* Sums beyond 64 bits, which only damaged records have: no percentage is above 100. */
static void test_beyond_all_clocks(void)
{
	struct model *model = new_model();
	struct blame *list;
	size_t count;

	model->stalls[STALL_CPU].cause_ns[CAUSE_OUTSIDE] = UINT64_MAX - 10;
	model->stalls[STALL_CPU].cause_ns[CAUSE_INSIDE] = UINT64_MAX / 2;
	list = blame_list(model, &count);
	is_u64(count, 2);
	for (size_t i = 0; i < count; i++)
		ok(list[i].percent <= 100);
	blame_free(list, count);
	model_free(model);
}

static void test_calls(void)
{
	struct model *model = new_model();
	struct record_io_stall record = {
		.header = {.type = RECORD_IO_STALL, .time_ns = 100 * MS},
		.duration_ns = 100 * MS,
		.blocked_ns = 40 * MS,
		.iowait_ns = 30 * MS,
		.runqueue_ns = 50 * MS,
		.number = __NR_fsync,
	};
	struct blame *list;
	size_t count;

	/* Nobody is to blame for a call's own work, nor for its waits for a CPU, which are stalls of their own. */
	model_record(model, &record, sizeof(record));
	list = blame_list(model, &count);
	is_u64(count, 2);
	is_int(list[0].who, BLAMED_DISK);
	is_int(list[0].percent, 75);
	is_str(list[0].sentence, "75 % (30ms): waiting for the disk and its file system");
	is_int(list[1].who, BLAMED_UNEXPLAINED);
	is_int(list[1].percent, 25);
	ok(!list[1].advice);
	blame_free(list, count);
	model_free(model);
}

static void test_many_programs(void)
{
	struct model *model = new_model();
	struct blame *list;
	size_t count;

	/* More than the limit: the first ones stay and count on. */
	for (uint32_t i = 0; i < 2 * PROGRAM_TOTALS_MAX; i++) {
		char comm[COMM_BYTES + 1];

		snprintf(comm, sizeof(comm), "p%u", i);
		wait_behind(model, 5 * MS, i, 0, comm, 7);
	}
	is_u64(model->program_total_count, PROGRAM_TOTALS_MAX);
	wait_behind(model, 5 * MS, 5, 0, "0123456789abcdef", 9);
	wait_behind(model, 5 * MS, 5, 0, "p5", 7);
	list = blame_list(model, &count);
	is_str(list[0].sentence,
	       "100 % (650ms): other programs held the CPUs, longest p5 of /noise (10ms)");
	blame_free(list, count);
	model_free(model);

	/* A name without a NUL. */
	model = new_model();
	wait_behind(model, 5 * MS, 5, 0, "0123456789abcdef", 1);
	list = blame_list(model, &count);
	is_str(list[0].sentence,
	       "100 % (5ms): other programs held the CPUs, longest 0123456789abcdef (5ms)");
	blame_free(list, count);
	model_free(model);
}

static void test_names(void)
{
	for (unsigned who = 0; who < BLAMED_COUNT; who++)
		okf(blamed_catalog[who].name, "blame %u has a name", who);
}

int main(void)
{
	test_nobody();
	test_neighbours();
	test_beyond_all_clocks();
	test_calls();
	test_many_programs();
	test_names();
	return tap_done();
}
