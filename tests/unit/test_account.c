/* Tests of spans/account: a test's time along its critical path, for each rule of the walk and for odd records */
#include "spans/account.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "records.h"
#include "tap.h"

#define MIB ((size_t)1 << 20)

/* The test's thread, others of its run, a daemon outside, and a kernel thread. */
enum { TEST = 100, WORKER = 101, SERVER = 102, DAEMON = 900, DATABASE = 901, KWORKER = 50 };

static struct off_cpu_table *table;
static struct account account;

/* Each thread's records follow one another. */
static uint64_t since[1000];

static void starts_in(uint32_t pid, uint32_t tid, uint32_t creator, uint64_t ms)
{
	struct record_start record = {
		.header = {.type = RECORD_THREAD_START, .time_ns = ms * MS},
		.id = task_of(pid, tid),
		.creator_host_pid = creator,
		.creator_host_tid = creator,
	};

	set_comm(record.comm, "thread");
	off_cpu_started(table, &record);
	since[tid] = ms * MS;
}

static void starts(uint32_t tid, uint32_t creator, uint64_t ms)
{
	starts_in(tid, tid, creator, ms);
}

/* A time off the CPU in ms: asleep until woken, on again at last. */
static struct record_off_cpu off(uint32_t tid, uint64_t from, uint64_t woken, uint64_t on)
{
	struct record_off_cpu record = {
		.header = {.type = RECORD_OFF_CPU, .time_ns = on * MS},
		.id = task_of(tid, tid),
		.since_ns = since[tid],
		.from_ns = from * MS,
		.woken_ns = woken * MS,
		.ran_ns = from * MS - MIN(since[tid], from * MS),
		.call = -1,
	};

	if (tid >= DAEMON || tid == KWORKER)
		record.header.group = GROUP_SERVICE;
	set_comm(record.comm, "someone");
	since[tid] = on * MS;
	return record;
}

static void take(const struct record_off_cpu *record)
{
	ok(off_cpu_record(table, record));
}

static void sleeps(uint32_t tid, uint64_t from, uint64_t woken, enum wake_how how, uint32_t waker)
{
	struct record_off_cpu record = off(tid, from, woken, woken);

	record.how = how;
	record.waker_host_tid = record.waker_host_pid = waker;
	set_comm(record.waker_comm, "waker");
	take(&record);
}

static void waits(uint32_t tid, uint64_t from, uint64_t on, enum wait_class behind)
{
	struct record_off_cpu record = off(tid, from, from, on);

	record.wait_ns[behind] = (on - from) * MS;
	take(&record);
}

static void begin_case(const char *name)
{
	printf("# %s\n", name);
	off_cpu_free(table);
	table = off_cpu_new(MIB);
	memset(since, 0, sizeof(since));
	starts(TEST, 1, 0);
}

/* Of the test, in ms; its sum is checked each time. */
static void walk(uint64_t from, uint64_t until)
{
	uint64_t sum_ns = 0;

	account_walk(table, off_cpu_thread_of(table, TEST, 0, until * MS), from * MS, until * MS,
		     true, &account);
	for (enum account_part part = 0; part < PARTS; part++)
		sum_ns += account.ns[part];
	is_u64(sum_ns, (until - from) * MS);
	for (uint32_t i = 0; i < account.step_count; i++)
		ok(account.steps[i].from_ns >= from * MS &&
		   account.steps[i].until_ns <= until * MS &&
		   (!i || account.steps[i - 1].until_ns <= account.steps[i].from_ns));
}

static uint64_t ms_of(enum account_part part)
{
	return account.ns[part] / MS;
}

/* -- The parts, and what they are told by -------------------------------------------------------------- */

static void test_running_and_waiting(void)
{
	begin_case("running, and waiting for a CPU, by what it was behind");
	waits(TEST, 10, 30, BEHIND_OUTSIDE);
	waits(TEST, 40, 45, BEHIND_INSIDE);
	waits(TEST, 50, 53, BEHIND_STEAL);
	waits(TEST, 60, 64, BEHIND_THROTTLED);
	walk(0, 100);
	is_u64(ms_of(PART_RUNNING), 68);
	is_u64(ms_of(PART_CPU_OUTSIDE), 20);
	is_u64(ms_of(PART_CPU_INSIDE), 5);
	is_u64(ms_of(PART_CPU_STEAL), 3);
	is_u64(ms_of(PART_CPU_THROTTLED), 4);
	is_u64(account_side_ns(&account, SIDE_LOST), 23 * MS);
	is_u64(account_side_ns(&account, SIDE_CROWDED), 9 * MS);
	walk(15, 42);
	is_u64(ms_of(PART_CPU_OUTSIDE), 15);
	is_u64(ms_of(PART_CPU_INSIDE), 2);
	is_u64(ms_of(PART_RUNNING), 10);
}

static void test_quota(void)
{
	struct record_off_cpu record;

	begin_case("out of quota: whoever had the CPU meanwhile took nothing");
	record = off(TEST, 10, 10, 110);
	record.wait_ns[BEHIND_OUTSIDE] = 60 * MS;
	record.wait_ns[BEHIND_IDLE] = 30 * MS;
	record.wait_ns[BEHIND_DELIVERY] = 2 * MS;
	record.wait_ns[BEHIND_THROTTLED] = 80 * MS;
	record.culprit = (struct off_cpu_culprit){.ns = 60 * MS, .host_pid = 7, .host_tid = 7};
	set_comm(record.culprit.comm, "bystander");
	take(&record);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_THROTTLED), 80);
	is_u64(account.ns[PART_CPU_IDLE] / (MS / 10), 0);
	ok(account.ns[PART_CPU_OUTSIDE] > 17 * MS && account.ns[PART_CPU_OUTSIDE] < 19 * MS);
	for (uint32_t i = 0; i < account.share_count; i++)
		if (account.shares[i].part == PART_CPU_THROTTLED)
			is_u64(account.shares[i].culprit.host_pid, 0);
}

