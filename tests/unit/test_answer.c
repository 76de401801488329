/* Tests of answer/answer: whose fault a failed test was, and the sentence that says why */
#include "answer/answer.h"
#include "answer/baseline.h"

#include <math.h>
#include <signal.h>

#include "span_steps.h"

static struct run_facts facts;
static struct answers answers;

static struct model *new_model(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	model->cpu_threshold_ns = model->io_threshold_ns = 5 * MS;
	facts = (struct run_facts){
		.trace = {.status = TRACE_FULL, .cpu = true, .io = true},
		.pid = 10,
		.start_ns = 900 * MS,
		.end_ns = 9000 * MS,
		.exit = {.ended = true, .code = 1},
	};
	start_at(model, 900 * MS, 10, 10, 1, "tests");
	return model;
}

static void judge(struct model *model)
{
	finish(model);
	answers_reach(model, &facts, &answers);
}

static enum answer answer(const char *name)
{
	_cleanup_free_ char *evidence = NULL;

	return answer_of(&answers, find(name), &evidence);
}

static void done(struct model *model)
{
	answers_done(&answers);
	model_free(model);
}

static void is_evidence(const char *name, const char *expected)
{
	_cleanup_free_ char *evidence = NULL;

	answer_of(&answers, find(name), &evidence);
	is_str(evidence, expected);
}

/* A test of 100 ms that waits for so many of them, from `ms` on; waker: who woke it. */
static void test_of(struct model *model, uint64_t ms, const char *name, const char *outcome,
		    uint64_t slept, uint64_t waited, enum wake_how how, enum wait_class behind)
{
	static uint64_t last = 900;

	if (ms < last)
		last = 900;
	begin(model, 10, ms, name, "");
	if (slept + waited)
		off_cpu(model, 10, last, ms + 1, ms + 1 + slept, ms + 1 + slept + waited, how, 0,
			behind);
	last = slept + waited ? ms + 1 + slept + waited : last;
	end(model, 10, ms + 100, name, outcome);
}

static void test_whose(void)
{
	struct model *model = new_model();

	test_of(model, 1000, "machine", "failed", 0, 40, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1200, "crowded", "failed", 0, 40, WOKEN_BY_NOBODY, BEHIND_INSIDE);
	test_of(model, 1400, "code", "failed", 0, 4, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1600, "waited", "error", 80, 0, WOKEN_BY_PACKET, BEHIND_OUTSIDE);
	test_of(model, 1800, "passed", "passed", 0, 40, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 2000, "unseen", "failed", 50, 0, WOKEN_UNSEEN, BEHIND_OUTSIDE);
	test_of(model, 2200, "both", "failed", 0, 30, WOKEN_BY_NOBODY, BEHIND_STEAL);
	judge(model);
	is_int(answer("machine"), ANSWER_MACHINE);
	is_int(answer("crowded"), ANSWER_CROWDED);
	is_int(answer("code"), ANSWER_CODE);
	is_int(answer("waited"), ANSWER_WAITED);
	is_int(answer("passed"), ANSWER_NONE);
	is_int(answer("unseen"), ANSWER_UNMEASURED);
	is_int(answer("both"), ANSWER_MACHINE);
	is_u64(answers.count[ANSWER_MACHINE], 2);
	is_u64(answers.count[ANSWER_NONE], 0);
	is_evidence("machine", "the machine took 40ms of its 100ms: "
			       "it waited 40ms for a CPU that another program had");
	is_evidence("crowded",
		    "the run itself took 40ms of its 100ms: it waited 40ms for a CPU that "
		    "other threads of the run had: run fewer jobs at a time");
	is_evidence("code", "it worked 96ms of its 100ms, and lost 4ms: look at the code");
	is_evidence("waited",
		    "of its 100ms, it slept 80ms until a packet from another machine came");
	is_evidence("unseen", "the kernel did not show where 50ms of its 100ms went");
	done(model);
}

