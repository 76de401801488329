/* Tests of model/model: incomplete records are counted and change nothing; sums; command names; calls */
#include "model/model.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "model/table.h"
#include "records.h"
#include "tap.h"

/* -- Incomplete records ----------------------------------------------------------------------------- */

/* Gives the first `bytes` of a record in memory of exactly that size, for the sanitizer. */
static bool accepted(const void *record, size_t bytes)
{
	struct model *model = model_with(10, 10, 10, 10);
	_cleanup_free_ void *copy = xmalloc(bytes);
	bool bad;

	if (bytes)
		memcpy(copy, record, bytes);
	model_record(model, copy, bytes);
	bad = model->bad_records == 1;
	model_free(model);
	return !bad;
}

static void test_sizes(void)
{
	static const struct {
		const char *name;
		enum record_type type;
		size_t bytes;
	} types[] = {
		{"start", RECORD_THREAD_START, sizeof(struct record_start)},
		{"exec", RECORD_EXEC, sizeof(struct record_exec)},
		{"end", RECORD_THREAD_END, sizeof(struct record_thread)},
		{"left", RECORD_THREAD_LEFT, sizeof(struct record_thread)},
		{"live", RECORD_THREAD_LIVE, sizeof(struct record_thread)},
		{"cpu stall", RECORD_CPU_STALL, sizeof(struct record_cpu_stall)},
		{"io stall", RECORD_IO_STALL, sizeof(struct record_io_stall)},
		{"file", RECORD_FILE, sizeof(struct record_file)},
		{"included", RECORD_INCLUDED, sizeof(struct record_included)},
		{"moved", RECORD_MOVED, sizeof(struct record_header)},
	};
	static _Alignas(8) char memory[1024];
	struct record_header *header = (struct record_header *)memory;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		header->type = types[i].type;
		okf(accepted(memory, types[i].bytes), "%s: whole", types[i].name);
		okf(accepted(memory, types[i].bytes + 7), "%s: longer than needed", types[i].name);
		for (size_t bytes = 0; bytes < types[i].bytes; bytes++)
			if (accepted(memory, bytes))
				okf(false, "%s: %zu bytes are too few", types[i].name, bytes);
	}
	header->type = 0;
	ok(!accepted(memory, sizeof(memory)));
	header->type = 99;
	ok(!accepted(memory, sizeof(memory)));
}

static void test_cpu_stall_bounds(void)
{
	static _Alignas(8) char memory[sizeof(struct record_cpu_stall) + 4 * sizeof(struct slice)];
	struct record_cpu_stall *record = (struct record_cpu_stall *)memory;

	record->header = (struct record_header){.type = RECORD_CPU_STALL, .time_ns = 100};
	record->start_ns = 50;
	record->woken_ns = 60;
	record->queue_count = 2;
	record->queues[0].slices = 3;
	record->queues[1].slices = 1;
	record->slice_count = 4;
	ok(accepted(record, sizeof(memory)));
	ok(!accepted(record, sizeof(memory) - 1));
	record->slice_count = 3; /* the queues claim more slices */
	ok(!accepted(record, sizeof(memory)));
	record->slice_count = 5; /* more slices than the record has */
	ok(!accepted(record, sizeof(memory)));
	record->slice_count = UINT32_MAX;
	ok(!accepted(record, sizeof(memory)));
	record->slice_count = 4;
	record->queue_count = QUEUES_MAX + 1;
	ok(!accepted(record, sizeof(memory)));
	record->queue_count = QUEUES_MAX;
	record->queues[2].slices = record->queues[3].slices = UINT32_MAX;
	ok(!accepted(record, sizeof(memory)));
	record->queue_count = 2;

	record->start_ns = 61; /* starts after the wakeup */
	ok(!accepted(record, sizeof(memory)));
	record->start_ns = 50;
	record->woken_ns = 101; /* woken after its end */
	ok(!accepted(record, sizeof(memory)));
	record->woken_ns = 100;
	ok(accepted(record, sizeof(memory)));
}