static void test_ends_of_sleep(void)
{
	struct record_off_cpu record;

	begin_case("asleep: a time-out, a packet, a disk, nobody knows");
	sleeps(TEST, 10, 20, WOKEN_BY_TIMER, 0);
	sleeps(TEST, 20, 40, WOKEN_BY_PACKET, 0);
	sleeps(TEST, 40, 45, WOKEN_BY_BLOCK, 0);
	sleeps(TEST, 50, 57, WOKEN_UNSEEN, 0);
	record = off(TEST, 60, 66, 66);
	record.how = WOKEN_BY_INTERRUPT;
	record.flags = OFF_IN_FILE | OFF_IN_LOCK;
	take(&record);
	walk(0, 70);
	is_u64(ms_of(PART_TIMER), 10);
	is_u64(ms_of(PART_NETWORK), 20);
	is_u64(ms_of(PART_IO_DEVICE), 5);
	is_u64(ms_of(PART_IO_LOCK), 6);
	is_u64(ms_of(PART_UNKNOWN), 7);
	is_u64(ms_of(PART_RUNNING), 22);
}

/* A stall of a file operation of the test: one of half of its sleeps. */
static void stalls(uint64_t from, uint64_t until, enum cause cause,
		   const struct off_cpu_culprit *culprit)
{
	const struct off_cpu_block block = {.from_ns = from * MS,
					    .until_ns = until * MS,
					    .cause = cause,
					    .culprit_share = OFF_CPU_SHARE_WHOLE / 2};

	off_cpu_blocked(table, TEST, block, culprit ?: &(struct off_cpu_culprit){0});
}

static void test_stall_names_the_cause(void)
{
	struct record_off_cpu record;

	begin_case("a stall of a file operation says what its sleeps waited for");
	record = off(TEST, 10, 40, 40);
	record.how = WOKEN_BY_INTERRUPT;
	record.flags = OFF_IN_FILE;
	take(&record);
	stalls(5, 45, CAUSE_WRITEBACK, NULL);
	walk(0, 50);
	is_u64(ms_of(PART_IO_WRITEBACK), 30);
	ok(!account.shares[0].culprit.host_tid);
}

static void test_stall_names_who_kept_the_disk_busy(void)
{
	struct off_cpu_culprit culprit = {
		.ns = 1, .host_pid = 7, .host_tid = 7, .class = CLASS_OUTSIDE, .comm = "hog"};
	struct record_off_cpu record;

	begin_case("a stall of a file operation says who kept the disk busy");
	/* The same process had the CPU, too: its policy is nothing to a disk. */
	record = off(TEST, 2, 2, 4);
	record.wait_ns[BEHIND_OUTSIDE] = 2 * MS;
	record.culprit = culprit;
	record.culprit.policy = 1;
	take(&record);
	record = off(TEST, 10, 40, 40);
	record.how = WOKEN_BY_INTERRUPT;
	record.flags = OFF_IN_FILE;
	take(&record);
	stalls(5, 45, CAUSE_DEVICE_OUTSIDE, &culprit);
	walk(0, 50);
	is_u64(ms_of(PART_IO_DEVICE_OUTSIDE), 30);
	is_int(account.shares[0].part, PART_IO_DEVICE_OUTSIDE);
	is_str(account.shares[0].culprit.comm, "hog");
	is_u64(account.shares[0].culprit.host_pid, 7);
	ok(account.shares[0].culprit.outside);
	is_int(account.shares[0].culprit_policy, 0);
	is_u64(account.shares[0].culprit_ns / MS, 14); /* half of it, and rounded down */

	begin_case("its requests go through a kernel thread, which sleeps for the same disk");
	record = off(KWORKER, 15, 45, 45);
	record.since_ns = 12 * MS;
	record.how = WOKEN_BY_BLOCK;
	take(&record);
	record = off(TEST, 10, 60, 60);
	record.how = WOKEN_BY_KERNEL;
	record.waker_host_tid = KWORKER;
	record.flags = OFF_IN_FILE;
	take(&record);
	culprit.class = CLASS_INSIDE;
	stalls(5, 65, CAUSE_DEVICE_INSIDE, &culprit);
	walk(0, 60);
	is_u64(ms_of(PART_IO_DEVICE), 0);
	is_int(account.shares[0].part, PART_IO_DEVICE_INSIDE);
	is_u64(account.shares[0].who.host_tid, KWORKER);
	is_str(account.shares[0].culprit.comm, "hog");
	ok(!account.shares[0].culprit.outside);
}

static void test_stall_names_who_had_the_lock(void)
{
	const struct off_cpu_culprit culprit = {
		.ns = 1, .host_pid = 7, .host_tid = 7, .class = CLASS_OUTSIDE, .comm = "apt"};
	struct record_off_cpu record;

	begin_case("a stall of a file operation says who had the lock, not who ended the wait");
	record = off(TEST, 10, 40, 40);
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = record.waker_host_pid = 8;
	record.flags = OFF_IN_FILE;
	take(&record);
	stalls(5, 45, CAUSE_LOCK, &culprit);
	walk(0, 50);
	is_u64(ms_of(PART_IO_LOCK), 30);
	is_int(account.shares[0].part, PART_IO_LOCK);
	is_str(account.shares[0].culprit.comm, "apt");
	is_u64(account.shares[0].culprit.host_pid, 7);
}

