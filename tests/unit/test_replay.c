/* Tests of shake/replay: the stalls of a failed test become disturbances in the same places */
#include "shake/replay.h"

#include "catalog/words.h"
#include "tap.h"

#define MS UINT64_C(1000000)

static char *no_names[] = {NULL};
static const struct search_options options = {
	.seed = 1, .longest_ns = MS, .tries = 1, .undisturbed = 1, .names = no_names};

static struct report_span span_of(uint64_t id, uint64_t parent, const char *name, bool failed)
{
	return (struct report_span){
		.id = id,
		.parent = {parent, parent > 0},
		.name = name,
		.outcome = {failed ? "failed" : "passed", failed ? SPAN_FAILED : SPAN_PASSED},
		.start_ns = {1000 * MS, true},
		.end_ns = {2000 * MS, true},
		.duration_ns = {1000 * MS, true},
		.answer = {failed ? "code" : NULL, ANSWER_CODE},
	};
}

static struct report_stall stall_of(uint64_t span, uint64_t start_ns, uint64_t duration_ns)
{
	return (struct report_stall){
		.start_ns = start_ns, .duration_ns = duration_ns, .span_id = {span, span > 0}};
}

/* What is done to this test once it has passed undisturbed */
static struct disturb_steps steps_of(struct search *search, const char *name)
{
	struct report_span passed = span_of(1, 0, name, false);
	const struct report report = {
		.spans = {&passed, name ? 1 : 0},
		.run = {.pid = {7, true}, .duration_ns = 3000 * MS, .exit.code = {0, true}}};
	struct disturb_steps steps;

	search_next(search);
	search_take_run(search, &report, 0);
	search_next(search);
	search_test_begun(search, &(struct test_key){.name = name}, true, &steps);
	return steps;
}

static void test_stalls_of_a_test(void)
{
	struct report_span spans[] = {span_of(1, 0, "failed", true), span_of(2, 1, "phase", false),
				      span_of(3, 0, "passed", false)};
	/* Two that overlap, one below, one that began before the test, and those of others */
	struct report_stall stalls[] = {
		stall_of(1, 1300 * MS, 100 * MS), stall_of(1, 1350 * MS, 100 * MS),
		stall_of(2, 1700 * MS, 20 * MS),  stall_of(1, 900 * MS, 150 * MS),
		stall_of(3, 1500 * MS, 50 * MS),  stall_of(0, 1500 * MS, 50 * MS),
	};
	const struct report report = {.spans = {spans, 3}, .stalls = {stalls, 6}};
	_cleanup_(search_freep) struct search *search = search_new(&options);
	struct disturb_steps steps;

	/* The phase has no outcome of its own: else it would be the test. */
	spans[1].outcome = (struct word){NULL, -1};
	is_u64(replay_plan(&report, DISTURB_PAUSE, search), 1);
	steps = steps_of(search, "failed");
	is_u64(steps.count, 3);
	is_u64(steps.list[0].offset_ns, 0);
	is_u64(steps.list[0].length_ns, 50 * MS);
	is_u64(steps.list[1].offset_ns, 300 * MS);
	is_u64(steps.list[1].length_ns, 150 * MS);
	is_u64(steps.list[2].offset_ns, 700 * MS);
	is_u64(steps.list[2].length_ns, 20 * MS);
}

static void test_other_tests_are_left_alone(void)
{
	struct report_span spans[] = {span_of(1, 0, "failed", true),
				      span_of(2, 0, "passed", false)};
	struct report_stall stalls[] = {stall_of(1, 1300 * MS, MS), stall_of(2, 1300 * MS, MS)};
	const struct report report = {.spans = {spans, 2}, .stalls = {stalls, 2}};
	_cleanup_(search_freep) struct search *search = search_new(&options);

	is_u64(replay_plan(&report, DISTURB_PAUSE, search), 1);
	is_u64(steps_of(search, "passed").count, 0);
}

static void test_longest_stay(void)
{
	struct report_span span = span_of(1, 0, "failed", true);
	struct report_stall stalls[DISTURB_STEPS_MAX + 5];
	struct report report = {.spans = {&span, 1}, .stalls = {stalls, DISTURB_STEPS_MAX + 5}};
	_cleanup_(search_freep) struct search *search = search_new(&options);
	struct disturb_steps steps;

	for (size_t i = 0; i < report.stalls.count; i++)
		stalls[i] = stall_of(1, (1000 + 10 * i) * MS, (i < 5 ? 1 : 2) * MS);
	is_u64(replay_plan(&report, DISTURB_PAUSE, search), 1);
	steps = steps_of(search, "failed");
	is_u64(steps.count, DISTURB_STEPS_MAX);
	is_u64(steps.list[0].offset_ns, 50 * MS);
	is_u64(steps.list[0].length_ns, 2 * MS);
}

/* Slow files are slow file operations: waits for a CPU are left out. */
static void test_files(void)
{
	struct report_span span = span_of(1, 0, "failed", true);
	struct report_stall stalls[] = {stall_of(1, 1100 * MS, 20 * MS),
					stall_of(1, 1300 * MS, 30 * MS)};
	struct report report = {.spans = {&span, 1}, .stalls = {stalls, 2}};
	_cleanup_(search_freep) struct search *search = search_new(&options);
	_cleanup_(search_freep) struct search *other = search_new(&options);
	struct disturb_steps steps;

	stalls[0].kind = (struct word){"cpu", STALL_CPU};
	stalls[1].kind = (struct word){"io", STALL_IO};
	is_u64(replay_plan(&report, DISTURB_FILES, search), 1);
	steps = steps_of(search, "failed");
	is_u64(steps.count, 1);
	is_u64(steps.list[0].offset_ns, 300 * MS);
	is_u64(steps.list[0].length_ns, 30 * MS);
	report.stalls.count = 1;
	is_u64(replay_plan(&report, DISTURB_FILES, other), 0);
}

static void test_command(void)
{
	struct report_stall stall = stall_of(0, 500 * MS, 30 * MS);
	struct report report = {.stalls = {&stall, 1},
				.run = {.pid = {7, true}, .exit.code = {1, true}}};
	_cleanup_(search_freep) struct search *search = search_new(&options);
	_cleanup_(search_freep) struct search *other = search_new(&options);

	is_u64(replay_plan(&report, DISTURB_PAUSE, search), 1);
	is_u64(steps_of(search, NULL).list[0].offset_ns, 500 * MS);
	report.run.exit.code.value = 0;
	is_u64(replay_plan(&report, DISTURB_PAUSE, other), 0);
}

/* A loop of parents, as a forged report may have it */
static void test_hostile(void)
{
	struct report_span spans[] = {span_of(1, 2, "a", true), span_of(2, 1, "b", true),
				      span_of(3, 0, "c", true)};
	struct report_stall stalls[] = {stall_of(1, UINT64_MAX - 1, UINT64_MAX),
					stall_of(2, 0, UINT64_MAX), stall_of(9, 0, 1)};
	const struct report report = {.spans = {spans, 3}, .stalls = {stalls, 3}};
	_cleanup_(search_freep) struct search *search = search_new(&options);

	ok(replay_plan(&report, DISTURB_PAUSE, search) <= 3);
}

int main(void)
{
	test_stalls_of_a_test();
	test_other_tests_are_left_alone();
	test_longest_stay();
	test_files();
	test_command();
	test_hostile();
	return tap_done();
}
