/* Tests of answer/retry: which failures are retried, and the reasons in words */
#include "answer/retry.h"

#include <stdlib.h>

#include "base/util.h"
#include "tap.h"

struct fixture {
	struct run_facts facts;
	struct verdict verdict;
	struct gate_outcome outcomes[3];
	struct gate gates[3];
};

static void begin(struct fixture *f, enum verdict_status status)
{
	*f = (struct fixture){
		.facts = {.trace = {.status = TRACE_FULL, .cpu = true, .io = true}},
		.verdict = {.status = status},
		.gates = {{.expression = (char *)"cpu.max<1ms"},
			  {.expression = (char *)"io.max<1ms"},
			  {.expression = (char *)"any.count<1"}},
	};
	f->facts.gates = f->gates;
	f->verdict.outcomes = f->outcomes;
}

static void add_gate(struct fixture *f, enum gate_result result)
{
	f->outcomes[f->verdict.outcome_count] = (struct gate_outcome){
		.gate = &f->gates[f->verdict.outcome_count],
		.result = result,
	};
	f->facts.gate_count = ++f->verdict.outcome_count;
	f->verdict.breached = f->verdict.breached || result == GATE_BREACHED;
}

static void decides(struct fixture *f, struct retry_policy policy, int status, unsigned number,
		    bool spoiled, bool again, const char *reason)
{
	struct retry_choice choice;

	retry_decide(&policy, &f->facts, &f->verdict, status, number, &choice);
	ok(choice.spoiled == spoiled);
	ok(choice.again == again);
	is_str(choice.reason, reason);
	retry_choice_done(&choice);
}

static void test_gates(void)
{
	const struct retry_policy two = {.limit = 2};
	struct fixture f;

	begin(&f, VERDICT_STALLED);
	add_gate(&f, GATE_HELD);
	f.verdict.answers.of_run = ANSWER_CODE;
	decides(&f, two, 1, 1, false, false,
		"the answer for the command, which named no failed test, is: the code");
	add_gate(&f, GATE_BREACHED);
	decides(&f, two, 1, 1, true, true, "gate io.max<1ms breached");
	decides(&f, two, 0, 1, false, false, "it passed");
	decides(&f, two, 1, 2, true, true, "gate io.max<1ms breached");
	decides(&f, two, 1, 3, true, false, "gate io.max<1ms breached, but no attempt is left");
	decides(&f, (struct retry_policy){0}, 1, 1, true, false,
		"gate io.max<1ms breached, but no attempt is left");
	add_gate(&f, GATE_BREACHED);
	decides(&f, two, 1, 1, true, true, "gate io.max<1ms and 1 more breached");
	f.facts.exit.told_to_end = SIGTERM;
	decides(&f, two, 1, 1, true, false, "latwrap was told to end by SIGTERM");
	f.facts.not_run = xstrdup("no such file");
	decides(&f, two, 127, 1, false, false, "the command could not be run");
	free(f.facts.not_run);
}

static void test_tests(void)
{
	const struct retry_policy always = {.limit = 1, .when_clean = true};
	const struct retry_policy one = {.limit = 1};
	struct fixture f;

	begin(&f, VERDICT_STALLED);
	f.verdict.answers.count[ANSWER_MACHINE] = 1;
	decides(&f, one, 1, 1, true, true, "the machine made the failed test fail");
	f.verdict.answers.count[ANSWER_MACHINE] = 2;
	decides(&f, one, 1, 1, true, true, "the machine made all 2 failed tests fail");
	f.verdict.answers.count[ANSWER_CODE] = 3;
	f.verdict.answers.count[ANSWER_WAITED] = 1;
	decides(&f, one, 1, 1, false, false, "the answer for 3 of 6 failed tests is: the code");
	decides(&f, always, 1, 1, false, true, "the answer for 3 of 6 failed tests is: the code");
}

static void test_command(void)
{
	const struct retry_policy one = {.limit = 1};
	struct fixture f;

	begin(&f, VERDICT_STALLED);
	f.verdict.answers.of_run = ANSWER_MACHINE;
	decides(&f, one, 1, 1, true, true,
		"the answer for the command, which named no failed test, is: the machine");
	f.verdict.answers.of_run = ANSWER_CROWDED;
	decides(&f, one, 1, 1, false, false,
		"the answer for the command, which named no failed test, is: the run's own load");
	f.verdict.answers.of_run = ANSWER_NONE;
	decides(&f, one, 1, 1, false, false,
		"the answer for the command, which named no failed test, is: not measured");
}

/* Failed tests of JUnit files say nothing: a JUnit file more or less does not change what is tried again. */
static void test_unplaced(void)
{
	const struct retry_policy one = {.limit = 1};
	struct fixture f;

	begin(&f, VERDICT_STALLED);
	f.verdict.answers.count[ANSWER_UNMEASURED] = f.verdict.answers.unplaced = 2;
	f.verdict.answers.of_run = ANSWER_MACHINE;
	decides(&f, one, 1, 1, true, true,
		"the answer for the command, whose failed tests have none, is: the machine");
	f.verdict.answers.count[ANSWER_MACHINE] = 1;
	decides(&f, one, 1, 1, false, false, "the answer for 2 of 3 failed tests is: not measured");
}

int main(void)
{
	test_gates();
	test_tests();
	test_command();
	test_unplaced();
	return tap_done();
}