static void test_signal_ends_the_wait_for_a_lock(void)
{
	struct record_off_cpu record;

	begin_case("the sender of a signal did not have the lock, so the path ends");
	starts(WORKER, 1, 0);
	record = off(TEST, 10, 40, 40);
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = record.waker_host_pid = WORKER;
	record.flags = OFF_IN_FILE | OFF_SIGNALLED;
	take(&record);
	stalls(5, 45, CAUSE_LOCK, NULL);
	walk(0, 50);
	is_u64(ms_of(PART_IO_LOCK), 30);
}

static void test_unknown_thread_of_the_run(void)
{
	static const struct {
		int16_t call;
		enum account_part part;
	} rows[] = {{SYS_futex, PART_LOCK},
		    {SYS_wait4, PART_CHILD},
		    {SYS_read, PART_PIPE},
		    {SYS_getpid, PART_UNKNOWN}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct record_off_cpu record;

		begin_case("asleep for a thread that nobody can tell");
		record = off(TEST, 10, 20, 20);
		record.how = WOKEN_BY_THREAD;
		record.call = rows[i].call;
		take(&record);
		walk(0, 20);
		is_u64(ms_of(rows[i].part), 10);
	}
}

/* -- Along the path ------------------------------------------------------------------------------------ */

static void test_starved_worker(void)
{
	begin_case("a worker of the run stalls while the test waits for it");
	starts(WORKER, TEST, 5);
	waits(WORKER, 12, 92, BEHIND_OUTSIDE);
	waits(WORKER, 120, 190, BEHIND_OUTSIDE); /* not on the path: the test does not wait */
	sleeps(TEST, 10, 100, WOKEN_BY_THREAD, WORKER);
	walk(0, 200);
	is_u64(ms_of(PART_CPU_OUTSIDE), 80);
	is_u64(ms_of(PART_RUNNING), 120);
	is_u64(account.shares[0].ns, 120 * MS - 10 * MS);
}

static void test_daemon_outside(void)
{
	struct record_off_cpu record;

	begin_case("a daemon outside stalls behind a neighbour; what it does else is a service's");
	record = off(DAEMON, 4, 9, 89);
	record.since_ns = 3 * MS;
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = TEST;
	record.wait_ns[BEHIND_OUTSIDE] = 80 * MS;
	record.culprit = (struct off_cpu_culprit){
		.ns = 80 * MS, .host_pid = 7, .host_tid = 7, .policy = 1, .comm = "hog"};
	take(&record);
	sleeps(TEST, 10, 100, WOKEN_BY_LOCAL_PACKET, DAEMON);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 79);
	is_u64(ms_of(PART_SERVICE), 11);
	is_u64(ms_of(PART_RUNNING), 20);
	is_int(account.shares[0].part, PART_CPU_OUTSIDE);
	is_u64(account.shares[0].who.host_tid, DAEMON);
	ok(account.shares[0].who.outside);
	is_str(account.shares[0].culprit.comm, "hog");
	is_int(account.shares[0].culprit_policy, 1);
	ok(account.shares[0].culprit_ns > 78 * MS && account.shares[0].culprit_ns <= 79 * MS);
}

/* The thread woke from its sleep at `woken`, asked by `asker`, and waited until `on` behind other programs. */
static void asked(uint32_t tid, uint64_t from, uint64_t woken, uint64_t on, uint32_t asker)
{
	struct record_off_cpu record = off(tid, from, woken, on);

	if (!record.since_ns)
		record.since_ns = from * MS;
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = record.waker_host_pid = asker;
	record.wait_ns[BEHIND_OUTSIDE] = (on - woken) * MS;
	take(&record);
}

static void times_out(uint64_t from, uint64_t until, int call)
{
	struct record_off_cpu record = off(TEST, from, until, until);

	record.how = WOKEN_BY_TIMER;
	record.call = (s16)call;
	take(&record);
}

static void test_asked_later(void)
{
	begin_case("a daemon cannot run, and another one that was asked later did not answer");
	asked(DAEMON, 4, 8, 150, TEST);
	asked(DATABASE, 4, 9, 11, TEST);
	asked(DATABASE, 12, 150, 151, 1);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 90);
}

static void test_unseen_end(void)
{
	begin_case("nothing shows what ended the sleep, and the daemon that was asked cannot run");
	asked(DAEMON, 4, 9, 150, TEST);
	sleeps(TEST, 10, 100, WOKEN_UNSEEN, 0);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);
	is_u64(ms_of(PART_UNKNOWN), 0);

	begin_case("nothing shows it, and the daemon could run");
	asked(DAEMON, 4, 9, 10, TEST);
	asked(DAEMON, 12, 150, 151, 1);
	sleeps(TEST, 10, 100, WOKEN_UNSEEN, 0);
	walk(0, 110);
	is_u64(ms_of(PART_UNKNOWN), 90);
}

