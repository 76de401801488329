/* Tests of base/json_writer, report/fill and report/build: numbers, hostile names, what is unknown, odd stalls */
#include "base/json_writer.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "records.h"
#include "report/build.h"
#include "report/fill.h"
#include "report/load.h"
#include "report/write.h"
#include "tap.h"

/* An object being written, and what came of it. */
static struct json_writer json;
static struct arena memory;
static char *text;
static size_t text_bytes;

static void begin(void)
{
	json_writer_open(&json, open_memstream(&text, &text_bytes), JSON_COMPACT);
	json_open_object(&json, NULL);
}

#define is_json(expected)                 \
	do {                              \
		json_close(&json);        \
		fclose(json.out);         \
		is_str(text, (expected)); \
		free(text);               \
		arena_done(&memory);      \
	} while (0)

static void put_known(const char *key, struct optional_u64 number)
{
	if (number.known)
		json_put_u64(&json, key, number.value);
	else
		json_put_null(&json, key);
}

static void test_numbers(void)
{
	begin();
	json_put_u64(&json, "a", 0);
	json_put_u64(&json, "b", 1000000000000000); /* not 1e+15 */
	json_put_u64(&json, "c", UINT64_C(1) << 53);
	json_put_u64(&json, "d", UINT64_MAX);
	json_put_i64(&json, "e", -1);
	json_put_i64(&json, "f", INT64_MIN);
	json_put_i64(&json, "g", INT64_MAX);
	put_known("h", known_u64(5, true));
	put_known("i", known_u64(5, false));
	json_put_bool(&json, "j", true);
	is_json("{\"a\":0,\"b\":1000000000000000,\"c\":9007199254740992,"
		"\"d\":9007199254740992,\"e\":-1,\"f\":-9007199254740992,"
		"\"g\":9007199254740992,\"h\":5,\"i\":null,\"j\":true}");
}

static void test_fractions(void)
{
	begin();
	json_put_number(&json, "a", 0.1);
	json_put_number(&json, "b", 1.0 / 3);
	json_put_number(&json, "c", -0.5);
	json_put_number(&json, "d", 3);
	json_put_number(&json, "e", NAN);
	json_put_number(&json, "f", INFINITY);
	json_put_number(&json, "g", rounded(0.00006));
	is_json("{\"a\":0.1,\"b\":0.33333333333333331,\"c\":-0.5,\"d\":3,\"e\":null,\"f\":null,"
		"\"g\":0.0001}");
}

static void put_name(const char *key, const char *hex_key, const char *data, size_t size)
{
	json_put_text(&json, key, fill_name(&memory, data, size));
	if (hex_key)
		json_put_text(&json, hex_key, fill_hex(&memory, data, size));
}

static void test_names(void)
{
	begin();
	json_put_text(&json, "a", NULL);
	put_name("b", NULL, NULL, 0);
	put_name("c", NULL, "x\xff", 2);
	put_name("d", "d_hex", NULL, 5);
	put_name("e", "e_hex", "x", 1);
	put_name("f", "f_hex", "x\xff", 2);
	put_name("g", "g_hex", "", 0);
	put_name("h", "h_hex", "a\0b", 3);
	is_json("{\"a\":null,\"b\":null,\"c\":\"x\xef\xbf\xbd\",\"d\":null,\"d_hex\":null,"
		"\"e\":\"x\",\"e_hex\":null,\"f\":\"x\xef\xbf\xbd\",\"f_hex\":\"78ff\","
		"\"g\":\"\",\"g_hex\":null,\"h\":\"a\xef\xbf\xbd"
		"b\",\"h_hex\":\"610062\"}");
}

static void test_comm(void)
{
	/* All bytes in use; the kernel cut a character in two. */
	const char whole[] = "0123456789abcdef", torn[] = "0123456789abcd\xe2\x82";

	begin();
	json_put_text(&json, "a", fill_comm(&memory, whole));
	json_put_text(&json, "a_hex", fill_hex(&memory, whole, COMM_BYTES));
	json_put_text(&json, "b", fill_comm(&memory, torn));
	json_put_text(&json, "b_hex", fill_hex(&memory, torn, COMM_BYTES));
	is_json("{\"a\":\"0123456789abcdef\",\"a_hex\":null,\"b\":\"0123456789abcd\xef\xbf\xbd\","
		"\"b_hex\":\"30313233343536373839616263"
		"64e282\"}");
}

