/* Tests of model/lock: who held a lock, also where several waited for it */
#include "model/lock.h"

#include <string.h>
#include <sys/syscall.h>

#include "model/record.h"
#include "records.h"
#include "tap.h"

#define TID  10
#define LOCK 0xffff800000001000u

/* The thread slept in a call, until another one woke it. */
static struct record_off_cpu sleep_of(uint32_t tid, uint64_t from_ms, uint64_t until_ms,
				      uint32_t holder)
{
	struct record_off_cpu record = {
		.header = {.type = RECORD_OFF_CPU, .time_ns = until_ms * MS},
		.id = task_of(tid, tid),
		.since_ns = from_ms * MS,
		.from_ns = from_ms * MS,
		.woken_ns = until_ms * MS,
		.lock = LOCK,
		.waker_cgroup_id = 7,
		.waker_host_pid = holder,
		.waker_host_tid = holder,
		.call = SYS_flock,
		.how = WOKEN_BY_THREAD,
		.flags = OFF_IN_FILE,
	};

	set_comm(record.waker_comm, "holder");
	return record;
}

static void give(struct model *model, const struct record_off_cpu *record)
{
	model_record(model, record, sizeof(*record));
}

static void slept(struct model *model, uint32_t tid, uint64_t from_ms, uint64_t until_ms,
		  uint32_t holder)
{
	struct record_off_cpu record = sleep_of(tid, from_ms, until_ms, holder);

	give(model, &record);
}

/* The culprits of a call from 100 ms until 200 ms, all but 10 ms of it for a lock. */
static const struct culprits *culprits_of(struct model *model)
{
	struct record_io_stall record = {
		.header = {.type = RECORD_IO_STALL, .time_ns = 200 * MS},
		.id = task_of(TID, TID),
		.number = SYS_flock,
		.start_ns = 100 * MS,
		.duration_ns = 100 * MS,
		.blocked_ns = 90 * MS,
		.lock_ns = 90 * MS,
	};
	const struct stall *stall;
	uint64_t named_ns = 0;

	model_record(model, &record, sizeof(record));
	is_u64(model->bad_records, 0);
	stall = model->stalls[STALL_IO].kept[0];
	is_u64(stall->shares.ns[CAUSE_LOCK], 90 * MS);
	for (size_t i = 0; i < stall->culprits.count; i++) {
		is_int(stall->culprits.list[i].held, HELD_LOCK);
		named_ns += stall->culprits.list[i].ns;
	}
	ok(named_ns + stall->culprits.dropped_ns <= 90 * MS);
	return &stall->culprits;
}

static void check(const struct culprits *culprits, size_t at, uint32_t pid, uint64_t ms)
{
	ok(at < culprits->count);
	if (at >= culprits->count)
		return;
	is_u64(culprits->list[at].host_pid, pid);
	is_u64(culprits->list[at].ns, ms * MS);
}

static struct model *fresh(void)
{
	return model_with(10, 10, 10, 10);
}

static void test_one_holder(void)
{
	struct model *model = fresh();
	struct record_off_cpu record = sleep_of(TID, 105, 195, 30);
	const struct culprits *culprits;

	record.flags |= OFF_WOKEN_INSIDE;
	give(model, &record);
	/* Of other threads, and before the call. */
	slept(model, 20, 105, 195, 40);
	slept(model, TID, 50, 90, 50);
	culprits = culprits_of(model);
	is_u64(culprits->count, 1);
	check(culprits, 0, 30, 90);
	is_int(culprits->list[0].where, CULPRIT_INSIDE);
	is_u64(culprits->list[0].cgroup_id, 7);
	is_str(culprits->list[0].comm, "holder");
	is_u64(model->program_total_count, 1);
	is_u64(model->program_totals[0].ns, 90 * MS);
	model_free(model);
}

/* 30 had it first, then 20, then 21. Whom 20 waited for is known from its own sleep. */
static void test_one_after_the_other(void)
{
	struct model *model = fresh();
	const struct culprits *culprits;

	slept(model, 20, 60, 150, 30);
	slept(model, 21, 70, 170, 20);
	slept(model, TID, 105, 195, 21);
	culprits = culprits_of(model);
	is_u64(culprits->count, 3);
	check(culprits, 0, 30, 45);
	check(culprits, 1, 21, 25);
	check(culprits, 2, 20, 20);
	is_int(culprits->list[0].where, CULPRIT_OUTSIDE);
	model_free(model);
}

/* While it had the lock, the holder waited for another one. */
static void test_another_lock(void)
{
	struct model *model = fresh();
	struct record_off_cpu record = sleep_of(20, 120, 150, 30);
	const struct culprits *culprits;

	record.lock++;
	give(model, &record);
	slept(model, TID, 105, 195, 20);
	culprits = culprits_of(model);
	is_u64(culprits->count, 1);
	check(culprits, 0, 20, 90);
	model_free(model);
}

/* Two sleeps: somebody else was faster in between. More than the share is cut. */
static void test_two_sleeps(void)
{
	struct model *model = fresh();
	const struct culprits *culprits;

	slept(model, TID, 100, 160, 20);
	slept(model, TID, 160, 200, 30);
	culprits = culprits_of(model);
	is_u64(culprits->count, 2);
	check(culprits, 0, 20, 60);
	check(culprits, 1, 30, 30);
	model_free(model);
}

