/* Tests of report/resource_rows: what is unknown is null, shares are rounded, names are made safe */
#include "report/resource_rows.h"

#include <math.h>

#include "base/util.h"
#include "report/load.h"
#include "report/write.h"
#include "tap.h"

#define START_NS UINT64_C(5000000000)

/* The rows as they are in a report. */
static void check(const char *name, const struct run_facts *facts, const char *expected)
{
	_cleanup_report_ struct report *report = xcalloc(1, sizeof(*report));
	_cleanup_free_ char *text = NULL;
	struct json_writer json;
	size_t size;

	report->pressure = resource_rows_pressure(&report->memory, facts);
	report->timeline = resource_rows_timeline(&report->memory, facts);
	json_writer_open(&json, open_memstream(&text, &size), JSON_COMPACT);
	json_open_object(&json, NULL);
	for (size_t i = 0; i < report_fields.count; i++)
		if (streq(report_fields.list[i].name, name))
			field_put(&json, name, &report_fields.list[i], report);
	json_close(&json);
	fclose(json.out);
	is_str(text, expected);
}

static void test_nothing(void)
{
	const struct run_facts facts = {0};

	check("pressure", &facts,
	      "{\"pressure\":{\"cpu\":null,\"io\":null,\"memory\":null,\"source\":null,"
	      "\"steal_ns\":null,\"throttling\":[],\"memory_limits\":[]}}");
	check("timeline", &facts, "{\"timeline\":{\"interval_ns\":1000000000,\"samples\":[]}}");
}

static void test_pressure(void)
{
	struct throttling throttling[] = {
		{.cgroup = "/a\xff", .version = 1, .quota_share = 1.0 / 3, .periods = 3},
		{.cgroup = "/", .version = 2, .quota_share = NAN, .throttled_ns = 7},
	};
	struct memory_limit memory[] = {
		{.cgroup = "/a",
		 .version = 2,
		 .limited = true,
		 .limit_bytes = 4096,
		 .max_events = 2},
		{.cgroup = "/", .version = 1, .limit_bytes = 4096, .oom_kills = 1},
	};
	const struct run_facts facts = {
		.pressure = {.cpu = {true, 5, 4}, .of_cgroup = true, .steal_known = true},
		.limits = {ARRAY_SIZE(throttling), ARRAY_SIZE(memory), throttling, memory},
	};

	check("pressure", &facts,
	      "{\"pressure\":{\"cpu\":{\"some_ns\":5,\"full_ns\":4},\"io\":null,\"memory\":null,"
	      "\"source\":\"cgroup\",\"steal_ns\":0,\"throttling\":["
	      "{\"cgroup\":\"/a\xef\xbf\xbd\",\"controller\":\"v1\",\"quota_share\":0.3333,"
	      "\"periods\":3,\"throttled_periods\":0,\"throttled_ns\":0},"
	      "{\"cgroup\":\"/\",\"controller\":\"v2\",\"quota_share\":null,"
	      "\"periods\":0,\"throttled_periods\":0,\"throttled_ns\":7}],\"memory_limits\":["
	      "{\"cgroup\":\"/a\",\"controller\":\"v2\",\"limit_bytes\":4096,\"max_events\":2,"
	      "\"oom_kills\":0},"
	      "{\"cgroup\":\"/\",\"controller\":\"v1\",\"limit_bytes\":null,\"max_events\":0,"
	      "\"oom_kills\":1}]}}");
}

static void test_timeline(void)
{
	struct timeline_sample samples[] = {
		{START_NS, START_NS + 10, 0.00004, 0.00006, 1, 2.0 / 3, 0.25, 12.5, 1.07, 18000,
		 4096},
		{START_NS + 10, START_NS + 30, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0},
	};
	const struct run_facts facts = {
		.start_ns = START_NS,
		.timeline = {.count = ARRAY_SIZE(samples),
			     .samples = samples,
			     .doublings = 3,
			     .best_gauge_ns = 12000},
	};

	check("timeline", &facts,
	      "{\"timeline\":{\"interval_ns\":8000000000,\"gauge_ns\":12000,\"samples\":["
	      "{\"at_ns\":10,\"cpu_some\":0,\"io_some\":0.0001,\"memory_some\":1,\"steal\":0.6667,"
	      "\"busy\":0.25,\"run_queue\":12.5,\"load\":1.07,\"slowness\":1.5,\"memory_available_bytes\":4096},"
	      "{\"at_ns\":30,\"cpu_some\":null,\"io_some\":null,\"memory_some\":null,"
	      "\"steal\":null,\"busy\":null,\"run_queue\":null,\"load\":null,"
	      "\"memory_available_bytes\":null}]}}");
}

int main(void)
{
	test_nothing();
	test_pressure();
	test_timeline();
	return tap_done();
}
