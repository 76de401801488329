/* Tests of report/json and report/build: numbers, hostile names, what is unknown, odd stalls */
#include "report/json.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "records.h"
#include "report/build.h"
#include "report/load.h"
#include "report/write.h"
#include "tap.h"

static char *print(const cJSON *item)
{
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	report_print_json(item, out);
	fclose(out);
	text[size - 1] = '\0'; /* the newline */
	return text;
}

/* An object's lines joined, so that it can be compared at a glance. */
#define is_json(object, expected)                              \
	do {                                                   \
		_cleanup_free_ char *tap_text = print(object); \
		char *tap_to = tap_text;                       \
		for (const char *p = tap_text; *p; p++)        \
			if (*p != '\n' && *p != ' ')           \
				*tap_to++ = *p;                \
		*tap_to = '\0';                                \
		is_str(tap_text, expected);                    \
	} while (0)

static void test_numbers(void)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();

	json_u64(object, "a", 0);
	json_u64(object, "b", 1000000000000000); /* not 1e+15 */
	json_u64(object, "c", UINT64_C(1) << 53);
	json_u64(object, "d", UINT64_MAX);
	json_i64(object, "e", -1);
	json_i64(object, "f", INT64_MIN);
	json_i64(object, "g", INT64_MAX);
	json_u64_known(object, "h", 5, true);
	json_u64_known(object, "i", 5, false);
	json_bool(object, "j", true);
	is_json(object, "{\"a\":0,\"b\":1000000000000000,\"c\":9007199254740992,"
			"\"d\":9007199254740992,\"e\":-1,\"f\":-9007199254740992,"
			"\"g\":9007199254740992,\"h\":5,\"i\":null,\"j\":true}");
}

static void test_names(void)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();

	json_text(object, "a", NULL);
	json_name(object, "b", NULL, 0);
	json_name(object, "c", "x\xff", 2);
	json_name_hex(object, "d", NULL, 5);
	json_name_hex(object, "e", "x", 1);
	json_name_hex(object, "f", "x\xff", 2);
	json_name_hex(object, "g", "", 0);
	json_name_hex(object, "h", "a\0b", 3);
	is_json(object, "{\"a\":null,\"b\":null,\"c\":\"x\xef\xbf\xbd\",\"d\":null,\"d_hex\":null,"
			"\"e\":\"x\",\"e_hex\":null,\"f\":\"x\xef\xbf\xbd\",\"f_hex\":\"78ff\","
			"\"g\":\"\",\"g_hex\":null,\"h\":\"a\xef\xbf\xbd"
			"b\",\"h_hex\":\"610062\"}");
}

static void test_comm(void)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();

	/* All bytes in use; the kernel cut a character in two. */
	json_comm(object, "a", "0123456789abcdef");
	json_comm(object, "b", "0123456789abcd\xe2\x82");
	is_json(object,
		"{\"a\":\"0123456789abcdef\",\"a_hex\":null,\"b\":\"0123456789abcd\xef\xbf\xbd\","
		"\"b_hex\":\"30313233343536373839616263"
		"64e282\"}");
}

static void test_argv(void)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();

	json_argv(object, "a", NULL, 0);
	json_argv(object, "b", "", 0);
	json_argv(object, "c", "", 1); /* one empty argument */
	json_argv(object, "d", "x\0\0y", 5);
	json_argv(object, "e", "x\0cut", 5);
	json_argv(object, "f", "x\0\xff\0", 4);
	is_json(object,
		"{\"a\":null,\"a_hex\":null,\"b\":[],\"b_hex\":null,\"c\":[\"\"],\"c_hex\":null,"
		"\"d\":[\"x\",\"\",\"y\"],\"d_hex\":null,\"e\":[\"x\",\"cut\"],\"e_hex\":null,"
		"\"f\":[\"x\",\"\xef\xbf\xbd\"],\"f_hex\":[null,\"ff\"]}");
}

static void test_histogram(void)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();
	struct hist_log2 histogram = {0};

	json_histogram(object, "a", &histogram);
	hist_log2_add(&histogram, 0);
	hist_log2_add(&histogram, 1);
	hist_log2_add(&histogram, 1024);
	hist_log2_add(&histogram, UINT64_C(1) << 47);
	json_histogram(object, "b", &histogram);
	is_json(object, "{\"a\":[],\"b\":[[0,2],[1024,1],[140737488355328,1]]}");
}

/* -- Whole reports ------------------------------------------------------------------------------- */

static cJSON *build(const struct model *model, struct run_facts *facts)
{
	static char *argv[] = {(char *)"true", NULL};
	struct verdict verdict;
	const struct report_source source = {
		.model = model, .facts = facts, .verdict = &verdict, .complete = true};
	cJSON *report;

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
	_cleanup_json_ cJSON *report = build(model, &facts);

	ok(report_known(report, "run.duration_ns"));
	ok(!report_known(report, "run.id") && report_get(report, "run.id"));
	ok(!report_known(report, "run.cwd") && report_get(report, "run.cwd"));
	ok(!report_known(report, "run.exit.code") && !report_known(report, "run.exit.signal"));
	ok(!report_known(report, "run.rusage") && !report_known(report, "run.ci"));
	ok(!report_known(report, "run.host.cpus_online"));
	ok(!report_known(report, "pressure.cpu") && !report_known(report, "pressure.source"));
	is_str(report_string(report, "verdict.status", ""), "unmeasured");
	model_free(model);
}

static void test_reason_is_hostile(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_NONE, .reason = xstrdup("/c\xff")}};
	_cleanup_json_ cJSON *report = build(model, &facts);

	is_str(report_string(report, "verdict.sentence", ""), "Not measured: /c\xef\xbf\xbd.");
	cJSON_Delete(steal_ptr(report));
	facts.trace.status = TRACE_PARTIAL;
	facts.trace.cpu = true;
	report = build(model, &facts);
	is_str(report_string(report_array(report, "verdict.reasons")->child, "", ""),
	       "/c\xef\xbf\xbd");
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
		_cleanup_json_ cJSON *report = NULL;
		const char *error;

		model_record(model, &record, sizeof(record));
		report = build(model, &facts);
		error = report_string(report_array(report, "stalls")->child, "errno", NULL);
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
	_cleanup_json_ cJSON *report = NULL;
	const cJSON *stall;

	model_record(model, &wait, sizeof(wait));
	io_stall_at(model, 0, 10 * MS, 0, 511);
	report = build(model, &facts);
	stall = report_array(report, "stalls")->child;
	ok(!report_known(stall, "reason") && !report_known(stall, "policy"));
	is_int(report_i64(stall, "prio", 0), -1);
	ok(!report_known(stall, "pid") && !report_known(stall, "waker"));
	is_str(report_string(stall->next, "operation", ""), "unknown");
	model_free(model);
}

static void test_command_line(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_FULL, .cpu = true}};
	_cleanup_json_ cJSON *report = NULL;
	const cJSON *stall;
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
	stall = report_array(report, "stalls")->child;
	is_u64(strlen(report_string(stall, "command", "")), 199);
	ok(startswith(report_string(stall, "command", ""), "'\xe2\x82\xac"));
	is_str(report_string(stall->next, "command", ""), "a '' 'it'\\''s' '\x1b'");
	ok(!report_known(stall->next->next, "command"));
	model_free(model);
}

int main(void)
{
	test_numbers();
	test_names();
	test_comm();
	test_argv();
	test_histogram();
	test_nothing_known();
	test_reason_is_hostile();
	test_results();
	test_unknown_words();
	test_command_line();
	return tap_done();
}