static void put_texts(const char *key, const struct texts *texts)
{
	if (!texts->list) {
		json_put_null(&json, key);
		return;
	}
	json_open_array(&json, key);
	for (size_t i = 0; i < texts->count; i++)
		json_put_text(&json, NULL, texts->list[i]);
	json_close(&json);
}

static void put_argv(const char *key, const char *hex_key, const char *data, size_t size)
{
	struct texts texts, hex;

	fill_argv(&memory, data, size, &texts, &hex);
	put_texts(key, &texts);
	put_texts(hex_key, &hex);
}

static void test_argv(void)
{
	begin();
	put_argv("a", "a_hex", NULL, 0);
	put_argv("b", "b_hex", "", 0);
	put_argv("c", "c_hex", "", 1); /* one empty argument */
	put_argv("d", "d_hex", "x\0\0y", 5);
	put_argv("e", "e_hex", "x\0cut", 5);
	put_argv("f", "f_hex", "x\0\xff\0", 4);
	is_json("{\"a\":null,\"a_hex\":null,\"b\":[],\"b_hex\":null,\"c\":[\"\"],\"c_hex\":null,"
		"\"d\":[\"x\",\"\",\"y\"],\"d_hex\":null,\"e\":[\"x\",\"cut\"],\"e_hex\":null,"
		"\"f\":[\"x\",\"\xef\xbf\xbd\"],\"f_hex\":[null,\"ff\"]}");
}

static void put_histogram(const char *key, const struct hist_log2 *histogram)
{
	struct report_waits waits = {0};

	waits.histogram.list = fill_histogram(&memory, histogram, &waits.histogram.count);
	json_open_array(&json, key);
	for (size_t i = 0; i < waits.histogram.count; i++) {
		json_open_array(&json, NULL);
		json_put_u64(&json, NULL, waits.histogram.list[i].lower_ns);
		json_put_u64(&json, NULL, waits.histogram.list[i].count);
		json_close(&json);
	}
	json_close(&json);
}

static void test_histogram(void)
{
	struct hist_log2 histogram = {0};

	begin();
	put_histogram("a", &histogram);
	hist_log2_add(&histogram, 0);
	hist_log2_add(&histogram, 1);
	hist_log2_add(&histogram, 1024);
	hist_log2_add(&histogram, UINT64_C(1) << 47);
	put_histogram("b", &histogram);
	is_json("{\"a\":[],\"b\":[[0,2],[1024,1],[140737488355328,1]]}");
}

static void test_room(void)
{
	begin();
	json.room = (struct json_room){.text_bytes = 4, .items = 2, .whole_levels = 1};
	json_put_text(&json, "a", "1234");
	json_put_text(&json, "b", "12345");
	json_put_text(&json, "c", "123\xc3\xa4");
	is_u64(json_items(&json, 3), 3);
	json_open_object(&json, "d");
	is_u64(json_items(&json, 3), 2);
	json_close(&json);
	is_json("{\"a\":\"1234\",\"b\":\"1234...\",\"c\":\"123\xef\xbf\xbd...\",\"d\":{}}");
}

static void test_lines(void)
{
	json_writer_open(&json, open_memstream(&text, &text_bytes), JSON_LINES);
	json_open_object(&json, NULL);
	json_open_array(&json, "rows");
	for (unsigned i = 0; i < 2; i++) {
		json_open_object(&json, NULL);
		json_put_u64(&json, "a", i);
		json_close(&json);
	}
	json_close(&json);
	json_open_array(&json, "plain");
	json_put_u64(&json, NULL, 1);
	json_close(&json);
	is_json("{\n  \"rows\": [\n    {\"a\":0},\n    {\"a\":1}\n  ],\n  \"plain\": [1]\n}");
}

/* -- Whole reports ------------------------------------------------------------------------------- */

static struct report *build(const struct model *model, struct run_facts *facts)
{
	static char *argv[] = {(char *)"true", NULL};
	struct verdict verdict;
	const struct report_source source = {
		.model = model, .facts = facts, .verdict = &verdict, .complete = true};
	struct report *report;

	facts->argv = argv;
	verdict_reach(model, facts, &verdict);
	report = report_build(&source);
	verdict_done(&verdict);
	return report;
}

