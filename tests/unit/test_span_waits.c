/* Tests of spans/: the sum of waits too short for stalls, for each test */
#include "span_check.h"
#include "span_steps.h"

/* sum_ms of short waits, and one wait of long_ms. */
static void waits(struct model *model, uint32_t pid, uint64_t from_ms, uint64_t until_ms,
		  uint32_t sum_ms, uint32_t long_ms)
{
	const struct record_off_cpu record = {
		.header = {.type = RECORD_OFF_CPU, .time_ns = until_ms * MS},
		.id = task_of(pid, pid),
		.since_ns = from_ms * MS,
		.from_ns = (until_ms - long_ms) * MS,
		.woken_ns = (until_ms - long_ms) * MS,
		.wait_ns = {[BEHIND_OUTSIDE] = long_ms * MS},
		.short_wait_ns = {[BEHIND_OUTSIDE] = (uint32_t)(sum_ms / 2 * MS),
				  [BEHIND_UNKNOWN] = (uint32_t)((sum_ms - sum_ms / 2) * MS)},
	};

	model_record(model, &record, sizeof(record));
}

static struct model *of_two_processes(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 900 * MS, 10, 10, 1, "one");
	start_at(model, 900 * MS, 11, 11, 10, "child");
	return model;
}

/* The part of a piece inside the span counts; a stall has its own record. */
static void test_pieces(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "outer", "");
	begin(model, 10, 1100, "a", "");
	waits(model, 10, 1090, 1120, 6, 0);
	waits(model, 11, 1120, 1150, 5, 4);
	waits(model, 10, 1150, 1180, 5, 6);
	end(model, 10, 1200, "a", "failed");
	waits(model, 10, 1190, 1240, 10, 0);
	end(model, 10, 1400, "outer", "");
	finish(model);
	is_u64(find("a")->waits_ns, (4 + 9 + 5) * MS);
	is_u64(find("outer")->waits_ns, (6 + 9 + 5 + 10) * MS);
	ok(!find("a")->stalls);
	ok(!span_fault(model));
	model_free(model);
}

/* Waits after the test is known to have failed explain nothing. */
static void test_after_the_failure(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	tell(model, 10,
	     "{\"v\":1,\"event\":\"update\",\"id\":\"a\",\"outcome\":\"failed\",\"time_ns\":1100000000}");
	waits(model, 10, 1120, 1180, 50, 0);
	end(model, 10, 1200, "a", "failed");
	finish(model);
	is_u64(find("a")->waits_ns, 0);
	model_free(model);
}

/* Two tests at the same time: the waits may belong to either. */
static void test_two_at_once(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "all", "");
	begin(model, 10, 1010, "a", ",\"parent\":\"all\"");
	begin(model, 10, 1010, "b", ",\"parent\":\"all\"");
	waits(model, 10, 1020, 1060, 20, 0);
	end(model, 10, 1100, "a", "failed");
	end(model, 10, 1100, "b", "failed");
	end(model, 10, 1110, "all", "");
	finish(model);
	is_u64(find("a")->waits_ns, 20 * MS);
	is_u64(find("b")->waits_ns, 20 * MS);
	is_u64(find("all")->waits_ns, 20 * MS);
	model_free(model);
}

/* Counts cover all spans, also those without a row. */
static void test_dropped(void)
{
	struct model *model = of_two_processes();
	uint64_t ms = 1000;

	model->spans->rows = 2;
	for (unsigned i = 0; i < 10; i++, ms += 100) {
		begin(model, 10, ms, "t", "");
		waits(model, 10, ms, ms + 50, i % 2 ? 20 : 5, 0);
		end(model, 10, ms + 99, "t", "failed");
	}
	finish(model);
	model_free(model);
}

static void test_flood(void)
{
	struct model *model = of_two_processes();

	begin(model, 10, 1000, "a", "");
	for (unsigned i = 0; i < SPAN_QUEUED_MAX + 3; i++)
		waits(model, 10, 1000, 1010, 5, 0);
	is_u64(loss_of(model, SPAN_LOSS_WAITS), 3);
	model_free(model); /* with all of them in the queue */
}

int main(void)
{
	test_pieces();
	test_after_the_failure();
	test_two_at_once();
	test_dropped();
	test_flood();
	free(list);
	return tap_done();
}