/* What tests that passed lost as well explains nothing. */
static void test_usual(void)
{
	struct model *model = new_model();

	for (uint64_t i = 0; i < 5; i++) {
		_cleanup_free_ char *name = xasprintf("passed%" PRIu64, i);

		test_of(model, 1000 + i * 200, name, "passed", 0, 20 + i, WOKEN_BY_NOBODY,
			BEHIND_OUTSIDE);
	}
	test_of(model, 3000, "as usual", "failed", 0, 31, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 3200, "more", "failed", 0, 60, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	judge(model);
	is_int(answer("as usual"), ANSWER_CODE);
	is_int(answer("more"), ANSWER_MACHINE);
	is_evidence("more", "the machine took 60ms of its 100ms: it waited 60ms for a CPU that "
			    "another program had. Tests that passed lost 24ms at most");
	done(model);
}

#define GAUGE_NS 10000.0

/* A sample for each second of the test of test_slow_cpus(). */
static void gauge_of(struct timeline_sample samples[4], double slowness)
{
	for (size_t i = 0; i < 4; i++)
		samples[i] = (struct timeline_sample){.from_ns = (1000 + 1000 * i) * MS,
						      .at_ns = (2000 + 1000 * i) * MS,
						      .gauge_ns = GAUGE_NS * slowness};
}

static const struct {
	double now, then;
	uint64_t worked_ms, longest_ms;
	enum answer answer;
	const char *advice;
} slow_tests[] = {
#define GREW   "its own work took 1.6 times the usual CPU time (2.5s)"
#define SLOWLY "the CPUs were slow meanwhile: a fixed loop took 1.6 times as long as "
	{1.6, 1, 2500, 2600, ANSWER_MACHINE, GREW ", because " SLOWLY "then"},
	/* Shorter than it may be, longer even so, more work than that, only somewhat slow */
	{1.6, 1, 2500, 4100, ANSWER_CODE, GREW ", and " SLOWLY "then"},
	{1.6, 1, 2500, 2400, ANSWER_CODE, GREW ", and " SLOWLY "then"},
	{1.6, 1, 2200, 2600, ANSWER_CODE,
	 "its own work took 1.8 times the usual CPU time (2.2s), and " SLOWLY "then"},
	{1.3, 1, 2500, 4000, ANSWER_CODE,
	 GREW ", and the CPUs were slow meanwhile: a fixed loop took 1.3 times as long as then"},
	/* Slower than the work grew: the gauge was taken on another CPU */
	{2, 1, 2857, 2900, ANSWER_CODE,
	 "its own work took 1.4 times the usual CPU time (2.86s), and the CPUs were slow meanwhile: a "
	 "fixed loop took 2.0 times as long as then"},
	{1.25, 1, 2500, 2600, ANSWER_CODE, GREW ", so it did more: the CPUs were not that slow"},
	{1.6, 1.6, 2500, 2600, ANSWER_CODE, GREW ", so it did more: the CPUs were not that slow"},
	{1.6, 1, 4000, 3900, ANSWER_CODE, "look at the code. Note that " SLOWLY "then"},
	{1.1, 1, 4000, 3900, ANSWER_CODE, "look at the code"},
	/* Against the best of this run only */
	{1.6, 0, 2500, 2600, ANSWER_CODE, GREW ", and " SLOWLY "at its best"},
	{1.1, 0, 2500, 2600, ANSWER_CODE, GREW ", so it did more, or the CPUs were slower"},
	{1.6, 0, 4000, 3900, ANSWER_CODE, "look at the code. Note that " SLOWLY "at its best"},
	{NAN, 1, 2500, 2600, ANSWER_CODE, GREW ", so it did more, or the CPUs were slower"},
};

/*
 * The work of a test, which took 2.5 s whenever it passed, within at most 2.6 s and with the gauge at 1 (then at `then`; 0: not
 * comparable), now takes 4 s.
 */
static void test_slow_cpus(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(slow_tests); i++) {
		struct report_account account = {.ns = {[PART_RUNNING] =
								slow_tests[i].worked_ms * MS},
						 .gauge_ns = GAUGE_NS * slow_tests[i].then};
		struct report_span span = {.name = "slow",
					   .outcome = {"passed", SPAN_PASSED},
					   .duration_ns = {slow_tests[i].longest_ms * MS, true},
					   .account = &account};
		struct report report = {
			.tool = {.version = LATWRAP_VERSION},
			.run.host.cpu_model = slow_tests[i].then > 0 ? "this" : "another",
			.spans = {&span, 1},
		};
		struct timeline_sample samples[4];
		_cleanup_free_ char *evidence = NULL;
		struct baseline *baseline = baseline_new();
		struct model *model = new_model();

		gauge_of(samples, slow_tests[i].now);
		baseline_add(baseline, &report);
		facts.baseline = baseline;
		facts.host.cpu_model = (char[]){"this"};
		facts.timeline = (struct timeline){
			.count = 4, .samples = samples, .best_gauge_ns = GAUGE_NS};
		begin(model, 10, 1000, "slow", "");
		end(model, 10, 5000, "slow", "failed");
		judge(model);
		is_int(answer_of(&answers, find("slow"), &evidence), slow_tests[i].answer);
		is_str(slow_tests[i].answer == ANSWER_MACHINE ? evidence
							      : strstr(evidence, ": ") + 2,
		       slow_tests[i].advice);
		done(model);
		baseline_free(baseline);
	}
}