static void test_unanswered(void)
{
	begin_case("a time-out ends the sleep, and the daemon that was asked cannot run");
	asked(DAEMON, 4, 9, 150, TEST);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);
	is_u64(ms_of(PART_TIMER), 0);

	begin_case("the same, while the test looks again and again");
	asked(DAEMON, 4, 9, 150, TEST);
	times_out(10, 60, SYS_clock_nanosleep);
	times_out(61, 100, SYS_clock_nanosleep);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 89);

	begin_case("the daemon could run, and did not answer");
	asked(DAEMON, 4, 9, 10, TEST);
	asked(DAEMON, 12, 150, 151, 1);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 90);

	begin_case("the daemon asked another one, which cannot run");
	asked(DAEMON, 4, 9, 10, TEST);
	asked(DAEMON + 1, 4, 11, 160, DAEMON);
	asked(DAEMON, 12, 170, 170, DAEMON + 1);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 88);

	begin_case("a thread that somebody else asked cannot run");
	asked(DAEMON, 4, 9, 150, WORKER);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 90);

	begin_case("the test asked before it began");
	asked(DAEMON, 4, 9, 150, TEST);
	times_out(30, 100, SYS_recvfrom);
	walk(20, 110);
	is_u64(ms_of(PART_TIMER), 70);

	begin_case("a worker that the test has made cannot run, and the test sleeps for a time");
	starts(WORKER, TEST, 5);
	waits(WORKER, 5, 150, BEHIND_OUTSIDE);
	times_out(10, 100, SYS_clock_nanosleep);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);

	begin_case("a worker that can run is not what the test sleeps for");
	starts(WORKER, TEST, 5);
	waits(WORKER, 5, 40, BEHIND_OUTSIDE);
	times_out(10, 100, SYS_clock_nanosleep);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 90);
	is_u64(account.own_sleep_ns, 90 * MS);
}

static void test_unanswered_in_steps(void)
{
	begin_case("the daemon asked another one, which cannot run, before the test slept");
	asked(DAEMON, 4, 6, 7, TEST);
	asked(DATABASE, 4, 8, 160, DAEMON);
	asked(DAEMON, 9, 170, 170, DATABASE);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);

	begin_case("the same, and the test, which gave up, asks the daemon for something else");
	asked(DAEMON, 4, 6, 7, TEST);
	asked(DATABASE, 4, 8, 160, DAEMON);
	asked(DAEMON, 9, 105, 106, TEST);
	times_out(10, 100, SYS_poll);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);

	begin_case(
		"a thread of the runner, which sleeps, has woken another worker: nobody asked it to");
	asked(SERVER, 4, 6, 7, TEST);
	asked(WORKER, 4, 8, 160, SERVER);
	asked(SERVER, 9, 170, 170, WORKER);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 90);

	begin_case("the daemon asked another one, which answered, and both sleep");
	asked(DAEMON, 4, 6, 7, TEST);
	asked(DATABASE, 4, 8, 9, DAEMON);
	asked(DATABASE, 10, 150, 150, 1);
	asked(DAEMON, 10, 170, 170, 1);
	times_out(11, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 89);
}

static void test_asked_later_asleep(void)
{
	begin_case("a daemon cannot run; one asked later never answered, and sleeps already");
	asked(DAEMON, 4, 6, 150, TEST);
	asked(DATABASE, 4, 7, 8, TEST);
	asked(DATABASE, 9, 150, 150, 1);
	times_out(10, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_TIMER), 90);

	begin_case("the same, but it answered");
	asked(DAEMON, 4, 6, 150, TEST);
	asked(DATABASE, 4, 7, 8, TEST);
	sleeps(TEST, 7, 9, WOKEN_BY_THREAD, DATABASE);
	asked(DATABASE, 10, 150, 150, 1);
	times_out(11, 100, SYS_recvfrom);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);
}

static void test_unanswered_workers(void)
{
	struct record_off_cpu record;

	begin_case("a worker that the test has made moves to a CPU that somebody else has");
	starts(WORKER, TEST, 5);
	record = off(WORKER, 12, 13, 150);
	record.how = WOKEN_BY_KERNEL;
	record.waker_host_tid = record.waker_host_pid = KWORKER;
	record.wait_ns[BEHIND_OUTSIDE] = 137 * MS;
	take(&record);
	times_out(10, 100, SYS_poll);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 87);

	begin_case("a thread of the test waits for its child, which cannot run");
	starts(SERVER, TEST, 3);
	waits(SERVER, 3, 150, BEHIND_OUTSIDE);
	starts_in(TEST, WORKER, TEST, 5);
	record = off(WORKER, 7, 160, 160);
	record.id = task_of(TEST, WORKER);
	record.how = WOKEN_BY_THREAD;
	record.call = SYS_wait4;
	record.waker_host_tid = record.waker_host_pid = SERVER;
	take(&record);
	times_out(6, 100, SYS_epoll_wait);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 93);
}

/* Adds sleeps too short for records of their own, before the record. */
static void talks(struct record_off_cpu *record, uint64_t from, uint32_t with)
{
	record->since_ns = from * MS;
	record->short_sleep_ns = 2 * MS;
	record->short_how = WOKEN_BY_THREAD;
	record->short_waker_host_tid = with;
	record->ran_ns = record->from_ns - record->since_ns - record->short_sleep_ns;
}

static void test_unanswered_after_talk(void)
{
	struct record_off_cpu record;

	begin_case("the daemon talked to the test and to another one, which cannot run");
	asked(DATABASE, 4, 8, 160, DAEMON);
	record = off(DAEMON, 9, 170, 170);
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = DATABASE;
	talks(&record, 4, DATABASE);
	take(&record);
	record = off(TEST, 10, 100, 100);
	record.how = WOKEN_BY_TIMER;
	record.call = SYS_poll;
	talks(&record, 0, DAEMON);
	take(&record);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 90);
}