static void test_no_holder(void)
{
	struct {
		enum wake_how how;
		uint32_t waker;
		uint8_t flags;
		int16_t call;
		uint64_t lock;
		const char *comm;
		bool named;
	} cases[] = {
		{WOKEN_BY_THREAD, 30, OFF_IN_FILE, SYS_fcntl, LOCK, "holder", true},
		{WOKEN_BY_THREAD, 30, OFF_IN_FILE | OFF_IN_LOCK, SYS_read, LOCK, "holder", true},
		{WOKEN_BY_KERNEL, 30, OFF_IN_FILE | OFF_IN_LOCK, SYS_read, LOCK, "kworker/0:1",
		 true},
		/* RCU, whose threads hold nothing. */
		{WOKEN_BY_KERNEL, 30, OFF_IN_FILE | OFF_IN_LOCK, SYS_read, LOCK, "rcuop/1", false},
		{WOKEN_BY_THREAD, 30, OFF_IN_FILE | OFF_IN_LOCK, SYS_read, LOCK, "rcutest", true},
		/* No lock, a signal, a time-out, a disk. */
		{WOKEN_BY_THREAD, 30, OFF_IN_FILE, SYS_read, LOCK, "holder", false},
		{WOKEN_BY_THREAD, 30, OFF_IN_FILE, SYS_flock, 0, "holder", false},
		{WOKEN_BY_TIMER, 0, OFF_IN_FILE, SYS_flock, LOCK, "", false},
		{WOKEN_BY_THREAD, 30, OFF_IN_FILE | OFF_IN_IOWAIT, SYS_flock, LOCK, "holder",
		 false},
		{WOKEN_BY_THREAD, 30, OFF_IN_LOCK, SYS_futex, LOCK, "holder", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = fresh();
		struct record_off_cpu record = sleep_of(TID, 105, 195, cases[i].waker);

		record.how = (u8)cases[i].how;
		record.flags = cases[i].flags;
		record.call = cases[i].call;
		record.lock = cases[i].lock;
		set_comm(record.waker_comm, cases[i].comm);
		give(model, &record);
		is_u64(culprits_of(model)->count, cases[i].named);
		model_free(model);
	}
}

static bool process_name(void *context, uint32_t host_pid, char ret[COMM_BYTES])
{
	(void)context;
	set_comm(ret, "keeper");
	return host_pid == 40;
}

/* A signal ended the wait: the sender had no lock, but whoever had it when the wait began. */
static void test_gave_up(void)
{
	static const struct {
		uint32_t blocker;
		const char *name; /* NULL: not known */
		enum culprit_where where;
	} cases[] = {
		{40, "keeper", CULPRIT_OUTSIDE},
		{41, NULL, CULPRIT_OUTSIDE},
		{42, "member", CULPRIT_INSIDE},
		{0, NULL, CULPRIT_OUTSIDE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = fresh();
		struct record_off_cpu record = sleep_of(TID, 105, 195, 30);
		const struct culprits *culprits;

		start_at(model, 1 * MS, 42, 42, 1, "member");
		model->resolvers.process_name = process_name;
		record.flags |= OFF_SIGNALLED;
		record.blocker_host_pid = cases[i].blocker;
		give(model, &record);
		culprits = culprits_of(model);
		is_u64(culprits->count, cases[i].name != NULL);
		if (culprits->count) {
			check(culprits, 0, cases[i].blocker, 90);
			is_str(culprits->list[0].comm, cases[i].name);
			is_int(culprits->list[0].where, cases[i].where);
		}
		model_free(model);
	}
}

static void test_goes_on(void)
{
	struct model *model = fresh();
	struct record_thread record = {
		.header = {.type = RECORD_THREAD_LIVE, .time_ns = 200 * MS},
		.id = task_of(TID, TID),
		.call_start_ns = 100 * MS,
		.call_blocked_ns = 95 * MS,
		.call_number = SYS_flock,
		.blocker_host_pid = 40,
	};
	const struct stall *stall;

	model->resolvers.process_name = process_name;
	model_snapshot_begin(model, true);
	model_record(model, &record, sizeof(record));
	stall = model->stalls[STALL_IO].kept[0];
	is_int(stall->cause, CAUSE_LOCK);
	is_u64(stall->shares.ns[CAUSE_LOCK], 95 * MS);
	check(&stall->culprits, 0, 40, 95);
	model_free(model);
}

/* Too many sleeps since: who had the lock before the oldest one that is kept is not known. */
static void test_forgotten(void)
{
	struct model *model = fresh();
	const struct culprits *culprits;

	slept(model, 20, 90, 140, 30);
	for (unsigned i = 1; i < LOCK_SLEEPS_MAX; i++)
		slept(model, 99, 100, 150, 98);
	slept(model, TID, 105, 195, 20);
	culprits = culprits_of(model);
	is_u64(culprits->count, 1);
	check(culprits, 0, 20, 45);
	is_u64(culprits->dropped_ns, 45 * MS);
	model_free(model);
}

int main(void)
{
	test_one_holder();
	test_one_after_the_other();
	test_another_lock();
	test_two_sleeps();
	test_no_holder();
	test_gave_up();
	test_goes_on();
	test_forgotten();
	return tap_done();
}