static void test_nothing_known(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_NONE}};
	_cleanup_report_ struct report *report = build(model, &facts);

	ok(!report->run.id && !report->run.cwd);
	ok(!report->run.exit.code.known && !report->run.exit.signal.known);
	ok(!report->run.rusage && !report->run.ci);
	ok(!report->run.host.cpus_online.known);
	ok(!report->pressure.cpu && !report->pressure.source.text);
	is_str(report->verdict.status.text, "unmeasured");
	model_free(model);
}

static void test_reason_is_hostile(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_NONE, .reason = xstrdup("/c\xff")}};
	_cleanup_report_ struct report *report = build(model, &facts);

	is_str(report->verdict.sentence, "Not measured: /c\xef\xbf\xbd.");
	report_free(steal_ptr(report));
	facts.trace.status = TRACE_PARTIAL;
	facts.trace.cpu = true;
	report = build(model, &facts);
	is_str(report->verdict.reasons.list[0], "/c\xef\xbf\xbd");
	run_facts_done(&facts);
	model_free(model);
}

static void test_results(void)
{
	static const struct {
		int64_t result;
		const char *error;
	} cases[] = {
		{0, NULL},
		{-2, "ENOENT"},
		{-512, "ERESTARTSYS"},
		{-4095, NULL},
		{-4096, NULL},
		{1, NULL},
		{-(INT64_C(1) << 32) - 2, NULL},
		{INT64_MIN, NULL},
		{INT64_MAX, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model *model = model_with(10, 10, 10, 10);
		struct run_facts facts = {.trace = {.status = TRACE_FULL, .io = true}};
		struct record_io_stall record = {
			.header = {.type = RECORD_IO_STALL, .time_ns = 20 * MS},
			.duration_ns = 20 * MS,
			.number = __NR_mmap,
			.result = cases[i].result,
		};
		_cleanup_report_ struct report *report = NULL;
		const char *error;

		model_record(model, &record, sizeof(record));
		report = build(model, &facts);
		error = report->stalls.list[0].errno_name;
		okf(error && cases[i].error ? streq(error, cases[i].error)
					    : error == cases[i].error,
		    "result %" PRId64 ": %s", cases[i].result, error ? error : "none");
		model_free(model);
	}
}

static void test_unknown_words(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_FULL, .cpu = true, .io = true}};
	struct record_cpu_stall wait = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = 20 * MS},
		.reason = 200,
		.policy = 200,
		.prio = 255,
	};
	_cleanup_report_ struct report *report = NULL;
	const struct report_stall *stall;

	model_record(model, &wait, sizeof(wait));
	io_stall_at(model, 0, 10 * MS, 0, 511);
	report = build(model, &facts);
	stall = report->stalls.list;
	ok(!stall->reason.text && !stall->policy.text);
	is_int(stall->prio.value, -1);
	ok(!stall->pid.known && !stall->waker);
	is_str(stall[1].operation, "unknown");
	model_free(model);
}

static void test_command_line(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_FULL, .cpu = true}};
	_cleanup_report_ struct report *report = NULL;
	const struct report_stall *stall;
	char argv[400];

	/* Characters of three bytes, so that 200 is within one; quoted. */
	memset(argv, 0, sizeof(argv));
	for (size_t i = 0; i < 130; i++)
		memcpy(argv + 3 * i, "\xe2\x82\xac", 3);
	start_at(model, 1, 1, 1, 9, "p");
	exec_bytes(model, 2, 1, "p", argv, 391, "", 0);
	cpu_stall_at(model, 0, 10 * MS, 1);
	exec_at(model, 2, 1, "p", "a\0\0it's\0\x1b", "");
	cpu_stall_at(model, 0, 9 * MS, 1);
	exec_at(model, 2, 1, "p", "", "");
	cpu_stall_at(model, 0, 8 * MS, 1);
	report = build(model, &facts);
	stall = report->stalls.list;
	is_u64(strlen(stall->command), 199);
	ok(startswith(stall->command, "'\xe2\x82\xac"));
	is_str(stall[1].command, "a '' 'it'\\''s' '\x1b'");
	ok(!stall[2].command);
	model_free(model);
}

int main(void)
{
	test_numbers();
	test_fractions();
	test_names();
	test_comm();
	test_argv();
	test_histogram();
	test_room();
	test_lines();
	test_nothing_known();
	test_reason_is_hostile();
	test_results();
	test_unknown_words();
	test_command_line();
	return tap_done();
}