static void test_child_of_a_killed_parent(void)
{
	struct record_off_cpu record;

	begin_case("a signal ends the wait for a child: the path goes through the child");
	starts(WORKER, TEST, 5);
	waits(WORKER, 20, 80, BEHIND_OUTSIDE);
	record = off(TEST, 10, 100, 100);
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = record.waker_host_pid = 77;
	record.call = SYS_wait4;
	take(&record);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 60);
	is_u64(ms_of(PART_SERVICE), 0);

	begin_case(
		"a killed parent kills its child, which waited for its own: the path ends there");
	starts(WORKER, TEST, 5);
	starts(SERVER, WORKER, 8);
	waits(SERVER, 20, 80, BEHIND_OUTSIDE);
	record = off(WORKER, 9, 101, 101);
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = record.waker_host_pid = TEST;
	record.call = SYS_wait4;
	take(&record);
	record = off(TEST, 10, 100, 100);
	record.how = WOKEN_BY_THREAD;
	record.call = SYS_wait4;
	take(&record);
	walk(0, 110);
	is_u64(ms_of(PART_CPU_OUTSIDE), 60);
	is_u64(ms_of(PART_CHILD), 0);
}

static void test_chain(void)
{
	begin_case("test, daemon, database: a disk at the end of the chain");
	sleeps(DATABASE, 20, 60, WOKEN_BY_BLOCK, 0);
	sleeps(DAEMON, 15, 70, WOKEN_BY_THREAD, DATABASE);
	sleeps(TEST, 10, 80, WOKEN_BY_THREAD, DAEMON);
	walk(0, 100);
	is_u64(ms_of(PART_IO_DEVICE), 40);
	is_u64(ms_of(PART_SERVICE), 30);
	is_u64(ms_of(PART_RUNNING), 30);
	is_u64(account.steps[account.step_count - 1].depth, 0);
}

static void test_outside_is_a_service(void)
{
	begin_case(
		"asleep for somebody outside of whom only the name is known, or who slept himself");
	sleeps(TEST, 10, 30, WOKEN_BY_THREAD, 555);
	sleeps(DAEMON, 35, 60, WOKEN_BY_TIMER, 0);
	sleeps(TEST, 30, 60, WOKEN_BY_THREAD, DAEMON);
	walk(0, 60);
	is_u64(ms_of(PART_SERVICE), 50);
	is_u64(ms_of(PART_RUNNING), 10);
}

static void test_stopped(void)
{
	struct record_off_cpu record;

	begin_case("stopped in a sleep for a time: it waits for who lets it go on");
	record = off(TEST, 10, 40, 40);
	record.how = WOKEN_BY_THREAD;
	record.waker_host_tid = record.waker_host_pid = 555;
	record.call = SYS_clock_nanosleep;
	record.flags = OFF_STOPPED;
	take(&record);
	times_out(40, 60, SYS_clock_nanosleep);
	walk(0, 60);
	is_u64(ms_of(PART_SERVICE), 30);
	is_u64(ms_of(PART_TIMER), 20);
	is_u64(account.own_sleep_ns, 20 * MS);
}

static void test_child(void)
{
	begin_case("a child: its own life, before that who made it");
	starts(WORKER, TEST, 20);
	waits(WORKER, 20, 50, BEHIND_KERNEL);
	off_cpu_ended(table, WORKER, 81 * MS);
	sleeps(TEST, 10, 80, WOKEN_BY_THREAD, WORKER);
	walk(0, 100);
	is_u64(ms_of(PART_CPU_KERNEL), 30);
	/* The test slept before it made the child, says one record: that cannot be, and nobody knows. */
	is_u64(ms_of(PART_UNKNOWN) + ms_of(PART_RUNNING), 70);
	begin_case("a child of a sibling");
	starts(SERVER, TEST, 5);
	starts(WORKER, SERVER, 40);
	waits(SERVER, 12, 32, BEHIND_OUTSIDE);
	sleeps(TEST, 10, 80, WOKEN_BY_THREAD, WORKER);
	walk(0, 80);
	is_u64(ms_of(PART_CPU_OUTSIDE), 20);
	is_u64(ms_of(PART_RUNNING), 60);
}

static void test_kernel_threads_serve_files(void)
{
	struct record_off_cpu record;

	begin_case(
		"a file operation that a kernel thread ends: its waits count, the rest is the file's");
	record = off(KWORKER, 15, 15, 45);
	record.wait_ns[BEHIND_OUTSIDE] = 30 * MS;
	record.since_ns = 12 * MS;
	take(&record);
	record = off(TEST, 10, 60, 60);
	record.how = WOKEN_BY_KERNEL;
	record.waker_host_tid = KWORKER;
	record.flags = OFF_IN_FILE;
	take(&record);
	walk(0, 60);
	is_u64(ms_of(PART_CPU_OUTSIDE), 30);
	is_u64(ms_of(PART_IO_UNKNOWN), 20);
}

/* -- Below the floor ----------------------------------------------------------------------------------- */

static void test_short_waits(void)
{
	struct record_off_cpu record;

	begin_case("many short waits are as good as a long one");
	record = off(TEST, 100, 100, 100);
	record.short_wait_ns[BEHIND_OUTSIDE] = 45 * MS;
	record.short_sleep_ns = 5 * MS;
	record.short_how = WOKEN_BY_TIMER;
	record.ran_ns = 50 * MS;
	take(&record);
	walk(0, 100);
	is_u64((account.ns[PART_CPU_OUTSIDE] + MS / 2) / MS, 45);
	is_u64(ms_of(PART_TIMER), 5);
	walk(20, 60);
	is_u64((account.ns[PART_CPU_OUTSIDE] + MS / 2) / MS, 18);
	is_u64(ms_of(PART_TIMER), 2);
}