static void test_included(void)
{
	static _Alignas(8) char memory[sizeof(struct record_included) + INCLUDE_PATH_BYTES];
	struct record_included *record = (struct record_included *)memory;
	struct model *model = model_with(10, 10, 10, 10);

	record->header.type = RECORD_INCLUDED;
	record->pattern = INCLUDES_MAX - 1;
	record->path_bytes = 5;
	memcpy(record->path, "a/b.c and more", 14);
	ok(accepted(record, sizeof(*record) + 5));
	ok(!accepted(record, sizeof(*record) + 4));
	for (unsigned i = 0; i < INCLUDED_PATHS_MAX + 2; i++)
		model_record(model, record, sizeof(*record) + 5);
	is_u64(model->included[INCLUDES_MAX - 1].count, INCLUDED_PATHS_MAX + 2);
	is_str(model->included[INCLUDES_MAX - 1].paths[INCLUDED_PATHS_MAX - 1], "a/b.c");
	model_free(model);
	record->path_bytes = UINT32_MAX;
	ok(!accepted(record, sizeof(memory)));
	record->path_bytes = 0;
	record->pattern = INCLUDES_MAX;
	ok(!accepted(record, sizeof(memory)));
}

static void test_variable_parts(void)
{
	static _Alignas(8) char memory[512];
	struct record_exec *exec = (struct record_exec *)memory;
	struct record_io_stall *io = (struct record_io_stall *)memory;
	struct record_file *file = (struct record_file *)memory;

	exec->header.type = RECORD_EXEC;
	exec->argv_bytes = 10;
	exec->exe_walk_bytes = 20;
	ok(accepted(exec, sizeof(*exec) + 30));
	ok(!accepted(exec, sizeof(*exec) + 29));
	exec->argv_bytes = ARGV_MAX_BYTES + 1;
	ok(!accepted(exec, sizeof(memory)));
	exec->argv_bytes = UINT32_MAX; /* in 32 bits the sum would wrap to 19 */
	ok(!accepted(exec, sizeof(memory)));
	exec->argv_bytes = 10;
	exec->exe_walk_bytes = UINT32_MAX - 5;
	ok(!accepted(exec, sizeof(memory)));

	memset(memory, 0, sizeof(memory));
	io->header.type = RECORD_IO_STALL;
	io->path[0] = (struct path_part){1, 2};
	io->path[1] = (struct path_part){3, 4};
	ok(accepted(io, sizeof(*io) + 10));
	ok(!accepted(io, sizeof(*io) + 9));
	io->path[1] = (struct path_part){UINT16_MAX, UINT16_MAX};
	ok(!accepted(io, sizeof(memory)));

	memset(memory, 0, sizeof(memory));
	file->header.type = RECORD_FILE;
	file->walk_bytes = 5;
	ok(accepted(file, sizeof(*file) + 5));
	ok(!accepted(file, sizeof(*file) + 4));
	file->walk_bytes = UINT32_MAX;
	ok(!accepted(file, sizeof(memory)));
}

/* -- Sums ---------------------------------------------------------------------------------------- */

static void test_cpu_time(void)
{
	static const struct {
		uint64_t runtime_ns, user_ns, system_ns, expected_user_ns, expected_system_ns;
	} cases[] = {
		{0, 0, 0, 0, 0},
		{100, 0, 0, 100, 0}, /* the tick never saw the thread */
		{100, 4000, 0, 100, 0},
		{100, 0, 4000, 0, 100},
		{100, 3000, 1000, 75, 25},
		{0, 3000, 1000, 0, 0},
		{UINT64_MAX, 0, 1, 0, UINT64_MAX},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX / 2 + 1, UINT64_MAX / 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct thread_sums sums = {
			.runtime_ns = cases[i].runtime_ns,
			.user_ns = cases[i].user_ns,
			.system_ns = cases[i].system_ns,
		};
		uint64_t user_ns, system_ns;

		thread_sums_cpu_time(&sums, &user_ns, &system_ns);
		is_u64(user_ns, cases[i].expected_user_ns);
		is_u64(system_ns, cases[i].expected_system_ns);
	}
}

static void test_io_sums(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct record_thread record = thread_of(10, 1, 1, "p", 0);
	struct thread_sums sums;

	record.io = (struct io_totals){.count = 2,
				       .total_ns = 30,
				       .max_ns = 20,
				       .bytes_read = 5,
				       .bytes_written = 6,
				       .errors = 1};
	record.run_delay_ns = 3;
	record.runtime_ns = 4;
	start_at(model, 1, 1, 1, 9, "p");
	model_record(model, &record, sizeof(record));
	record.io.max_ns = 10;
	model_record(model, &record, sizeof(record));
	model_sums(model, &sums);
	is_u64(sums.io.count, 4);
	is_u64(sums.io.total_ns, 60);
	is_u64(sums.io.max_ns, 20);
	is_u64(sums.io.bytes_read, 10);
	is_u64(sums.io.bytes_written, 12);
	is_u64(sums.io.errors, 2);
	is_u64(sums.run_delay_ns, 6);
	is_u64(sums.runtime_ns, 8);
	model_free(model);
}

