/* Tests of spans/span*: which span each stall belongs to, for messages in any order */
#include "span_steps.h"

/* -- Owners of stalls ------------------------------------------------------------------------------ */

static void test_by_time(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 1, "p");
	begin(model, 10, 100, "a", "");
	stall(model, 10, 10, 110, 120);
	end(model, 10, 200, "a", "passed");
	stall(model, 10, 10, 210, 220);
	begin(model, 10, 300, "b", "");
	end(model, 10, 400, "b", "failed");
	/* Arrives last, but happened in b; and one that overlaps the end of a and is mostly outside a. */
	stall(model, 10, 10, 350, 360);
	stall(model, 10, 10, 190, 290);
	finish(model);
	is_u64(count, 2);
	is_str(owner(model, 110), "a");
	is_str(owner(model, 210), "nobody");
	is_str(owner(model, 350), "b");
	is_str(owner(model, 190), "nobody");
	is_u64(stalls_of("a"), 1);
	is_u64(stalls_of("b"), 1);
	is_u64(span_stalled_ns(find("a")), 10 * MS);
	is_int(find("b")->outcome, SPAN_FAILED);
	model_free(model);
}

/* The order of arrival must not matter. */
static void test_messages_late(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 1, "p");
	start_at(model, 105 * MS, 11, 11, 10, "child");
	stall(model, 11, 11, 110, 120);
	stall(model, 10, 10, 210, 220);
	end_at(model, 130 * MS, 11, 11, "child", 0);
	end(model, 10, 200, "a", "passed");
	begin(model, 10, 100, "a", "");
	end(model, 10, 200, "a", "passed");
	model_spans_finalize(model, 5000 * MS, 0);
	finish(model);
	is_str(owner(model, 110), "a");
	is_str(owner(model, 210), "nobody");
	/* The only loss is an end without a begin. */
	is_u64(loss_of(model, SPAN_LOSS_UNKNOWN), 1);
	model_free(model);
}

static void test_by_process(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 1, 1, 0, "main");
	for (uint32_t worker = 10; worker < 26; worker++) {
		_cleanup_free_ char *id = xasprintf("test%u", worker);

		start_at(model, 2 * MS, worker, worker, 1, "worker");
		start_at(model, 3 * MS, worker + 100, worker + 100, worker, "child");
		start_at(model, 4 * MS, worker + 200, worker + 200, worker + 100, "grandchild");
		/* The process in between ends: its child still descends from the worker. */
		end_at(model, 5 * MS, worker + 100, worker + 100, "child", 0);
		begin(model, worker, 10, id, "");
	}
	stall(model, 213, 213, 20, 40);
	stall(model, 1, 1, 25, 45);
	for (uint32_t worker = 10; worker < 26; worker++) {
		_cleanup_free_ char *id = xasprintf("test%u", worker);

		end(model, worker, 100, id, "passed");
	}
	finish(model);
	is_str(owner(model, 20), "test13");
	is_str(owner(model, 25), "nobody");
	for (uint32_t worker = 10; worker < 26; worker++) {
		_cleanup_free_ char *id = xasprintf("test%u", worker);

		is_u64(stalls_of(id), worker == 13);
	}
	model_free(model);
}

static void test_reused_pid(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "a");
	start_at(model, 1 * MS, 20, 20, 0, "b");
	begin(model, 10, 5, "a", "");
	begin(model, 20, 5, "b", "");
	start_at(model, 10 * MS, 30, 30, 10, "child");
	end_at(model, 20 * MS, 30, 30, "child", 0);
	start_at(model, 30 * MS, 30, 30, 20, "child");
	stall(model, 30, 30, 12, 18);
	stall(model, 30, 30, 32, 38);
	finish(model);
	is_str(owner(model, 12), "a");
	is_str(owner(model, 32), "b");
	model_free(model);
}

static void test_tree(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "suite");
	start_at(model, 2 * MS, 11, 11, 10, "runner");
	begin(model, 10, 5, "suite", "");
	begin(model, 11, 6, "file", "");
	begin(model, 11, 7, "class", "");
	begin(model, 11, 8, "test", "");
	stall(model, 11, 11, 10, 20);
	end(model, 11, 30, "test", "failed");
	stall(model, 11, 11, 31, 39);
	end(model, 11, 40, "class", "");
	stall(model, 11, 11, 41, 49);
	end(model, 11, 50, "file", "");
	stall(model, 11, 11, 51, 59);
	end(model, 10, 60, "suite", "failed");
	finish(model);
	is_str(owner(model, 10), "test");
	is_str(owner(model, 31), "class");
	is_str(owner(model, 41), "file");
	is_str(owner(model, 51), "suite");
	is_u64(stalls_of("test"), 1);
	is_u64(stalls_of("class"), 2);
	is_u64(stalls_of("file"), 3);
	is_u64(stalls_of("suite"), 4);
	ok(find("test")->parent == find("class") && find("class")->parent == find("file") &&
	   find("file")->parent == find("suite") && !find("suite")->parent);
	ok(find("suite")->has_tests && find("file")->has_tests && !find("test")->has_tests);
	model_free(model);
}