static void test_short_waits_of_a_server(void)
{
	struct record_off_cpu record;

	begin_case("short sleeps for a server that waits as shortly");
	record = off(DAEMON, 100, 100, 100);
	record.since_ns = 0;
	record.short_wait_ns[BEHIND_OUTSIDE] = 50 * MS;
	record.ran_ns = 50 * MS;
	take(&record);
	record = off(TEST, 100, 100, 100);
	record.short_sleep_ns = 80 * MS;
	record.short_how = WOKEN_BY_THREAD;
	record.short_waker_host_tid = DAEMON;
	record.ran_ns = 20 * MS;
	take(&record);
	walk(0, 100);
	is_u64((account.ns[PART_CPU_OUTSIDE] + MS / 2) / MS, 50);
	is_u64((account.ns[PART_SERVICE] + MS / 2) / MS, 30);
	is_u64((account.ns[PART_RUNNING] + MS / 2) / MS, 20);
}

static void test_hidden_switch(void)
{
	struct record_off_cpu record;

	begin_case(
		"what the scheduler does not count as run, and nothing shows, is unknown; a hypervisor's is steal");
	record = off(TEST, 100, 100, 120);
	record.ran_ns = 30 * MS;
	record.stolen_ns = 10 * MS;
	record.wait_ns[BEHIND_OUTSIDE] = 20 * MS;
	take(&record);
	walk(0, 120);
	is_u64((account.ns[PART_UNKNOWN] + MS / 2) / MS, 60);
	is_u64((account.ns[PART_CPU_STEAL] + MS / 2) / MS, 10);
	is_u64(ms_of(PART_CPU_OUTSIDE), 20);
	is_u64((account.ns[PART_RUNNING] + MS / 2) / MS, 30);
}

/* -- Odd records --------------------------------------------------------------------------------------- */

static void test_lost_record(void)
{
	struct record_off_cpu record;

	begin_case("a lost record");
	waits(TEST, 10, 20, BEHIND_OUTSIDE);
	record = off(TEST, 60, 60, 70);
	record.since_ns = 50 * MS;
	take(&record);
	walk(0, 80);
	is_u64(ms_of(PART_UNKNOWN), 40);
	is_u64(ms_of(PART_RUNNING), 30);
}

static void test_refused_records(void)
{
	struct record_off_cpu record;

	begin_case("records that contradict themselves");
	record = off(TEST, 30, 20, 40);
	ok(!off_cpu_record(table, &record));
	record = off(TEST, 30, 40, 35);
	ok(!off_cpu_record(table, &record));
	record = off(TEST, 30, 40, 50);
	record.since_ns = 31 * MS;
	ok(!off_cpu_record(table, &record));
	record = off(TEST, 30, 40, 50);
	record.how = WAKE_HOWS;
	ok(!off_cpu_record(table, &record));
	walk(0, 60);
	is_u64(ms_of(PART_RUNNING), 60);
}

static void test_overlapping_records(void)
{
	begin_case("records out of order: nothing counts twice");
	waits(TEST, 10, 40, BEHIND_OUTSIDE);
	since[TEST] = 0;
	waits(TEST, 20, 50, BEHIND_INSIDE);
	since[TEST] = 0;
	waits(TEST, 0, 5, BEHIND_STEAL);
	walk(0, 60);
	is_u64(ms_of(PART_CPU_OUTSIDE), 30);
	is_u64(ms_of(PART_CPU_INSIDE), 10);
	is_u64(ms_of(PART_CPU_STEAL), 0);
}

static void test_waker_that_slept(void)
{
	begin_case("who wakes another while asleep has run unseen");
	starts(WORKER, TEST, 1);
	sleeps(WORKER, 5, 90, WOKEN_BY_TIMER, 0);
	sleeps(TEST, 10, 60, WOKEN_BY_THREAD, WORKER);
	walk(0, 100);
	is_u64(ms_of(PART_UNKNOWN), 50);
	begin_case("two who woke each other at the same time");
	starts(WORKER, TEST, 1);
	sleeps(WORKER, 10, 60, WOKEN_BY_THREAD, TEST);
	sleeps(TEST, 10, 60, WOKEN_BY_THREAD, WORKER);
	walk(0, 100);
}

static void test_reused_number(void)
{
	begin_case("a number that was somebody else's");
	starts(WORKER, TEST, 1);
	waits(WORKER, 2, 30, BEHIND_OUTSIDE);
	off_cpu_ended(table, WORKER, 35 * MS);
	starts(WORKER, TEST, 40);
	waits(WORKER, 41, 44, BEHIND_INSIDE);
	sleeps(TEST, 2, 34, WOKEN_BY_THREAD, WORKER);
	sleeps(TEST, 41, 46, WOKEN_BY_THREAD, WORKER);
	walk(0, 50);
	is_u64(ms_of(PART_CPU_OUTSIDE), 28);
	is_u64(ms_of(PART_CPU_INSIDE), 3);
	begin_case("a waker that had ended");
	starts(WORKER, TEST, 1);
	off_cpu_ended(table, WORKER, 20 * MS);
	sleeps(TEST, 10, 30, WOKEN_BY_THREAD, WORKER);
	walk(0, 30);
	is_u64(ms_of(PART_UNKNOWN), 20);
}

static void test_nothing_known(void)
{
	begin_case("nothing known");
	account_walk(table, NULL, 5, 25, true, &account);
	is_u64(account.ns[PART_UNKNOWN], 20);
	account_walk(table, off_cpu_thread(table, TEST, 0), 7, 7, true, &account);
	is_u64(account.ns[PART_RUNNING], 0);
	off_cpu_ended(table, TEST, 50 * MS);
	walk(50, 50);
	account_walk(table, off_cpu_thread(table, TEST, 0), 40 * MS, 70 * MS, true, &account);
	is_u64(account.ns[PART_RUNNING], 10 * MS);
	is_u64(account.ns[PART_UNKNOWN], 20 * MS);
}

