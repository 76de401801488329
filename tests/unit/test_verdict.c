/* Tests of answer/verdict: the status, its sentence and reasons, and gates over a whole model */
#include "answer/verdict.h"

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "records.h"
#include "tap.h"

static struct run_facts measured(void)
{
	return (struct run_facts){
		.trace = {.status = TRACE_FULL, .cpu = true, .io = true},
	};
}

static struct verdict judge(const struct model *model, const struct run_facts *facts)
{
	struct verdict verdict;

	verdict_reach(model, facts, &verdict);
	return verdict;
}

#define is_verdict(facts, expected_status, expected_sentence)     \
	do {                                                      \
		struct verdict tap_verdict = judge(model, facts); \
		is_int(tap_verdict.status, expected_status);      \
		is_str(tap_verdict.sentence, expected_sentence);  \
		verdict_done(&tap_verdict);                       \
	} while (0)

static void test_clean(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = measured();
	struct verdict verdict;

	is_verdict(&facts, VERDICT_CLEAN,
		   "No stalls: no thread waited 5ms or longer for a CPU, no file operation took "
		   "10ms or longer.");
	facts.trace.io = false;
	is_verdict(&facts, VERDICT_CLEAN, "No stalls: no thread waited 5ms or longer for a CPU.");
	facts.trace.io = true;
	facts.trace.cpu = false;
	is_verdict(&facts, VERDICT_CLEAN, "No stalls: no file operation took 10ms or longer.");

	facts.trace.status = TRACE_PARTIAL;
	facts.trace.reason = xstrdup("sys_exit is not traced: no");
	verdict = judge(model, &facts);
	is_int(verdict.status, VERDICT_CLEAN);
	is_u64(verdict.reason_count, 1);
	is_str(verdict.reasons[0], "sys_exit is not traced: no");
	verdict_done(&verdict);
	run_facts_done(&facts);
	model_free(model);
}

static void test_unmeasured(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = {.trace = {.status = TRACE_NONE}};

	is_verdict(&facts, VERDICT_UNMEASURED, "Not measured: unknown reason.");
	facts.trace.reason = xstrdup("no BPF");
	is_verdict(&facts, VERDICT_UNMEASURED, "Not measured: no BPF.");
	run_facts_done(&facts);
	model_free(model);
}

static void test_stalled(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = measured();
	struct record_hiccup hiccup = {
		.header = {.type = RECORD_HICCUP, .time_ns = 20 * MS},
		.start_ns = 10 * MS,
		.inside = 1,
	};

	cpu_stall_at(model, 0, 48200000, 1);
	is_verdict(&facts, VERDICT_STALLED,
		   "The command stalled: 1 wait for a CPU of 5ms or more (48.2ms).");
	cpu_stall_at(model, 0, 5 * MS, 1);
	is_verdict(&facts, VERDICT_STALLED,
		   "The command stalled: 2 waits for a CPU of 5ms or more (longest 48.2ms, "
		   "53.2ms in all).");
	io_stall_at(model, 0, 10 * MS, 1, __NR_sync);
	is_verdict(&facts, VERDICT_STALLED,
		   "The command stalled: 2 waits for a CPU of 5ms or more (longest 48.2ms, "
		   "53.2ms in all), 1 file operation of 10ms or more (10ms).");
	model_free(model);

	model = model_with(10, 10, 10, 10);
	io_stall_at(model, 0, 10 * MS, 1, __NR_sync);
	io_stall_at(model, 0, 2000 * MS, 1, __NR_sync);
	is_verdict(&facts, VERDICT_STALLED,
		   "The command stalled: 2 file operations of 10ms or more (longest 2s, "
		   "2.01s in all).");
	model_free(model);

	model = model_with(10, 10, 10, 10);
	model->hiccup_threshold_ns = 2 * MS;
	model_record(model, &hiccup, sizeof(hiccup));
	model_snapshot_begin(model, true);
	is_verdict(&facts, VERDICT_STALLED,
		   "The command stalled: 1 CPU hiccup of 2ms or more (10ms).");
	model_free(model);
}

static void test_lost(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = measured();
	struct verdict verdict;

	/* A run with lost stalls is not clean. */
	facts.trace.losses[LOSS_RINGBUF_STALL].count = 1;
	verdict = judge(model, &facts);
	is_int(verdict.status, VERDICT_STALLED);
	is_str(verdict.sentence, "The command stalled, but the records of its stalls were lost.");
	is_str(verdict.reasons[0], "1 stall was lost: the numbers are lower bounds");
	verdict_done(&verdict);

	facts.trace.losses[LOSS_RINGBUF_STALL].count = 2;
	cpu_stall_at(model, 0, 5 * MS, 1);
	verdict = judge(model, &facts);
	is_str(verdict.sentence, "The command stalled: 1 wait for a CPU of 5ms or more (5ms).");
	is_str(verdict.reasons[0], "2 stalls were lost: the numbers are lower bounds");
	verdict_done(&verdict);

	/* Other losses do not concern stalls. */
	facts = measured();
	facts.trace.losses[LOSS_RINGBUF_FILE].count = 5;
	model_free(model);
	model = model_with(10, 10, 10, 10);
	verdict = judge(model, &facts);
	is_int(verdict.status, VERDICT_CLEAN);
	is_u64(verdict.reason_count, 0);
	verdict_done(&verdict);
	model_free(model);
}

