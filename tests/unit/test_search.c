/* Tests of shake/search: which test is disturbed next, and what a run has shown */
#include "shake/search.h"

#include "catalog/words.h"
#include "tap.h"

#define MS                  UINT64_C(1000000)
#define TESTS               3
#define RUNS_ENOUGH         300
#define DISTURBANCES_LISTED 10000

struct simulated {
	const char *name;
	uint64_t deadline_ns; /* fails if it stands still for so long; 0: always fails */
	bool is_machines_fault; /* if it fails */
	bool is_unannounced; /* it is known only when the run is over */
};

static char *no_names[] = {NULL};

static const struct search_options usual = {
	.seed = 1,
	.longest_ns = 1000 * MS,
	.is_search = true,
	.tries = 3,
	.undisturbed = 2,
	.names = no_names,
};

static struct report_span span_of(const struct simulated *test, size_t i, uint64_t start_ns,
				  uint64_t held_up_ns)
{
	bool failed = held_up_ns >= test->deadline_ns;

	return (struct report_span){
		.id = i + 1,
		.name = test->name,
		.runner = "command",
		.outcome = {failed ? "failed" : "passed", failed ? SPAN_FAILED : SPAN_PASSED},
		.start_ns = {start_ns, true},
		.end_ns = {start_ns + 100 * MS + held_up_ns, true},
		.duration_ns = {100 * MS + held_up_ns, true},
		.answer = {failed ? "code" : NULL,
			   test->is_machines_fault ? ANSWER_MACHINE : ANSWER_CODE},
	};
}

static void disturb(struct search *search, uint32_t test, uint64_t start_ns, uint64_t length_ns)
{
	search_disturbed(search, test,
			 &(struct search_disturbance){start_ns, start_ns + length_ns, length_ns,
						      length_ns});
}

/* One run: the tests begin one after the other, and each stands still when the search asks for it. */
static void run_some(struct search *search, const struct simulated *tests, size_t count,
		     bool until_failure)
{
	struct report_span spans[TESTS];
	struct report report = {.spans = {spans, 0},
				.run = {.pid = {7, true}, .exit.code = {0, true}}};
	uint64_t now = 0;

	for (size_t i = 0; i < count && !report.run.exit.code.value; i++) {
		const struct test_key key = {tests[i].name, NULL, "command"};
		uint64_t length_ns = 0;
		struct disturb_steps steps = {0};
		uint32_t number = 0;

		if (!tests[i].is_unannounced)
			number = search_test_begun(search, &key, true, &steps);
		for (size_t k = 0; k < steps.count; k++) {
			disturb(search, number, now + steps.list[k].offset_ns,
				steps.list[k].length_ns);
			length_ns += steps.list[k].length_ns;
		}
		spans[i] = span_of(&tests[i], i, now, length_ns);
		now += spans[i].duration_ns.value;
		report.spans.count++;
		report.run.exit.code.value = until_failure && spans[i].outcome.value == SPAN_FAILED;
	}
	report.run.duration_ns = now;
	search_take_run(search, &report, 0);
}

static void run(struct search *search, const struct simulated *tests, size_t count)
{
	run_some(search, tests, count, false);
}

static unsigned run_all(struct search *search, const struct simulated *tests, size_t count)
{
	unsigned runs = 0;

	while (runs < RUNS_ENOUGH && search_next(search) != SEARCH_DONE) {
		run(search, tests, count);
		runs++;
	}
	return runs;
}