static void test_depth(void)
{
	begin_case("a chain deeper than what is followed");
	for (uint32_t i = 0; i < 100; i++)
		starts(200 + i, TEST, 1);
	waits(299, 120, 130, BEHIND_OUTSIDE);
	for (uint32_t i = 99; i-- > 0;)
		sleeps(200 + i, 10 + i, 300 - i, WOKEN_BY_THREAD, 200 + i + 1);
	sleeps(TEST, 5, 301, WOKEN_BY_THREAD, 200);
	walk(0, 310);
	ok(account.cut);
	ok(ms_of(PART_UNKNOWN) > 0);
	is_u64(ms_of(PART_CPU_OUTSIDE), 0);
}

static void test_off_at_the_end(void)
{
	begin_case("still asleep when the run was ended");
	off_cpu_goes_on(table, TEST, 30 * MS, 0, 100 * MS);
	walk(0, 100);
	is_u64(ms_of(PART_UNKNOWN), 70);
	begin_case("still waiting for a CPU then");
	off_cpu_goes_on(table, TEST, 30 * MS, 40 * MS, 100 * MS);
	walk(0, 100);
	is_u64(ms_of(PART_UNKNOWN), 70);
}

static void test_which_thread(void)
{
	begin_case("the thread that ran when a test ended stands for its process");
	struct record_start record = {
		.header = {.type = RECORD_THREAD_START, .time_ns = 1 * MS},
		.id = task_of(TEST, WORKER),
		.creator_host_pid = TEST,
		.creator_host_tid = TEST,
	};

	off_cpu_started(table, &record);
	since[WORKER] = 1 * MS;
	sleeps(TEST, 10, 90, WOKEN_BY_TIMER, 0);
	is_u64(off_cpu_thread_of(table, TEST, 0, 5 * MS)->host_tid, TEST);
	is_u64(off_cpu_thread_of(table, TEST, 0, 50 * MS)->host_tid, WORKER);
	is_u64(off_cpu_thread_of(table, TEST, WORKER, 5 * MS)->host_tid, WORKER);
	ok(!off_cpu_thread_of(table, 4711, 0, 5 * MS));
}

/* -- Bounds --------------------------------------------------------------------------------------------- */

static void test_memory(void)
{
	const uint64_t count = 200000;

	begin_case("more than there is room for: coarser, and exact in sum");
	off_cpu_free(table);
	table = off_cpu_new(MIB);
	starts(TEST, 1, 0);
	for (uint64_t i = 0; i < count; i++) {
		struct record_off_cpu record = off(TEST, 10 * i + 2, 10 * i + 6, 10 * i + 10);

		record.how = WOKEN_BY_TIMER;
		record.wait_ns[BEHIND_OUTSIDE] = 4 * MS;
		if (!off_cpu_record(table, &record))
			ok(!"a record was refused");
	}
	ok(off_cpu_floor_ns(table, 0) > 0);
	is_u64(off_cpu_refused(table), 0);
	walk(0, 10 * count);
	/* A share is exact to 1/65535 of each merged piece. */
	ok(ms_of(PART_TIMER) > 4 * count / 100 * 99 && ms_of(PART_TIMER) <= 4 * count);
	ok(ms_of(PART_CPU_OUTSIDE) > 4 * count / 100 * 98 &&
	   ms_of(PART_CPU_OUTSIDE) <= 4 * count + 1);
	ok(account.floor_ns > 0);
}

static void test_recent_test_of_a_long_run(void)
{
	const uint64_t minute = 60 * 1000;
	uint64_t ms = 0;

	begin_case("a test at the end of a long run has exact records, and its suite coarse ones");
	for (; ms < 30 * minute; ms += 10)
		sleeps(TEST, ms + 2, ms + 4, WOKEN_BY_TIMER, 0);
	waits(TEST, ms + 2, ms + 4, BEHIND_OUTSIDE);
	walk(ms, ms + 4);
	is_u64(account.floor_ns, 0);
	is_u64(ms_of(PART_CPU_OUTSIDE), 2);
	walk(0, ms + 4);
	/* It grows with the length of the run, not with the number of times that memory was full. */
	ok(account.floor_ns > 0 && account.floor_ns <= 64 * MS);
	ok(!account.cut);
	is_u64(off_cpu_refused(table), 0);
}

/* Each of these processes of a test waits for a CPU, and ends. */
static uint64_t run_processes(unsigned count, uint64_t apart_ms)
{
	uint64_t ms = 0;

	for (unsigned i = 0; i < count; i++, ms += apart_ms) {
		starts(WORKER, TEST, ms + 1);
		for (unsigned times = 0; times < 5; times++)
			waits(WORKER, ms + 2 + 2 * times, ms + 3 + 2 * times, BEHIND_OUTSIDE);
		off_cpu_ended(table, WORKER, (ms + 12) * MS);
		sleeps(TEST, ms + 2, ms + 12, WOKEN_BY_THREAD, WORKER);
	}
	return ms;
}

static void test_processes_of_a_long_run(void)
{
	const uint64_t apart = 100;
	uint64_t ms;

	begin_case(
		"a test after those of many processes has exact records; old processes are forgotten");
	ms = run_processes(30000, apart);
	walk(ms - apart, ms);
	is_u64(account.floor_ns, 0);
	is_u64(ms_of(PART_CPU_OUTSIDE), 5);
	ok(!account.cut);
	walk(0, ms);
	ok(account.cut && ms_of(PART_UNKNOWN) + ms_of(PART_PIPE) > 0);
	is_u64(off_cpu_refused(table), 0);
	begin_case("more processes in a short time than there is room for: the latest stay");
	ms = run_processes(10000, 13);
	walk(ms - 5200, ms);
	ok(ms_of(PART_CPU_OUTSIDE) > 1800 && ms_of(PART_CPU_OUTSIDE) <= 2000);
	is_u64(off_cpu_refused(table), 0);
}