/* What the same test lost when it passed counts more than what other tests lose. */
static void test_baseline(void)
{
	struct report_account account = {
		.ns = {[PART_CPU_OUTSIDE] = 39 * MS, [PART_RUNNING] = 61 * MS}};
	struct report_span spans[] = {
		{.name = "noisy", .outcome = {"passed", SPAN_PASSED}, .account = &account},
		{.name = "calm", .outcome = {"failed", SPAN_FAILED}, .account = &account},
		{.name = "unmeasured", .outcome = {"passed", SPAN_PASSED}},
	};
	struct report report = {.spans = {spans, ARRAY_SIZE(spans)}};
	struct baseline *baseline = baseline_new();
	struct model *model = new_model();

	baseline_add(baseline, &report);
	facts.baseline = baseline;
	test_of(model, 1000, "noisy", "failed", 0, 40, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1200, "calm", "failed", 0, 40, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1400, "unmeasured", "failed", 0, 40, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	judge(model);
	is_int(answer("noisy"), ANSWER_CODE);
	is_int(answer("calm"), ANSWER_MACHINE);
	is_int(answer("unmeasured"), ANSWER_MACHINE);
	is_evidence("noisy", "it worked 60ms of its 100ms, and lost 40ms. "
			     "When it passed, it lost 39ms at most: look at the code");
	done(model);
	baseline_free(baseline);
}

/* A slow CPU is no wait: only the CPU time of the same test shows it. */
static void test_baseline_of_work(void)
{
	struct report_account account = {.ns = {[PART_RUNNING] = 500 * MS}};
	struct report_span spans[] = {
		{.name = "slower", .outcome = {"passed", SPAN_PASSED}, .account = &account},
		{.name = "a little slower", .outcome = {"passed", SPAN_PASSED}, .account = &account},
	};
	struct report report = {.spans = {spans, ARRAY_SIZE(spans)}};
	struct baseline *baseline = baseline_new();
	struct model *model = new_model();

	baseline_add(baseline, &report);
	facts.baseline = baseline;
	begin(model, 10, 1000, "slower", "");
	end(model, 10, 1800, "slower", "failed");
	begin(model, 10, 2000, "a little slower", "");
	end(model, 10, 2600, "a little slower", "failed");
	judge(model);
	is_int(answer("slower"), ANSWER_CODE);
	is_evidence("slower",
		    "it worked 800ms of its 800ms, and lost 0ns. When it passed, it lost 0ns at "
		    "most: its own work took 1.6 times the usual CPU time (500ms), so it did "
		    "more, or the CPUs were slower");
	is_evidence("a little slower", "it worked 600ms of its 600ms, and lost 0ns. "
				       "When it passed, it lost 0ns at most: look at the code");
	done(model);
	baseline_free(baseline);
}

static void test_lost_records(void)
{
	struct model *model = new_model();

	facts.trace.losses[LOSS_RINGBUF_OFF_CPU] = (struct loss_counter){1, 1010 * MS, 1220 * MS};
	test_of(model, 1000, "machine", "failed", 0, 40, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1200, "code", "failed", 0, 0, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1400, "later", "failed", 0, 0, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	judge(model);
	is_int(answer("machine"), ANSWER_MACHINE);
	is_int(answer("code"), ANSWER_UNMEASURED);
	is_int(answer("later"), ANSWER_CODE);
	done(model);
}

static void test_interrupted(void)
{
	struct model *model = new_model();

	facts.exit.told_to_end = SIGTERM;
	facts.exit.told_ns = 1550 * MS;
	test_of(model, 1000, "before", "failed", 0, 0, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	test_of(model, 1500, "meanwhile", "failed", 0, 0, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	begin(model, 10, 1510, "session", "");
	begin(model, 10, 1520, "open", ",\"parent\":\"session\"");
	begin(model, 10, 1560, "late", ",\"parent\":\"session\"");
	judge(model);
	is_int(answer("before"), ANSWER_CODE);
	is_int(answer("meanwhile"), ANSWER_INTERRUPTED);
	is_int(answer("open"), ANSWER_INTERRUPTED);
	is_int(answer("session"), ANSWER_NONE);
	is_evidence("open", "it ran when SIGTERM ended the run");
	is_int(answer("late"), ANSWER_INTERRUPTED);
	is_evidence("late", "it began after SIGTERM had asked the run to end");
	done(model);
}

static void test_not_measured(void)
{
	struct model *model = new_model();

	whole(model, 99, 1400, 1450, "of a container", "failed");
	test_of(model, 1600, "own", "failed", 0, 0, WOKEN_BY_NOBODY, BEHIND_OUTSIDE);
	judge(model);
	is_int(answer("of a container"), ANSWER_UNMEASURED);
	is_evidence("of a container", "its process is not one that latwrap traced");
	facts.trace.status = TRACE_PARTIAL;
	is_int(answer("own"), ANSWER_UNMEASURED);
	done(model);
}

/* Without tests the command is judged as one. */
static void test_command(void)
{
	struct model *model = new_model();
	_cleanup_free_ char *cost = NULL;

	facts.end_ns = 1000 * MS;
	off_cpu(model, 10, 900, 950, 950, 980, WOKEN_BY_NOBODY, 0, BEHIND_OUTSIDE);
	judge(model);
	is_int(answers.of_run, ANSWER_MACHINE);
	cost = answers_cost(&answers);
	is_str(cost, "The machine took 30ms of 100ms (30 %)");
	is_str(answers.run_evidence, "the machine took 30ms of its 100ms: "
				     "it waited 30ms for a CPU that another program had");
	done(model);
}

/* A command that mostly waits for a daemon outside the run: its work is elsewhere. */
static void waits_for_service(const char *service, size_t includes, uint64_t until_ms,
			      const char *expected)
{
	struct model *model = new_model();
	_cleanup_free_ char *cost = NULL;

	waker_name = service;
	facts.end_ns = 1000 * MS;
	facts.include_count = includes;
	off_cpu(model, 10, 900, 910, until_ms, until_ms, WOKEN_BY_THREAD, 77, BEHIND_OUTSIDE);
	judge(model);
	cost = answers_cost(&answers);
	is_str(cost, expected);
	done(model);
}

#define MOSTLY_FOR(who)                                                                        \
	"The machine took 0ns of 100ms (0 %). For 60ms of it the run waited for " who "[77], " \
	"whose work is not measured: "
#define CONTAINERS "measure the containers that it runs as part of the run, with "
#define UNIT       "measure its unit as well with --also=UNIT"

static void test_elsewhere(void)
{
	waits_for_service("waker", 0, 970, MOSTLY_FOR("waker") UNIT);
	waits_for_service("waker", 0, 955, "The machine took 0ns of 100ms (0 %)");
	waits_for_service("dockerd", 0, 970,
			  MOSTLY_FOR("dockerd") CONTAINERS
			  "--include='system.slice/docker-*.scope'");
	waits_for_service("containerd-shim", 0, 970,
			  MOSTLY_FOR("containerd-shim") CONTAINERS
			  "--include='system.slice/*.scope'");
	/* Its containers are measured already: the run waits for the daemon itself. */
	waits_for_service("dockerd", 1, 970, MOSTLY_FOR("dockerd") UNIT);
}

int main(void)
{
	test_whose();
	test_usual();
	test_baseline();
	test_slow_cpus();
	test_baseline_of_work();
	test_lost_records();
	test_interrupted();
	test_not_measured();
	test_command();
	test_elsewhere();
	return tap_done();
}