static void test_all(void)
{
	const struct simulated tests[TESTS] = {{"brittle", 50 * MS, false, false},
					       {"robust", 5000 * MS, false, false},
					       {"broken", 0, false, false}};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};

	ok(run_all(search, tests, TESTS) < 30);
	search_result(search, &found);
	is_u64(found.tests.count, TESTS);
	is_str(found.tests.list[0].name, "brittle");
	is_str(found.tests.list[0].status.text, "fails");
	ok(found.tests.list[0].bears->ns < 50 * MS && found.tests.list[0].fails->ns >= 50 * MS);
	ok(found.tests.list[0].offset_ns.known && found.tests.list[0].offset_ns.value < 100 * MS);
	is_str(found.tests.list[1].name, "robust");
	is_str(found.tests.list[1].status.text, "bears");
	is_u64(found.tests.list[1].bears->ns, 1000 * MS);
	is_str(found.tests.list[2].name, "broken");
	is_str(found.tests.list[2].status.text, "fails-anyway");
	is_u64(found.tests.list[2].disturbed.count, 0);
	ok(found.disturbances.count > 0 && found.disturbances.list[0].hit);
	is_str(found.disturbances.list[0].answer.text, "code");
	arena_done(&found.memory);
}

/* A failure that the machine made says nothing of the test, disturbed or not. */
static void test_spoiled(void)
{
	const struct simulated test = {"spoiled", 50 * MS, true, false};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};

	ok(run_all(search, &test, 1) < RUNS_ENOUGH);
	search_result(search, &found);
	is_u64(found.tests.list[0].disturbed.failed, 0);
	ok(found.tests.list[0].spoiled > 0);
	ok(!found.tests.list[0].fails);
	arena_done(&found.memory);
}

static void test_same_places(void)
{
	const struct simulated test = {"robust", 5000 * MS, false, false};
	uint64_t places[2][3];

	for (int i = 0; i < 2; i++) {
		_cleanup_(search_freep) struct search *search = search_new(&usual);
		struct shake found = {0};

		run_all(search, &test, 1);
		search_result(search, &found);
		for (size_t k = 0; k < 3; k++)
			places[i][k] = found.disturbances.list[k].start_ns;
		arena_done(&found.memory);
	}
	ok(memcmp(places[0], places[1], sizeof(places[0])) == 0);
	ok(places[0][0] != places[0][1] && places[0][1] != places[0][2]);
}

/* A search that was stopped after the first failures is not sure of them. */
static void test_stopped(void)
{
	const struct simulated test = {"brittle", 50 * MS, false, false};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};

	for (int i = 0; i < 4; i++) {
		search_next(search);
		run(search, &test, 1);
	}
	search_result(search, &found);
	ok(found.tests.list[0].disturbed.failed > 0);
	is_str(found.tests.list[0].status.text, "unsure");
	ok(!found.tests.list[0].fails);
	arena_done(&found.memory);
}

/* Held up by the disturbance of another test: neither its own nor an undisturbed run */
static void test_held_up_by_another(void)
{
	const struct simulated tests[] = {{"one", 5000 * MS, false, false},
					  {"other", 5000 * MS, false, false}};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};
	struct report_span spans[2];
	struct report report = {.spans = {spans, 2}, .run.duration_ns = 2000 * MS};

	for (int i = 0; i < 2; i++) {
		search_next(search);
		run(search, tests, 2);
	}
	ok(search_next(search) == SEARCH_DISTURBED);
	/* Both run at the same time; one is disturbed, and both fail. */
	disturb(search, 1, 50 * MS, 1000 * MS);
	for (size_t i = 0; i < 2; i++) {
		spans[i] = span_of(&tests[i], i, 0, 1000 * MS);
		spans[i].outcome = (struct word){"failed", SPAN_FAILED};
	}
	search_take_run(search, &report, 0);
	search_result(search, &found);
	for (size_t i = 0; i < 2; i++) {
		const struct shake_test *row = &found.tests.list[i];

		is_u64(row->undisturbed.count, 2);
		is_u64(row->undisturbed.failed, 0);
		is_u64(row->disturbed.count, streq(row->name, "one"));
	}
	arena_done(&found.memory);
}