static void test_no_room(void)
{
	begin_case("what there is no room for is unknown, not running");
	off_cpu_free(table);
	table = off_cpu_new(1);
	starts(TEST, 1, 0);
	for (uint64_t i = 0; i < 10; i++)
		waits(TEST, 100 * i + 10, 100 * i + 90, BEHIND_OUTSIDE);
	is_u64(off_cpu_refused(table), 10);
	walk(0, 1000);
	is_u64(ms_of(PART_UNKNOWN), 990);
	is_u64(ms_of(PART_RUNNING), 10);
}

static void test_many_threads(void)
{
	begin_case("more threads than there is room for");
	for (uint32_t tid = 1000; tid < 41000; tid++) {
		struct record_start record = {
			.header = {.type = RECORD_THREAD_START, .time_ns = tid * MS},
			.id = task_of(tid, tid),
			.creator_host_pid = TEST,
			.creator_host_tid = TEST,
		};

		off_cpu_started(table, &record);
		if (tid < 30000)
			off_cpu_ended(table, tid, tid * MS + 1);
	}
	is_u64(off_cpu_refused(table), 0);
	for (uint32_t tid = 41000; tid < 61000; tid++) {
		struct record_start record = {
			.header = {.type = RECORD_THREAD_START, .time_ns = tid * MS},
			.id = task_of(tid, tid),
		};

		off_cpu_started(table, &record);
	}
	ok(off_cpu_refused(table) > 0);
}

/* Whatever comes in, the parts are the whole, and no more. */
static uint32_t state = 1;

static uint32_t pick(uint32_t limit)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % limit;
}

static void random_record(void)
{
	uint32_t tid = 100 + pick(6);
	uint64_t from = pick(300), woken = from + pick(40), on = woken + pick(40);
	struct record_off_cpu record = off(tid, from, woken, on);

	record.since_ns = pick(3) ? MIN(record.since_ns, from * MS) : pick(300) * MS;
	record.how = (u8)pick(WAKE_HOWS + 1);
	record.waker_host_tid = 100 + pick(7);
	record.flags = (u8)pick(64);
	record.call = (s16)pick(400);
	record.ran_ns = pick(100) * MS;
	record.header.group = pick(4) ? 0 : GROUP_SERVICE;
	record.short_sleep_ns = pick(3) ? 0 : pick(UINT32_MAX);
	record.short_how = (u8)pick(255);
	record.short_waker_host_tid = 100 + pick(7);
	for (unsigned class = 0; class < WAIT_CLASSES; class ++) {
		record.wait_ns[class] = pick(3) ? 0 : (uint64_t)pick(UINT32_MAX) << pick(32);
		record.short_wait_ns[class] = pick(3) ? 0 : pick(UINT32_MAX);
	}
	off_cpu_record(table, &record);
}

static void test_random(void)
{
	printf("# random records\n");
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t from_ns, until_ns, sum_ns = 0;

		off_cpu_free(table);
		table = off_cpu_new(8192);
		for (unsigned i = pick(60); i-- > 0;) {
			uint32_t tid = 100 + pick(6);

			if (pick(8) == 0)
				starts(tid, 100 + pick(6), pick(300));
			else if (pick(16) == 0)
				off_cpu_ended(table, tid, pick(300) * MS);
			else if (pick(16) == 0)
				off_cpu_goes_on(table, tid, pick(300) * MS, pick(300) * MS,
						pick(400) * MS);
			else
				random_record();
		}
		from_ns = pick(300) * MS;
		until_ns = from_ns + pick(400) * MS;
		account_walk(table, off_cpu_thread(table, 100 + pick(6), until_ns), from_ns,
			     until_ns, pick(2), &account);
		for (enum account_part part = 0; part < PARTS; part++)
			sum_ns += account.ns[part];
		if (sum_ns != until_ns - from_ns) {
			okf(false, "round %u: the parts are the whole", round);
			return;
		}
	}
	okf(true, "the parts are the whole, in 2000 rounds");
}

int main(void)
{
	test_running_and_waiting();
	test_quota();
	test_ends_of_sleep();
	test_stopped();
	test_stall_names_the_cause();
	test_stall_names_who_kept_the_disk_busy();
	test_stall_names_who_had_the_lock();
	test_signal_ends_the_wait_for_a_lock();
	test_unknown_thread_of_the_run();
	test_starved_worker();
	test_daemon_outside();
	test_unseen_end();
	test_unanswered();
	test_unanswered_in_steps();
	test_asked_later_asleep();
	test_unanswered_workers();
	test_unanswered_after_talk();
	test_asked_later();
	test_child_of_a_killed_parent();
	test_chain();
	test_outside_is_a_service();
	test_child();
	test_kernel_threads_serve_files();
	test_short_waits();
	test_short_waits_of_a_server();
	test_hidden_switch();
	test_lost_record();
	test_refused_records();
	test_overlapping_records();
	test_waker_that_slept();
	test_reused_number();
	test_nothing_known();
	test_depth();
	test_off_at_the_end();
	test_which_thread();
	test_memory();
	test_recent_test_of_a_long_run();
	test_processes_of_a_long_run();
	test_no_room();
	test_many_threads();
	test_random();
	off_cpu_free(table);
	return tap_done();
}