static void test_moved(void)
{
	const struct record_header record = {.type = RECORD_MOVED};
	struct model *model = model_with(10, 10, 10, 10);

	model_record(model, &record, sizeof(record));
	model_record(model, &record, sizeof(record));
	is_u64(model->moved, 2);
	is_u64(model->bad_records, 0);
	model_free(model);
}

/* -- Command names ------------------------------------------------------------------------------- */

static void test_commands(void)
{
	struct model *model = model_with(10, 10, 10, 3);
	struct command *commands;
	uint64_t left_out;
	size_t n;

	/* Ended: a, b, c and two processes with names beyond the limit. */
	for (uint32_t i = 0; i < 8; i++) {
		static const char *const names[] = {"a", "b", "c", "d", "a", "e", "b", "a"};

		start_at(model, i, i + 1, i + 1, 9, names[i]);
		end_at(model, 100 + i, i + 1, i + 1, names[i], 10 * (i + 1));
	}
	commands = model_commands(model, &n, &left_out);
	is_u64(n, 3);
	is_u64(left_out, 2);
	is_str(commands[0].comm, "a");
	is_u64(commands[0].processes, 3);
	is_u64(commands[0].waits.total_ns, 10 + 50 + 80);
	is_str(commands[1].comm, "b");
	is_str(commands[2].comm, "c");
	free(commands);

	/* Alive: they count in their names, and push out a name with a shorter wait. */
	start_at(model, 200, 50, 50, 9, "b");
	start_at(model, 201, 51, 51, 9, "new");
	start_at(model, 202, 52, 52, 9, "new");
	model_snapshot_begin(model, false);
	alive_at(model, 300, 200, 50, 50, "b", 1000);
	alive_at(model, 300, 201, 51, 51, "new", 500);
	commands = model_commands(model, &n, &left_out);
	is_u64(n, 3);
	is_str(commands[0].comm, "b");
	is_u64(commands[0].processes, 3);
	is_u64(commands[0].waits.total_ns, 20 + 70 + 1000);
	is_str(commands[1].comm, "new");
	is_u64(commands[1].processes, 2);
	is_str(commands[2].comm, "a");
	is_u64(left_out, 2 + 1);
	free(commands);
	model_free(model);

	/* A name that fills all its bytes has no NUL. */
	model = model_with(10, 10, 10, 10);
	start_at(model, 1, 1, 1, 9, "0123456789abcdef");
	start_at(model, 1, 2, 2, 9, "0123456789abcdeg");
	end_at(model, 2, 1, 1, "0123456789abcdef", 1);
	commands = model_commands(model, &n, &left_out);
	is_u64(n, 2);
	free(commands);
	model_free(model);
}

static void test_many_commands(void)
{
	struct model *model = model_with(10, 10, 10, 100000);
	struct command *commands;
	uint64_t left_out, processes = 0;
	char name[COMM_BYTES + 1];
	size_t n;

	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "c%u", i % 1000);
		start_at(model, i, i + 1, i + 1, 9, name);
		if (i < 2500)
			end_at(model, i + 1, i + 1, i + 1, name, 1);
	}
	commands = model_commands(model, &n, &left_out);
	is_u64(n, 1000);
	is_u64(left_out, 0);
	for (size_t i = 0; i < n; i++)
		processes += commands[i].processes;
	is_u64(processes, 3000);
	is_u64(commands[0].processes, 3);
	free(commands);
	model_free(model);
}

/* -- Calls --------------------------------------------------------------------------------------- */

static void test_call_totals(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct call_row *calls = model_calls(model, (size_t[1]){0});
	size_t n;

	free(calls);
	model_call_totals(model, __NR_read, &(struct call_totals){.count = 1, .total_ns = 5});
	model_call_totals(model, __NR_write, &(struct call_totals){.count = 1, .total_ns = 9});
	model_call_totals(model, __NR_close, &(struct call_totals){.count = 1, .total_ns = 9});
	model_call_totals(model, __NR_read, &(struct call_totals){.count = 2, .total_ns = 7});
	calls = model_calls(model, &n);
	is_u64(n, 3);
	is_int(calls[0].number, MIN(__NR_write, __NR_close));
	is_int(calls[2].number, __NR_read);
	is_u64(calls[2].totals.count, 2);
	free(calls);
	model_free(model);
}

int main(void)
{
	test_sizes();
	test_cpu_stall_bounds();
	test_included();
	test_variable_parts();
	test_cpu_time();
	test_io_sums();
	test_moved();
	test_commands();
	test_many_commands();
	test_call_totals();
	return tap_done();
}