static void test_threads(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 5, "file", "");
	begin(model, 10, 6, "a", ",\"tid\":11,\"parent\":\"file\"");
	stall(model, 10, 13, 7, 9);
	begin(model, 10, 10, "b", ",\"tid\":12,\"parent\":\"file\"");
	stall(model, 10, 11, 20, 30);
	stall(model, 10, 12, 21, 31);
	stall(model, 10, 13, 22, 32);
	end(model, 10, 40, "a", "passed");
	stall(model, 10, 13, 50, 60);
	end(model, 10, 70, "b", "passed");
	finish(model);
	/* A stall of another thread belongs to the test as long as there is only one test. */
	is_str(owner(model, 7), "a");
	is_str(owner(model, 20), "a");
	is_str(owner(model, 21), "b");
	is_str(owner(model, 22), "file");
	is_str(owner(model, 50), "b");
	model_free(model);
}

static void test_parallel_without_threads(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	start_at(model, 1 * MS, 20, 20, 10, "child");
	begin(model, 10, 6, "a", "");
	begin(model, 10, 7, "inner", "");
	begin(model, 10, 8, "b", ",\"parent\":\"nobody knows\"");
	stall(model, 10, 11, 20, 30);
	/* "b" was begun inside of "inner" as far as one can tell: without threads or parents all nest. */
	end(model, 10, 40, "inner", "passed");
	stall(model, 20, 20, 50, 60);
	finish(model);
	is_str(owner(model, 20), "b");
	is_str(owner(model, 50), "b");
	model_free(model);

	model = model_with(100, 100, 10, 10);
	start_at(model, 1 * MS, 10, 10, 0, "p");
	start_at(model, 1 * MS, 20, 20, 10, "child");
	begin(model, 10, 6, "a", ",\"tid\":1");
	begin(model, 10, 7, "b", ",\"tid\":2");
	stall(model, 10, 3, 20, 30);
	stall(model, 20, 20, 21, 31);
	finish(model);
	is_str(owner(model, 20), "nobody");
	is_str(owner(model, 21), "nobody");
	ok(!find("b")->parent);
	model_free(model);
}

static void test_who_is_traced(void)
{
	struct model *model = model_with(100, 100, 10, 10);
	struct record_thread record = thread_of(50 * MS, 10, 10, "p", 0);

	tell(model, 20, "{\"v\":1,\"event\":\"begin\",\"id\":\"a\",\"name\":\"a\"}");
	ok(!model_is_traced(model, 20, 7, 5 * MS));
	start_at(model, 1 * MS, 10, 10, 0, "p");
	okf(model_is_traced(model, 10, 7, 5 * MS), "whatever user it is");
	record.uid = 7;
	model_record(model, &record, sizeof(record));
	ok(model_is_traced(model, 10, 7, 60 * MS));
	okf(!model_is_traced(model, 10, 8, 60 * MS), "its PID may be another's by now");
	model_spans_finalize(model, 100 * MS, 0);
	ok(!model_is_traced(model, 10, 7, 60 * MS));
	model_free(model);
}

/* -- Ends ------------------------------------------------------------------------------------------ */

static void test_unfinished(void)
{
	struct model *model = model_with(100, 100, 10, 10);
	struct record_thread record = thread_of(50 * MS, 10, 10, "p", 0);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	start_at(model, 1 * MS, 20, 20, 0, "q");
	start_at(model, 1 * MS, 30, 30, 10, "child");
	begin(model, 10, 5, "file", "");
	begin(model, 10, 6, "crashed", "");
	begin(model, 20, 6, "left", "");
	record.exit_code = 11;
	model_record(model, &record, sizeof(record));
	stall(model, 30, 30, 60, 70);
	finish(model);
	is_int(find("crashed")->outcome, SPAN_ERROR);
	ok(!find("crashed")->ended);
	is_u64(find("crashed")->end_ns, 50 * MS);
	is_int(find("left")->outcome, SPAN_UNKNOWN);
	is_u64(find("left")->end_ns, 1000000 * MS);
	ok(find("file")->has_tests && !find("crashed")->has_tests);
	/* The process ended before: the stall belongs to no span. */
	is_str(owner(model, 60), "nobody");
	model_free(model);
}

