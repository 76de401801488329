/* Tests of model/stall: which stalls are kept, how a call is divided, and which file it names */
#include "spans/span_observer.h"
#include "model/model.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "model/stall.h"
#include "model/table.h"
#include "records.h"
#include "tap.h"

static struct stall **list;
static size_t count;

static void look(const struct model *model)
{
	free(list);
	list = model_stalls(model, &count);
}

/* -- Which are kept ------------------------------------------------------------------------------ */

static void test_longest_are_kept(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	const struct stall_stats *stats = &model->stalls[STALL_CPU];
	uint64_t total_ns = 0;

	start_at(model, 1, 1, 1, 9, "p");
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t duration_ns = 5 * MS + i * 389 % 1000;

		cpu_stall_at(model, i, i + duration_ns, 1);
		total_ns += duration_ns;
	}
	look(model);
	is_u64(count, 10);
	for (size_t i = 0; i < count; i++)
		is_u64(list[i]->duration_ns, 5 * MS + 999 - i);
	is_u64(stats->durations.count, 1000);
	is_u64(stats->durations.total_ns, total_ns);
	is_u64(stats->dropped, 990);
	is_u64(stats->cause_count[CAUSE_UNKNOWN], 1000);
	is_u64(stats->cause_ns[CAUSE_UNKNOWN], total_ns);
	is_int(list[0]->process->stalls, 1000);
	is_int(list[0]->process->references, 10);
	model_free(model);
}

static void test_first_of_equals(void)
{
	struct model *model = model_with(3, 10, 10, 10);
	static const uint64_t starts[] = {50, 10, 70, 30, 20, 60};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		cpu_stall_at(model, starts[i], starts[i] + 6 * MS, 1);
	look(model);
	is_u64(count, 3);
	is_u64(list[0]->start_ns, 10);
	is_u64(list[1]->start_ns, 20);
	is_u64(list[2]->start_ns, 30);
	model_free(model);
}

/* The order in a report must not depend on the sort of a libc. */
static void test_order_of_equals(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	io_stall_at(model, 100, 100 + 20 * MS, 2, __NR_sync);
	cpu_stall_at(model, 100, 100 + 20 * MS, 2);
	cpu_stall_at(model, 100, 100 + 20 * MS, 1);
	look(model);
	is_int(list[0]->id.host_tid, 1);
	is_int(list[1]->kind, STALL_CPU);
	is_int(list[2]->kind, STALL_IO);
	model_free(model);
}

static void test_kinds_have_a_cap_each(void)
{
	struct model *model = model_with(2, 10, 10, 10);

	for (unsigned i = 0; i < 5; i++) {
		cpu_stall_at(model, i, i + 100 * MS, 1);
		io_stall_at(model, i, i + 20 * MS, 1, __NR_sync);
	}
	look(model);
	is_u64(count, 4);
	is_u64(model->stalls[STALL_CPU].dropped, 3);
	is_u64(model->stalls[STALL_IO].dropped, 3);
	model_free(model);

	/* No stall is kept: only numbers. */
	model = model_with(0, 10, 10, 10);
	start_at(model, 1, 1, 1, 9, "p");
	cpu_stall_at(model, 1, 6 * MS, 1);
	look(model);
	is_u64(count, 0);
	is_u64(model->stalls[STALL_CPU].durations.count, 1);
	is_u64(model->stalls[STALL_CPU].dropped, 1);
	model_free(model);
}

static void test_a_stall_keeps_its_program(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	start_at(model, 1, 1, 1, 9, "p");
	exec_at(model, 2, 1, "old", "old\0", "old\0");
	cpu_stall_at(model, 3, 10 * MS, 1);
	exec_at(model, 20 * MS, 1, "new", "new\0", "new\0");
	look(model);
	is_str(list[0]->image->argv.data, "old");
	is_str(list[0]->process->image->argv.data, "new");
	model_free(model);
}

/* -- Details --------------------------------------------------------------------------------------- */

static void test_wait(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = 110 * MS},
		.id = task_of(7, 8),
		.comm = "sixteen bytes!!!",
		.start_ns = 100 * MS,
		.woken_ns = 103 * MS,
		.cpu = 3,
		.reason = WAIT_YIELD,
		.policy = 1,
		.prio = 98,
	};

	model_record(model, &record, sizeof(record));
	look(model);
	is_u64(list[0]->duration_ns, 10 * MS);
	is_u64(list[0]->wait.delivery_ns, 3 * MS);
	is_u64(list[0]->wait.queue_ns, 7 * MS);
	is_int(list[0]->wait.reason, WAIT_YIELD);
	is_int(list[0]->wait.prio, 98);
	ok(memcmp(list[0]->comm, "sixteen bytes!!!", COMM_BYTES) == 0);
	ok(list[0]->finished && !list[0]->process && !list[0]->image);
	model_free(model);
}

