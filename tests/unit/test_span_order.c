/* Messages about spans in senseless orders, and processes that end in between */
#include "span_check.h"
#include "span_steps.h"

static void turn(struct model *model, uint32_t pid, uint64_t ms, const char *id, const char *event)
{
	_cleanup_free_ char *json =
		xasprintf("{\"v\":1,\"event\":\"%s\",\"id\":\"%s\",\"time_ns\":%" PRIu64 "}", event,
			  id, ms * MS);

	tell(model, pid, json);
}

/* Whatever the messages, the spans are consistent, now and at the end. */
static void holds(struct model *model)
{
	const char *fault = span_fault(model);

	okf(!fault, "%s", fault ? fault : "as told");
	finish(model);
	fault = span_fault(model);
	okf(!fault, "%s", fault ? fault : "at the end");
}

static struct model *of_two_processes(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 900 * MS, 10, 10, 1, "one");
	start_at(model, 900 * MS, 11, 11, 1, "other");
	return model;
}

static uint64_t unknown(const struct model *model)
{
	return loss_of(model, SPAN_LOSS_UNKNOWN);
}

/* Each message is valid by itself; once they made the list of open spans a circle. */
static void test_paused_below_another(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	begin(model, 10, 1010, "b", "");
	turn(model, 10, 1020, "a", "pause");
	turn(model, 10, 1030, "a", "resume");
	end(model, 10, 1040, "a", "passed");
	begin(model, 10, 1050, "c", ",\"tid\":5");
	stall(model, 10, 10, 1052, 1058);
	end(model, 10, 1060, "c", "passed");
	end(model, 10, 1070, "b", "passed");
	stall(model, 10, 10, 1072, 1078);
	holds(model);
	is_str(owner(model, 1052), "c");
	is_str(owner(model, 1072), "nobody");
	is_u64(unknown(model), 0);
	model_free(model);
}

/* Like an end, a pause is not before the begin; a begin in the future counts at its arrival. */
static void test_turns_before_the_begin(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	turn(model, 10, 500, "a", "resume");
	begin(model, 10, 1010, "b", "");
	turn(model, 10, 500, "b", "pause");
	stall(model, 10, 10, 1020, 1030);
	turn(model, 10, 1040, "b", "resume");
	stall(model, 10, 10, 1050, 1060);
	end(model, 10, 500, "a", "passed");
	end(model, 10, 1070, "b", "passed");
	holds(model);
	is_str(owner(model, 1020), "nobody");
	is_str(owner(model, 1050), "b");
	is_u64(find("a")->end_ns, 1000 * MS);
	model_free(model);
}

static void test_turns_twice(void)
{
	static const char *const turns[] = {"pause", "pause", "resume", "resume", "pause"};
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	for (unsigned i = 0; i < ARRAY_SIZE(turns); i++) {
		turn(model, 10, 1010 + 10 * i, "a", turns[i]);
		stall(model, 10, 10, 1012 + 10 * i, 1018 + 10 * i);
	}
	end(model, 10, 1100, "a", "passed");
	holds(model);
	is_str(owner(model, 1022), "nobody");
	is_str(owner(model, 1042), "a");
	is_str(owner(model, 1052), "nobody");
	is_u64(unknown(model), 0);
	model_free(model);
}

/* A paused span ends with its process, like an open one. A later resume is refused and counted. */
static void test_process_ends_while_paused(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	turn(model, 10, 1010, "a", "pause");
	end_at(model, 1020 * MS, 10, 10, "one", 0);
	turn(model, 11, 1030, "a", "resume");
	stall(model, 11, 11, 1040, 1050);
	model_spans_finalize(model, 1025 * MS, 0);
	ok(!span_fault(model));
	turn(model, 11, 1060, "a", "resume");
	end(model, 11, 1070, "a", "passed");
	holds(model);
	is_u64(find("a")->end_ns, 1020 * MS);
	is_int((int)find("a")->outcome, SPAN_UNKNOWN);
	is_str(owner(model, 1040), "nobody");
	/* One was queued when the process ended, two came after the end of the span. */
	is_u64(unknown(model), 3);
	model_free(model);
}

/* A process that has sent its message and ended before latwrap reads it. */
static void test_begins_after_its_process(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	end_at(model, 950 * MS, 10, 10, "one", 0);
	turn(model, 11, 1010, "a", "pause");
	turn(model, 11, 1020, "a", "resume");
	model_spans_finalize(model, 1015 * MS, 0);
	ok(!span_fault(model));
	end(model, 11, 1030, "a", "passed");
	holds(model);
	is_int((int)find("a")->outcome, SPAN_PASSED);
	is_u64(find("a")->end_ns, 1030 * MS);
	model_free(model);
}

static void test_same_ids(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", ",\"parent\":\"a\"");
	begin(model, 10, 1000, "a", ",\"parent\":\"a\"");
	begin(model, 11, 1000, "a", ",\"parent\":\"a\"");
	turn(model, 10, 1010, "a", "pause");
	turn(model, 11, 1010, "a", "pause");
	turn(model, 10, 1020, "a", "resume");
	end(model, 10, 1030, "a", "passed");
	end(model, 10, 1030, "a", "passed");
	end(model, 10, 1030, "a", "passed");
	end(model, 10, 1030, "a", "passed");
	holds(model);
	is_u64(unknown(model), 1);
	model_free(model);
}

/* A message ends a span that the model began itself, and the span is dropped: its process does not know that. */
static void test_ends_what_was_planned(void)
{
	struct model *model = of_two_processes();

	model->spans->rows = 1;
	tell(model, 10,
	     "{\"v\":1,\"event\":\"plan\",\"id\":\"p\",\"name\":\"planned\",\"argv\":[\"t\"]}");
	start_at(model, 1000 * MS, 20, 20, 10, "t");
	exec_at(model, 1001 * MS, 20, "t", "t\0", "t\0/\0");
	end(model, 20, 1002, "p", "passed");
	begin(model, 11, 1003, "failed", "");
	end(model, 11, 1004, "failed", "failed");
	model_spans_finalize(model, 1010 * MS, 0);
	end_at(model, 1020 * MS, 20, 20, "t", 0);
	holds(model);
	ok(find("failed") != NULL);
	model_free(model);
}

/* No record has that time; but no record may end a process twice, either. */
static void test_ends_at_no_time(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	ok(lineage_ended(&model->spans->lineage, 10, 0, false) != NULL);
	ok(!lineage_ended(&model->spans->lineage, 10, 0, false));
	holds(model);
	model_free(model);
}

/* Each dropped span releases its parent, which is more interesting than others: all of them go, in one step. */
static void test_parents_of_what_is_dropped(void)
{
	struct model *model = model_with(0, 100, 100, 100);
	uint64_t ms = 1000;

	model->spans->rows = 100;
	start_at(model, 900 * MS, 10, 10, 1, "one");
	for (unsigned i = 0; i < 1000; i++, ms += 10) {
		begin(model, 10, ms, "outer", "");
		begin(model, 10, ms + 1, "inner", "");
		end(model, 10, ms + 2, "inner", "");
		end(model, 10, ms + 3, "outer", i % 3 ? "failed" : "");
	}
	model_spans_finalize(model, ms * MS, 0);
	is_u64(model->spans->heap_count, 100);
	holds(model);
	model_free(model);
}

int main(void)
{
	test_paused_below_another();
	test_turns_before_the_begin();
	test_turns_twice();
	test_process_ends_while_paused();
	test_begins_after_its_process();
	test_same_ids();
	test_ends_what_was_planned();
	test_ends_at_no_time();
	test_parents_of_what_is_dropped();
	free(list);
	return tap_done();
}