static void test_window(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 5, "a", "");
	end(model, 10, 100, "a", "passed");
	model_spans_finalize(model, 50 * MS, 0);
	/* Its middle is before the sweep: it counts at the current time of the sweep. */
	stall(model, 10, 10, 10, 20);
	is_str(owner(model, 10), "nobody");
	model_spans_finalize(model, 200 * MS, 0);
	is_str(owner(model, 10), "a");
	stall(model, 10, 10, 90, 99);
	finish(model);
	is_str(owner(model, 90), "nobody");
	is_u64(stalls_of("a"), 1);
	model_free(model);
}

/* -- Counts ---------------------------------------------------------------------------------------- */

static void test_counts(void)
{
	struct model *model = model_with(100, 100, 10, 10);
	struct span_counts counts;

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 100, "stalled", "");
	stall(model, 10, 10, 110, 120);
	end(model, 10, 150, "stalled", "failed");
	begin(model, 10, 200, "clean", "");
	end(model, 10, 250, "clean", "error");
	whole(model, 99, 400, 450, "of a container", "failed");
	whole(model, 10, 500, 550, "passed", "passed");
	finish(model);
	model_span_counts(model, &counts);
	is_u64(counts.outcomes[SPAN_FAILED], 2);
	is_u64(counts.outcomes[SPAN_ERROR], 1);
	is_u64(counts.outcomes[SPAN_PASSED], 1);
	is_u64(counts.failed_gone, 0);
	model_free(model);
}

static void test_phases(void)
{
	struct model *model = model_with(100, 100, 10, 10);

	begin(model, 10, 1, "t", "");
	tell(model, 10,
	     "{\"v\":1,\"event\":\"end\",\"id\":\"t\",\"time_ns\":90000000,\"outcome\":\"passed\",\"phases\":"
	     "[[\"setup\",10000000],[\"call\",20000000],[\"a name that is far too long\",30000000]]}");
	finish(model);
	ok(!span_phase_at(find("t"), 5 * MS));
	is_str(span_phase_at(find("t"), 15 * MS), "setup");
	is_str(span_phase_at(find("t"), 20 * MS), "call");
	is_str(span_phase_at(find("t"), 80 * MS), "a name that is ");
	model_free(model);
}

/* -- Sums ------------------------------------------------------------------------------------------ */

static void test_time_stood_still(void)
{
	struct model *model = model_with(1000, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 100, "t", "");
	/* Two threads at the same time count once, in any order. */
	stall(model, 10, 10, 200, 300);
	stall(model, 10, 11, 250, 350);
	stall(model, 10, 12, 120, 130);
	stall(model, 10, 13, 125, 210);
	/* Time outside the span does not count. */
	stall(model, 10, 14, 90, 112);
	end(model, 10, 400, "t", "passed");
	finish(model);
	is_u64(span_stalled_ns(find("t")), (12 + 230) * MS);
	is_u64(find("t")->stalls->max_ns, 100 * MS);
	is_u64(stalls_of("t"), 5);
	model_free(model);

	/* Far more intervals than are kept one by one. */
	model = model_with(1000, 100, 10, 10);
	start_at(model, 1 * MS, 10, 10, 0, "p");
	begin(model, 10, 100, "t", "");
	for (uint64_t i = 0; i < 500; i++)
		stall(model, 10, 10, 1000 + i * 20, 1000 + i * 20 + 10);
	end(model, 10, 100000, "t", "passed");
	finish(model);
	is_u64(span_stalled_ns(find("t")), 5000 * MS);
	is_u64(stalls_of("t"), 500);
	model_free(model);
}

static void test_exact_although_dropped(void)
{
	struct model *model = model_with(3, 100, 10, 10);

	start_at(model, 1 * MS, 10, 10, 0, "p");
	for (uint64_t test = 1; test < 11; test++) {
		_cleanup_free_ char *id = xasprintf("t%" PRIu64, test);

		begin(model, 10, test * 1000, id, "");
		for (uint64_t i = 0; i < 50; i++)
			stall(model, 10, 10, test * 1000 + i * 10, test * 1000 + i * 10 + 6);
		end(model, 10, test * 1000 + 900, id, "passed");
		model_spans_finalize(model, test * 1000 * MS, 0);
	}
	finish(model);
	is_u64(model->stalls[STALL_CPU].dropped, 497);
	for (uint64_t test = 1; test < 11; test++) {
		_cleanup_free_ char *id = xasprintf("t%" PRIu64, test);

		is_u64(stalls_of(id), 50);
		is_u64(span_stalled_ns(find(id)), 300 * MS);
	}
	model_free(model);
}

int main(void)
{
	test_by_time();
	test_messages_late();
	test_by_process();
	test_reused_pid();
	test_who_is_traced();
	test_tree();
	test_threads();
	test_parallel_without_threads();
	test_unfinished();
	test_window();
	test_counts();
	test_phases();
	test_time_stood_still();
	test_exact_although_dropped();
	free(list);
	return tap_done();
}