static void test_call_parts(void)
{
	static const struct {
		uint64_t blocked_ns, runqueue_ns, expected_blocked_ns, expected_runqueue_ns;
	} cases[] = {
		{0, 0, 0, 0},
		{5 * MS, 3 * MS, 5 * MS, 3 * MS},
		{20 * MS, 0, 20 * MS, 0},
		{21 * MS, 5 * MS, 20 * MS, 0},
		{15 * MS, 6 * MS, 15 * MS, 5 * MS},
		{0, UINT64_MAX, 0, 20 * MS},
		{UINT64_MAX, UINT64_MAX, 20 * MS, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = model_with(10, 10, 10, 10);
		struct record_io_stall record = {
			.header = {.type = RECORD_IO_STALL, .time_ns = 30 * MS},
			.start_ns = 10 * MS,
			.duration_ns = 20 * MS,
			.blocked_ns = cases[i].blocked_ns,
			.runqueue_ns = cases[i].runqueue_ns,
			.number = __NR_sync,
		};

		model_record(model, &record, sizeof(record));
		look(model);
		is_u64(list[0]->call.blocked_ns, cases[i].expected_blocked_ns);
		is_u64(list[0]->call.runqueue_ns, cases[i].expected_runqueue_ns);
		is_u64(list[0]->call.running_ns,
		       20 * MS - cases[i].expected_blocked_ns - cases[i].expected_runqueue_ns);
		model_free(model);
	}
}

/* A request of io_uring: who carried it out, and what each part of its time is. */
static void test_request(void)
{
	static const struct {
		uint16_t flags;
		uint32_t file_system, worker_host_tid;
		uint64_t iowait_ns, queued_ns;
		enum request_way way;
		enum cause cause;
		uint64_t cause_ns;
	} cases[] = {
		/* 12 ms without a running thread, for the device or another machine */
		{0, 0xef53, 0, 12 * MS, 0, REQUEST_URING, CAUSE_DEVICE, 12 * MS},
		{0, 0x6969, 0, 12 * MS, 0, REQUEST_URING, CAUSE_REMOTE, 12 * MS},
		{IO_BY_POLL, 0xef53, 0, 12 * MS, 0, REQUEST_URING_POLL, CAUSE_DEVICE, 12 * MS},
		{IO_BY_AIO, 0xef53, 0, 12 * MS, 0, REQUEST_AIO, CAUSE_DEVICE, 12 * MS},
		/* A worker that did not sleep may also have waited. */
		{IO_BY_WORKER, 0xef53, 0, 0, 0, REQUEST_URING_WORKER, CAUSE_UNKNOWN, 12 * MS},
		/* A worker began it after 9 ms, and slept for 3 ms. */
		{IO_BY_WORKER | IO_BY_POLL, 0xef53, 7, 3 * MS, 9 * MS, REQUEST_URING_WORKER,
		 CAUSE_UNKNOWN, 9 * MS},
		/* More than there is */
		{IO_BY_WORKER, 0xef53, 7, 0, UINT64_MAX, REQUEST_URING_WORKER, CAUSE_UNKNOWN,
		 12 * MS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = model_with(10, 10, 10, 10);
		struct record_io_stall record = {
			.header = {.type = RECORD_IO_STALL, .time_ns = 30 * MS},
			.start_ns = 10 * MS,
			.duration_ns = 20 * MS,
			.blocked_ns = 12 * MS,
			.runqueue_ns = 1 * MS,
			.iowait_ns = cases[i].iowait_ns,
			.queued_ns = cases[i].queued_ns,
			.worker_host_tid = cases[i].worker_host_tid,
			.file_system = cases[i].file_system,
			.number = __NR_pread64,
			.flags = IO_REQUEST | cases[i].flags,
		};

		model_record(model, &record, sizeof(record));
		look(model);
		ok(list[0]->call.is_request);
		is_int(list[0]->call.way, cases[i].way);
		is_int(list[0]->cause, cases[i].cause);
		is_u64(list[0]->shares.ns[cases[i].cause], cases[i].cause_ns);
		is_u64(list[0]->shares.ns[CAUSE_CPU], 1 * MS);
		is_u64(list[0]->shares.ns[CAUSE_RUNNING], 7 * MS);
		is_u64(list[0]->call.running_ns, 7 * MS);
		model_free(model);
	}
}

/* -- Unfinished stalls ----------------------------------------------------------------------------- */

static void test_unfinished(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct record_thread record = thread_of(1000 * MS, 1, 1, "p", 0);

	start_at(model, 1, 1, 1, 9, "p");
	record.header.type = RECORD_THREAD_LIVE;
	record.wait_start_ns = 990 * MS;
	record.wait_woken_ns = 994 * MS;
	record.wait_reason = WAIT_FORK;
	record.call_start_ns = 900 * MS;
	record.call_blocked_ns = 80 * MS;
	record.call_runqueue_ns = 30 * MS;
	record.call_number = __NR_fsync;

	/* A checkpoint must not count an unfinished stall: it would count again. */
	model_snapshot_begin(model, false);
	model_record(model, &record, sizeof(record));
	look(model);
	is_u64(count, 0);

	model_snapshot_begin(model, true);
	model_record(model, &record, sizeof(record));
	look(model);
	is_u64(count, 2);
	ok(!list[0]->finished && !list[1]->finished);
	is_int(list[0]->kind, STALL_IO);
	is_u64(list[0]->duration_ns, 100 * MS);
	is_u64(list[0]->call.blocked_ns, 80 * MS);
	is_u64(list[0]->call.runqueue_ns, 20 * MS);
	is_int(list[1]->kind, STALL_CPU);
	is_u64(list[1]->wait.delivery_ns, 4 * MS);
	is_u64(list[1]->wait.queue_ns, 6 * MS);
	is_u64(list[1]->shares.ns[CAUSE_DELIVERY], 4 * MS);
	is_u64(list[1]->shares.ns[CAUSE_UNKNOWN], 6 * MS);
	is_int(list[1]->wait.reason, WAIT_FORK);
	model_free(model);
}

static void test_what_is_no_unfinished_stall(void)
{
	static const struct {
		const char *name;
		uint64_t wait_start_ns, wait_woken_ns, call_start_ns;
		uint32_t call_number;
		uint64_t waits, calls, delivery_ns;
	} cases[] = {
		{"nothing", 0, 0, 0, 0, 0, 0, 0},
		{"short", 996 * MS, 996 * MS, 991 * MS, __NR_read, 0, 0, 0},
		{"just long enough", 995 * MS, 995 * MS, 990 * MS, __NR_read, 1, 1, 0},
		{"from the future", 1001 * MS, 0, 1001 * MS, __NR_read, 0, 0, 0},
		{"not yet delivered", 990 * MS, 0, 0, 0, 1, 0, 10 * MS},
		{"delivered later than now", 990 * MS, 2000 * MS, 0, 0, 1, 0, 10 * MS},
		{"no file operation", 0, 0, 1, 511, 0, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = model_with(10, 10, 10, 10);
		struct record_thread record = thread_of(1000 * MS, 1, 1, "p", 0);

		record.wait_start_ns = cases[i].wait_start_ns;
		record.wait_woken_ns = cases[i].wait_woken_ns;
		record.call_start_ns = cases[i].call_start_ns;
		record.call_number = cases[i].call_number;
		model_record(model, &record, sizeof(record));
		look(model);
		okf(model->stalls[STALL_CPU].durations.count == cases[i].waits, "%s: waits",
		    cases[i].name);
		okf(model->stalls[STALL_IO].durations.count == cases[i].calls, "%s: calls",
		    cases[i].name);
		if (cases[i].delivery_ns)
			is_u64(list[0]->wait.delivery_ns, cases[i].delivery_ns);
		model_free(model);
	}
}

/* -- Files --------------------------------------------------------------------------------------- */

static const struct file_id some_file = {.inode = 5, .device = 1};

static void name_file_as(struct model *model, const char *walk, size_t bytes, uint8_t flags)
{
	struct record_file *record = xcalloc(1, sizeof(*record) + bytes);

	record->header.type = RECORD_FILE;
	record->file = some_file;
	record->walk_bytes = (u32)bytes;
	record->flags = flags;
	memcpy(record->data, walk, bytes);
	model_record(model, record, sizeof(*record) + bytes);
	free(record);
}

static const struct stall *stall_of(struct model *model, uint32_t number, uint16_t flags,
				    const char *string, const char *walk, size_t walk_bytes)
{
	size_t bytes = strlen(string) + walk_bytes;
	struct record_io_stall *record = xcalloc(1, sizeof(*record) + bytes);

	record->header = (struct record_header){.type = RECORD_IO_STALL, .time_ns = 30 * MS};
	record->start_ns = 10 * MS;
	record->duration_ns = 20 * MS;
	record->file = some_file;
	record->number = number;
	record->flags = flags;
	record->args[0] = 0x1000;
	record->path[0] = (struct path_part){(u16)strlen(string), (u16)walk_bytes};
	memcpy(record->data, string, strlen(string));
	memcpy(record->data + strlen(string), walk, walk_bytes);
	model_record(model, record, sizeof(*record) + bytes);
	free(record);
	look(model);
	return list[0];
}

static char *mapped(void *context, uint32_t host_pid, uint64_t address, const struct file_id *file)
{
	(void)context;
	(void)host_pid;
	(void)file;
	return address == 0x1000 ? xstrdup("/mapped") : NULL;
}

#define FAULT (IO_PAGE_FAULT | IO_NO_WALK)

static void test_file_names(void)
{
	static const struct {
		const char *name, *string, *walk;
		size_t walk_bytes;
		uint32_t number;
		uint16_t flags;
		bool named, deleted;
		const char *path;
	} cases[] = {
		{"own path", "", "b\0a", 4, __NR_read, IO_HAS_FILE, true, false, "/a/b"},
		{"deleted", "", "b\0", 2, __NR_read, IO_HAS_FILE | IO_DELETED, false, true, "/b"},
		{"relative", "f", "b\0a", 4, __NR_mkdirat, 0, false, false, "/a/b/f"},
		{"gone, named before", "", "", 0, __NR_close, IO_HAS_FILE | IO_NO_WALK, true, true,
		 "/known"},
		{"gone, never named", "", "", 0, __NR_close, IO_HAS_FILE | IO_NO_WALK, false, false,
		 NULL},
		{"root directory", "", "", 0, __NR_fsync, IO_HAS_FILE, false, false, "/"},
		{"no file", "", "", 0, __NR_sync, 0, true, false, NULL},
		{"fault in a file", "", "", 0, 0, FAULT | IO_HAS_FILE, true, true, "/known"},
		{"fault, asked for", "", "", 0, 0, FAULT, true, false, "/mapped"},
		{"fault, file never named", "", "", 0, 0, FAULT | IO_HAS_FILE, false, false,
		 "/mapped"},
		{"cut", "", "b\0a", 4, __NR_read, IO_HAS_FILE | IO_PATH_TRUNCATED, false, false,
		 ".../a/b"},
		{"relative to what was cut", "f", "b\0a", 4, __NR_mkdirat, IO_PATH_TRUNCATED, false,
		 false, ".../a/b/f"},
		{"absolute is never cut", "/f", "", 0, __NR_mkdirat, IO_PATH_TRUNCATED, false,
		 false, "/f"},
	};
	const struct model_limits limits = {10, 10, 10, 10};
	const struct model_resolvers resolvers = {.mapped_file = mapped};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = model_new(&limits, 5 * MS, 10 * MS, &resolvers);

		spans_observe(model);
		const struct stall *stall;
		const char *path;

		if (cases[i].named)
			name_file_as(model, "known", 6, IO_DELETED);
		stall = stall_of(model, cases[i].number, cases[i].flags, cases[i].string,
				 cases[i].walk, cases[i].walk_bytes);
		path = stall->call.path.data;
		if (!okf(path && cases[i].path ? streq(path, cases[i].path) : path == cases[i].path,
			 "%s: path", cases[i].name))
			tap_print_string("got", path);
		okf(stall->call.deleted == cases[i].deleted, "%s: deleted", cases[i].name);
		model_free(model);
	}
}

static void test_file_table(void)
{
	struct model *model = model_with(10, 10, 2, 10);
	struct file_row **files;
	struct file_id id = {.device = 1};
	size_t n;

	/* Totals before the path, the path twice, no path at all. */
	model_file_totals(model, &some_file, &(struct file_totals){.total_ns = 1});
	name_file_as(model, "old", 4, 0);
	name_file_as(model, "new", 4, IO_PATH_TRUNCATED);
	model_file_totals(model, &some_file, &(struct file_totals){.total_ns = 50});
	files = model_files(model, &n);
	is_u64(n, 1);
	is_str(files[0]->path.data, ".../new");
	is_u64(files[0]->totals.total_ns, 50);
	free(files);

	for (uint32_t i = 0; i < 10000; i++) {
		id.inode = i * 7919 % 10007;
		id.generation = i % 2;
		model_file_totals(model, &id, &(struct file_totals){.total_ns = id.inode});
	}
	files = model_files(model, &n);
	is_u64(n, 10001);
	is_u64(files[0]->totals.total_ns, 10006);
	is_u64(files[10000]->totals.total_ns, 0);
	free(files);
	model_free(model);
}

int main(void)
{
	test_longest_are_kept();
	test_first_of_equals();
	test_order_of_equals();
	test_kinds_have_a_cap_each();
	test_a_stall_keeps_its_program();
	test_wait();
	test_call_parts();
	test_request();
	test_unfinished();
	test_what_is_no_unfinished_stall();
	test_file_names();
	test_file_table();
	free(list);
	return tap_done();
}
