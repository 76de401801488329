/* Spans that pause and resume, and stalls that may belong to several spans */
#include "span_steps.h"

static void turn(struct model *model, uint32_t pid, uint64_t ms, const char *id, const char *event)
{
	_cleanup_free_ char *json =
		xasprintf("{\"v\":1,\"event\":\"%s\",\"id\":\"%s\",\"time_ns\":%" PRIu64 "}", event,
			  id, ms * MS);

	tell(model, pid, json);
}

static struct model *two_tests(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 900 * MS, 10, 10, 1, "tests");
	begin(model, 10, 1000, "all", "");
	begin(model, 10, 1010, "a", ",\"parent\":\"all\"");
	return model;
}

static void test_turns(void)
{
	struct model *model = two_tests();

	turn(model, 10, 1020, "a", "pause");
	begin(model, 10, 1021, "b", ",\"parent\":\"all\"");
	stall(model, 10, 10, 1030, 1040);
	end(model, 10, 1050, "b", "failed");
	stall(model, 10, 10, 1052, 1058);
	turn(model, 10, 1060, "a", "resume");
	stall(model, 10, 10, 1070, 1080);
	end(model, 10, 1090, "a", "failed");
	stall(model, 10, 10, 1091, 1099);
	finish(model);
	is_str(owner(model, 1030), "b");
	is_str(owner(model, 1052), "all");
	is_str(owner(model, 1070), "a");
	is_str(owner(model, 1091), "all");
	ok(!find("a")->ambiguous && !find("b")->ambiguous && !find("all")->ambiguous);
	is_u64(find("a")->end_ns, 1090 * MS);
	is_u64(stalls_of("all"), 4);
	model_free(model);
}

static void test_ambiguous(void)
{
	struct model *model = two_tests();

	begin(model, 10, 1011, "b", ",\"parent\":\"all\"");
	begin(model, 10, 1012, "c", ",\"parent\":\"all\",\"tid\":77");
	stall(model, 10, 10, 1030, 1040);
	end(model, 10, 1050, "a", "failed");
	end(model, 10, 1050, "b", "passed");
	end(model, 10, 1050, "c", "failed");
	begin(model, 10, 1060, "d", ",\"parent\":\"all\"");
	end(model, 10, 1070, "d", "failed");
	finish(model);
	is_str(owner(model, 1030), "all");
	ok(find("a")->ambiguous && find("b")->ambiguous);
	/* The span gives its thread, and is the only one. */
	ok(!find("c")->ambiguous && !find("d")->ambiguous);
	model_free(model);
}

static void test_out_of_order(void)
{
	struct model *model = two_tests();

	turn(model, 10, 1020, "a", "resume");
	turn(model, 10, 1021, "a", "pause");
	turn(model, 10, 1022, "a", "pause");
	turn(model, 10, 1080, "a", "resume");
	turn(model, 10, 1090, "a", "pause");
	end(model, 10, 1050, "a", "passed");
	turn(model, 10, 1095, "a", "resume");
	turn(model, 10, 1020, "nobody", "pause");
	stall(model, 10, 10, 1060, 1070);
	end_at(model, 1099 * MS, 10, 10, "tests", 0);
	finish(model);
	is_str(owner(model, 1060), "all");
	/* Two came after the end, and two are about a time after it. */
	is_u64(loss_of(model, SPAN_LOSS_UNKNOWN), 4);
	is_int((int)find("a")->outcome, SPAN_PASSED);
	model_free(model);

	model = two_tests();
	turn(model, 10, 1020, "a", "pause");
	model_free(model); /* with a pause in the queue */
	ok(true);
}

/* The process that relays the output of tests also waits. */
static void test_helper(void)
{
	struct model *model = two_tests();
	struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = 1040 * MS},
		.id = task_of(11, 11),
		.start_ns = 1030 * MS,
		.woken_ns = 1030 * MS,
	};

	start_at(model, 1005 * MS, 11, 11, 10, "tests");
	set_comm(record.comm, "latwrap-helpful");
	model_record(model, &record, sizeof(record));
	record.start_ns = record.woken_ns = 1031 * MS;
	set_comm(record.comm, SPAN_HELPER_COMM);
	model_record(model, &record, sizeof(record));
	finish(model);
	is_str(owner(model, 1030), "a");
	is_str(owner(model, 1031), "nobody");
	model_free(model);
}

int main(void)
{
	test_helper();
	test_turns();
	test_ambiguous();
	test_out_of_order();
	free(list);
	return tap_done();
}