/* A run has time for one disturbance: a test that cannot be reached must not keep it for ever. */
static void test_unannounced(void)
{
	const struct simulated tests[] = {{"printed", 5000 * MS, false, true},
					  {"brittle", 50 * MS, false, false}};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};

	ok(run_all(search, tests, 2) < 50);
	search_result(search, &found);
	is_str(found.tests.list[0].name, "brittle");
	is_str(found.tests.list[0].status.text, "fails");
	is_str(found.tests.list[1].status.text, "not-reached");
	is_u64(found.tests.list[1].undisturbed.failed, 0);
	arena_done(&found.memory);
}

static void test_changing_names(void)
{
	struct simulated tests[] = {{NULL, 5000 * MS, false, false},
				    {"brittle", 50 * MS, false, false}};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};
	unsigned runs = 0;

	for (; runs < RUNS_ENOUGH && search_next(search) != SEARCH_DONE; runs++) {
		_cleanup_free_ char *name = xasprintf("run %u", runs);

		tests[0].name = name;
		run(search, tests, 2);
	}
	ok(runs < 50);
	search_result(search, &found);
	is_str(found.tests.list[0].name, "brittle");
	is_str(found.tests.list[0].status.text, "fails");
	arena_done(&found.memory);
}

/* A runner that ends at the first failure: the second test has its turn when the first is done. */
static void test_cut_short(void)
{
	const struct simulated tests[] = {{"brittle", 50 * MS, false, false},
					  {"robust", 5000 * MS, false, false}};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct shake found = {0};

	for (unsigned runs = 0; runs < RUNS_ENOUGH && search_next(search) != SEARCH_DONE; runs++)
		run_some(search, tests, 2, true);
	search_result(search, &found);
	is_str(found.tests.list[0].name, "brittle");
	is_str(found.tests.list[1].status.text, "bears");
	is_u64(found.tests.list[1].missed, 0);
	arena_done(&found.memory);
}

/* Two undisturbed runs of the test; then it begins in a run that disturbs it. */
static void begin_disturbed(struct search *search, const struct simulated *test)
{
	const struct test_key key = {test->name, NULL, "command"};
	struct disturb_steps steps;

	for (int i = 0; i < 2; i++) {
		search_next(search);
		run(search, test, 1);
	}
	ok(search_next(search) == SEARCH_DISTURBED);
	search_test_begun(search, &key, true, &steps);
}

/* More disturbances than the report lists: the last one still counts as one. */
static void test_many_disturbances(void)
{
	const struct simulated test = {"brittle", 50 * MS, false, false};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct report_span span = span_of(&test, 0, 0, 1000 * MS);
	const struct report report = {.spans = {&span, 1},
				      .run.duration_ns = span.duration_ns.value};
	struct shake found = {0};

	begin_disturbed(search, &test);
	for (uint64_t i = 0; i < DISTURBANCES_LISTED; i++)
		disturb(search, 1, 5000 * MS, MS);
	disturb(search, 1, 50 * MS, 1000 * MS);
	search_take_run(search, &report, 0);
	search_result(search, &found);
	is_u64(found.disturbances.count, DISTURBANCES_LISTED);
	is_u64(found.disturbances_dropped, 1);
	is_u64(found.tests.list[0].undisturbed.failed, 0);
	is_u64(found.tests.list[0].disturbed.failed, 1);
	arena_done(&found.memory);
}

/* One process did not freeze: the failure counts neither as disturbed nor as undisturbed. */
static void test_partly_disturbed(void)
{
	const struct simulated test = {"brittle", 50 * MS, false, false};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct report_span span = span_of(&test, 0, 0, 1000 * MS);
	const struct report report = {.spans = {&span, 1},
				      .run.duration_ns = span.duration_ns.value};
	struct shake found = {0};

	begin_disturbed(search, &test);
	search_disturbed(search, 1, &(struct search_disturbance){50 * MS, 1050 * MS, 1000 * MS, 0});
	search_take_run(search, &report, 0);
	search_result(search, &found);
	is_u64(found.tests.list[0].undisturbed.count, 2);
	is_u64(found.tests.list[0].undisturbed.failed, 0);
	is_u64(found.tests.list[0].disturbed.count, 0);
	is_u64(found.tests.list[0].missed, 1);
	ok(!found.disturbances.list[0].hit);
	arena_done(&found.memory);
}