static const struct {
	const char *expression;
	enum gate_result measured, cpu_only;
	uint64_t actual;
} cases[] = {
	/* cpu: 5, 10 and 20 ms; io: 10 and 100 ms */
	{"cpu.count<=3", GATE_HELD, GATE_HELD, 3},
	{"cpu.count<3", GATE_BREACHED, GATE_BREACHED, 3},
	{"cpu.max<=20ms", GATE_HELD, GATE_HELD, 20 * MS},
	{"cpu.max<20ms", GATE_BREACHED, GATE_BREACHED, 20 * MS},
	{"cpu.total<=35ms", GATE_HELD, GATE_HELD, 35 * MS},
	{"io.count<=1", GATE_BREACHED, GATE_UNMEASURED, 2},
	{"io.total<111ms", GATE_HELD, GATE_UNMEASURED, 110 * MS},
	{"io.p99<=100ms", GATE_HELD, GATE_UNMEASURED, 100 * MS},
	{"any.count<=5", GATE_HELD, GATE_HELD, 5},
	{"any.max<100ms", GATE_BREACHED, GATE_BREACHED, 100 * MS},
	{"any.total<=145ms", GATE_HELD, GATE_HELD, 145 * MS},
	{"steal.max<=0", GATE_HELD, GATE_HELD, 0},
	{"device.count<=0", GATE_HELD, GATE_UNMEASURED, 0},
	/* The first process is unknown, so there is no critical path. */
	{"lost.share<5%", GATE_UNMEASURED, GATE_UNMEASURED, 0},
};

static void test_gates(void)
{
	struct model *model = model_with(1, 10, 10, 10);
	struct run_facts facts = measured();
	struct gate gates[ARRAY_SIZE(cases)];
	struct verdict verdict;

	cpu_stall_at(model, 0, 5 * MS, 1);
	cpu_stall_at(model, 0, 10 * MS, 1);
	cpu_stall_at(model, 0, 20 * MS, 1);
	io_stall_at(model, 0, 10 * MS, 1, __NR_sync);
	io_stall_at(model, 0, 100 * MS, 1, __NR_sync);
	facts.gates = gates;
	facts.gate_count = ARRAY_SIZE(cases);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *message = NULL;

		okf(gate_parse(cases[i].expression, &gates[i], &message) == 0, "%s",
		    cases[i].expression);
	}
	for (unsigned pass = 0; pass < 2; pass++) {
		size_t breached = 0;

		facts.trace.io = pass == 0;
		verdict = judge(model, &facts);
		is_u64(verdict.outcome_count, ARRAY_SIZE(cases));
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			enum gate_result expected = pass ? cases[i].cpu_only : cases[i].measured;

			okf(verdict.outcomes[i].result == expected, "%s", cases[i].expression);
			if (expected != GATE_UNMEASURED)
				is_u64(verdict.outcomes[i].actual, cases[i].actual);
			breached += expected == GATE_BREACHED;
		}
		ok(verdict.breached);
		/* The first reason says who is to blame. */
		is_u64(verdict.reason_count, 1 + breached);
		is_str(verdict.reasons[1], "gate cpu.count<3 breached");
		verdict_done(&verdict);
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		gate_done(&gates[i]);
	model_free(model);
}

static void test_gates_that_hold(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct run_facts facts = measured();
	_cleanup_free_ char *message = NULL;
	struct verdict verdict;
	struct gate gate;

	ok(gate_parse("any.count<=0", &gate, &message) == 0);
	facts.gates = &gate;
	facts.gate_count = 1;
	verdict = judge(model, &facts);
	ok(!verdict.breached);
	is_u64(verdict.reason_count, 0);
	verdict_done(&verdict);

	/* Not measured: neither held nor breached. */
	facts.trace = (struct trace_facts){.status = TRACE_NONE};
	verdict = judge(model, &facts);
	ok(!verdict.breached);
	is_int(verdict.outcomes[0].result, GATE_UNMEASURED);
	verdict_done(&verdict);
	gate_done(&gate);
	model_free(model);
}

int main(void)
{
	test_clean();
	test_unmeasured();
	test_stalled();
	test_lost();
	test_gates();
	test_gates_that_hold();
	return tap_done();
}