/* No disturbance came: a test that reads files only at its begin gets the next one near there. */
static void test_missed(void)
{
	const struct simulated test = {"brief", 50 * MS, false, false};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	const struct test_key key = {test.name, NULL, "command"};
	struct report_span span = span_of(&test, 0, 0, 0);
	const struct report report = {.spans = {&span, 1},
				      .run.duration_ns = span.duration_ns.value};
	struct disturb_steps steps;

	begin_disturbed(search, &test);
	for (uint64_t most_ns = 100 * MS / 4; most_ns > MS; most_ns /= 4) {
		search_take_run(search, &report, 0);
		ok(search_next(search) == SEARCH_DISTURBED);
		search_test_begun(search, &key, true, &steps);
		ok(steps.count == 1 && steps.list[0].offset_ns < most_ns);
	}
}

static void test_chosen(void)
{
	const struct simulated tests[] = {{"one", 50 * MS, false, false},
					  {"other", 50 * MS, false, false}};
	char other[] = "other";
	struct search_options options = usual;
	_cleanup_(search_freep) struct search *search = NULL;
	struct shake found = {0};

	options.names = (char *[]){other, NULL};
	options.has_offset = true;
	options.offset_ns = 7 * MS;
	search = search_new(&options);
	run_all(search, tests, 2);
	search_result(search, &found);
	is_str(found.tests.list[0].name, "other");
	is_u64(found.tests.list[0].offset_ns.value, 7 * MS);
	is_str(found.tests.list[1].status.text, "not-tried");
	arena_done(&found.memory);
}

/* The command counts as a test only while no run names one. */
static void test_command(void)
{
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	const struct report report = {
		.run = {.duration_ns = 100 * MS, .pid = {7, true}, .exit.code = {0, true}}};
	const struct simulated test = {"named", 5000 * MS, false, false};
	struct shake found = {0};

	search_next(search);
	search_take_run(search, &report, 0);
	search_result(search, &found);
	ok(found.tests.count == 1 && !found.tests.list[0].name);
	arena_done(&found.memory);
	found = (struct shake){0};
	search_next(search);
	run(search, &test, 1);
	search_result(search, &found);
	is_u64(found.tests.count, 2);
	arena_done(&found.memory);
}

/* --timeout ended the run, and then the command says that all is well. */
static void test_timed_out(void)
{
	const struct simulated tests[] = {{"over", 5000 * MS, false, false},
					  {"open", 5000 * MS, false, false}};
	_cleanup_(search_freep) struct search *search = search_new(&usual);
	struct report_span spans[] = {span_of(&tests[0], 0, 0, 0),
				      span_of(&tests[1], 1, 100 * MS, 0)};
	struct report report = {.spans = {spans, 2},
				.run.duration_ns = 200 * MS,
				.run.pid = {7, true},
				.run.exit = {.code = {0, true}, .timed_out = true}};
	struct shake found = {0};

	search_next(search);
	search_take_run(search, &report, 150 * MS);
	search_result(search, &found);
	is_u64(found.undisturbed.failed, 1);
	is_str(found.tests.list[0].name, "open");
	is_str(found.tests.list[0].status.text, "fails-anyway");
	is_u64(found.tests.list[1].undisturbed.failed, 0);
	arena_done(&found.memory);
}

int main(void)
{
	test_all();
	test_spoiled();
	test_same_places();
	test_stopped();
	test_held_up_by_another();
	test_unannounced();
	test_changing_names();
	test_cut_short();
	test_many_disturbances();
	test_partly_disturbed();
	test_missed();
	test_chosen();
	test_command();
	test_timed_out();
	return tap_done();
}
