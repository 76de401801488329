/* Tests of answer/gate: every accepted form, the message of every error, and the comparison */
#include "answer/gate.h"

#include <errno.h>

#include "base/util.h"
#include "tap.h"

static const struct {
	const char *text, *expression;
	unsigned kind;
	enum gate_stat stat;
	bool or_equal;
	uint64_t limit;
} valid[] = {
	{"cpu.max<100ms", "cpu.max<100ms", STALL_CPU, GATE_STAT_MAX, false, 100000000},
	{"io.count<=10", "io.count<=10", STALL_IO, GATE_STAT_COUNT, true, 10},
	{"any.total<1s", "any.total<1s", GATE_ANY, GATE_STAT_TOTAL, false, 1000000000},
	{"hiccup.max<2ms", "hiccup.max<2ms", STALL_HICCUP, GATE_STAT_MAX, false, 2000000},
	{"cpu.p50<=1.5ms", "cpu.p50<=1.5ms", STALL_CPU, GATE_STAT_P50, true, 1500000},
	{"cpu.p90<20ms", "cpu.p90<20ms", STALL_CPU, GATE_STAT_P90, false, 20000000},
	{"io.p99<20us", "io.p99<20us", STALL_IO, GATE_STAT_P99, false, 20000},
	{"  cpu.max \t<= 5ms \n", "cpu.max<=5ms", STALL_CPU, GATE_STAT_MAX, true, 5000000},
	{"also.cpu.max<5ms", "also.cpu.max<5ms", GATE_WATCHED + STALL_CPU, GATE_STAT_MAX, false,
	 5000000},
	{"also.io.count<=0", "also.io.count<=0", GATE_WATCHED + STALL_IO, GATE_STAT_COUNT, true, 0},
	{"cpu.max <5ms", "cpu.max<5ms", STALL_CPU, GATE_STAT_MAX, false, 5000000},
	{"cpu.max< 1m 30s", "cpu.max<1m 30s", STALL_CPU, GATE_STAT_MAX, false, 90 * NSEC_PER_SEC},
	{"cpu.max<=0", "cpu.max<=0", STALL_CPU, GATE_STAT_MAX, true, 0},
	{"any.count<=0", "any.count<=0", GATE_ANY, GATE_STAT_COUNT, true, 0},
	{"any.count<1", "any.count<1", GATE_ANY, GATE_STAT_COUNT, false, 1},
	{"lost.max<100ms", "lost.max<100ms", GATE_LOST, GATE_STAT_MAX, false, 100000000},
	{"crowded.total<=1s", "crowded.total<=1s", GATE_CROWDED, GATE_STAT_TOTAL, true, 1000000000},
	{"steal.total<1s", "steal.total<1s", GATE_CAUSE + CAUSE_STEAL, GATE_STAT_TOTAL, false,
	 1000000000},
	{"device.p99<1ms", "device.p99<1ms", GATE_CAUSE + CAUSE_DEVICE, GATE_STAT_P99, false,
	 1000000},
	{"lost.share<5%", "lost.share<5%", GATE_LOST, GATE_STAT_SHARE, false, 50000},
	{"io.share <= 0.25 %", "io.share<=0.25 %", STALL_IO, GATE_STAT_SHARE, true, 2500},
	{"any.count<=18446744073709551615", "any.count<=18446744073709551615", GATE_ANY,
	 GATE_STAT_COUNT, true, UINT64_MAX},
};

static void test_valid(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(valid); i++) {
		_cleanup_free_ char *message = NULL;
		struct gate gate = {0};
		int r = gate_parse(valid[i].text, &gate, &message);

		if (!okf(r == 0 && !message, "accepted: \"%s\"", valid[i].expression)) {
			tap_print_string("message", message);
			continue;
		}
		is_str(gate.expression, valid[i].expression);
		is_int(gate.kind, valid[i].kind);
		is_int(gate.stat, valid[i].stat);
		is_int(gate.or_equal, valid[i].or_equal);
		is_u64(gate.limit, valid[i].limit);
		is_str(gate_unit(&gate), gate.stat == GATE_STAT_COUNT   ? "count"
					 : gate.stat == GATE_STAT_SHARE ? "ppm"
									: "ns");
		gate_done(&gate);
		gate_done(&gate);
	}
}

#define BEGIN "it must begin with KIND.STAT, as in \"cpu.max<100ms\""
#define KINDS                                                                                                                                 \
	"is not a kind of stall or a cause; write cpu, io, hiccup, any, also.cpu, also.io, lost, crowded, inside, "                           \
	"outside, kernel, irq, steal, delivery, throttled, budget, idle, device, device_inside, device_outside, device_limited, filesystem, " \
	"journal, lock, writeback, reclaim, "                                                                                                 \
	"swap, remote or unknown"
#define STATS    "is not a statistic; write count, max, total, p50, p90, p99 or share"
#define OPERATOR "cannot be used; a gate says what must hold, with < or <="
#define FOLLOW   "must be followed by < or <= and a limit, as in \"cpu.max<100ms\""
#define DURATION \
	"is not a duration; write a number and its unit (ns, us, ms, s, m or h), as in 100ms"
#define WHOLE   "is not a whole number; a count has no unit, as in 10"
#define NOTHING "nothing is less than 0; write <=0 to allow no stall at all"

static const struct {
	const char *text, *message;
	int error;
} invalid[] = {
	{"", "gate \"\": " BEGIN, -EINVAL},
	{" ", "gate \" \": " BEGIN, -EINVAL},
	{"<", "gate \"<\": " BEGIN, -EINVAL},
	{"cpu", "gate \"cpu\": " BEGIN, -EINVAL},
	{"cpu<5ms", "gate \"cpu<5ms\": " BEGIN, -EINVAL},
	{"cpu .max<5ms", "gate \"cpu .max<5ms\": " BEGIN, -EINVAL},
	{".max<5ms", "gate \".max<5ms\": \"\" " KINDS, -EINVAL},
	{"disk.max<5ms", "gate \"disk.max<5ms\": \"disk\" " KINDS, -EINVAL},
	{"CPU.max<5ms", "gate \"CPU.max<5ms\": \"CPU\" " KINDS, -EINVAL},
	{"cp.max<5ms", "gate \"cp.max<5ms\": \"cp\" " KINDS, -EINVAL},
	{"also.max<5ms", "gate \"also.max<5ms\": \"also\" " KINDS, -EINVAL},
	{"cpu.<5ms", "gate \"cpu.<5ms\": \"\" " STATS, -EINVAL},
	{"cpu.p95<5ms", "gate \"cpu.p95<5ms\": \"p95\" " STATS, -EINVAL},
	{"cpu.maximum<5ms", "gate \"cpu.maximum<5ms\": \"maximum\" " STATS, -EINVAL},
	{"cpu.max", "gate \"cpu.max\": \"cpu.max\" " FOLLOW, -EINVAL},
	{"cpu.max 5ms", "gate \"cpu.max 5ms\": \"cpu.max\" " FOLLOW, -EINVAL},
	{"cpu.max=5ms", "gate \"cpu.max=5ms\": \"=\" " OPERATOR, -EINVAL},
	{"cpu.count==5", "gate \"cpu.count==5\": \"==\" " OPERATOR, -EINVAL},
	{"cpu.max>5ms", "gate \"cpu.max>5ms\": \">\" " OPERATOR, -EINVAL},
	{"cpu.max>=5ms", "gate \"cpu.max>=5ms\": \">=\" " OPERATOR, -EINVAL},
	{"cpu.max=<5ms", "gate \"cpu.max=<5ms\": \"=<\" " OPERATOR, -EINVAL},
	{"cpu.max<<5ms", "gate \"cpu.max<<5ms\": \"<<\" " OPERATOR, -EINVAL},
	{"cpu.max!=5ms", "gate \"cpu.max!=5ms\": \"!=\" " OPERATOR, -EINVAL},
	{"cpu.max<", "gate \"cpu.max<\": the limit is missing; write a duration, as in 100ms",
	 -EINVAL},
	{"cpu.count<= ", "gate \"cpu.count<= \": the limit is missing; write a whole number",
	 -EINVAL},
	{"cpu.max< =5ms", "gate \"cpu.max< =5ms\": \"=5ms\" " DURATION, -EINVAL},
	{"cpu.max<100", "gate \"cpu.max<100\": \"100\" " DURATION, -EINVAL},
	{"cpu.max<-1s", "gate \"cpu.max<-1s\": \"-1s\" " DURATION, -EINVAL},
	{"cpu.max<5ms<6ms", "gate \"cpu.max<5ms<6ms\": \"5ms<6ms\" " DURATION, -EINVAL},
	{"cpu.max<5ms,io.max<5ms", "gate \"cpu.max<5ms,io.max<5ms\": \"5ms,io.max<5ms\" " DURATION,
	 -EINVAL},
	{"io.count<10ms", "gate \"io.count<10ms\": \"10ms\" " WHOLE, -EINVAL},
	{"io.count<1.5", "gate \"io.count<1.5\": \"1.5\" " WHOLE, -EINVAL},
	{"io.count<-1", "gate \"io.count<-1\": \"-1\" " WHOLE, -EINVAL},
	{"io.count<0x10", "gate \"io.count<0x10\": \"0x10\" " WHOLE, -EINVAL},
	{"running.max<5ms", "gate \"running.max<5ms\": \"running\" " KINDS, -EINVAL},
	{"lost.share<", "gate \"lost.share<\": the limit is missing; write a percentage, as in 5%",
	 -EINVAL},
	{"lost.share<5", "gate \"lost.share<5\": \"5\" is not a percentage; write it as in 5%",
	 -EINVAL},
	{"lost.share<5ms",
	 "gate \"lost.share<5ms\": \"5ms\" is not a percentage; write it as in 5%", -EINVAL},
	{"lost.share<101%", "gate \"lost.share<101%\": \"101%\" is out of range", -ERANGE},
	{"lost.share<0%", "gate \"lost.share<0%\": " NOTHING, -EINVAL},
	{"hiccup.share<5%",
	 "gate \"hiccup.share<5%\": \"hiccup\" has no share of the run's time; write max or total",
	 -EINVAL},
	{"also.cpu.share<5%",
	 "gate \"also.cpu.share<5%\": \"also.cpu\" has no share of the run's time; write max or total",
	 -EINVAL},
	{"io.count<0", "gate \"io.count<0\": " NOTHING, -EINVAL},
	{"io.max<0", "gate \"io.max<0\": " NOTHING, -EINVAL},
	{"io.max<0.0ms", "gate \"io.max<0.0ms\": " NOTHING, -EINVAL},
	{"cpu.max<99999999h", "gate \"cpu.max<99999999h\": \"99999999h\" is out of range", -ERANGE},
	{"cpu.max<0.1ns", "gate \"cpu.max<0.1ns\": \"0.1ns\" is out of range", -ERANGE},
	{"cpu.count<18446744073709551616",
	 "gate \"cpu.count<18446744073709551616\": \"18446744073709551616\" is out of range",
	 -ERANGE},
};

static void test_invalid(void)
{
	_cleanup_free_ char *message = NULL, *very_long = xcalloc(1, 100001);
	struct gate gate = {0};

	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		_cleanup_free_ char *told = NULL;

		is_int(gate_parse(invalid[i].text, &gate, &told), invalid[i].error);
		is_str(told, invalid[i].message);
	}
	ok(!gate.expression);

	memset(very_long, 'x', 100000);
	very_long[50000] = '.';
	is_int(gate_parse(very_long, &gate, &message), -EINVAL);
	ok(strstr(message, "is not a kind of stall or a cause"));
}

static enum gate_result evaluate(const char *expression, const struct gate_stats *stats,
				 uint64_t *ret_actual)
{
	_cleanup_free_ char *message = NULL;
	enum gate_result result;
	struct gate gate;

	if (!okf(gate_parse(expression, &gate, &message) == 0, "parsed: %s", expression))
		return GATE_UNMEASURED;
	result = gate_evaluate(&gate, stats, ret_actual);
	gate_done(&gate);
	return result;
}

static void test_evaluate(void)
{
	const struct gate_stats stats[GATE_KIND_COUNT] = {
		[STALL_CPU] = {true, 10, 500, 2000, 50, 90, 99},
		[STALL_IO] = {.measured = false, .count = 7},
		[GATE_ANY] = {.measured = true},
		[GATE_LOST] = {.measured = true, .share_measured = true, .share_ppm = 50000},
	};
	uint64_t actual = 1;

	is_int(evaluate("cpu.max<501ns", stats, &actual), GATE_HELD);
	is_u64(actual, 500);
	is_int(evaluate("cpu.max<500ns", stats, NULL), GATE_BREACHED);
	is_int(evaluate("cpu.max<=500ns", stats, NULL), GATE_HELD);
	is_int(evaluate("cpu.max<=499ns", stats, NULL), GATE_BREACHED);
	is_int(evaluate("cpu.count<=9", stats, &actual), GATE_BREACHED);
	is_u64(actual, 10);
	is_int(evaluate("cpu.count<=10", stats, NULL), GATE_HELD);
	is_int(evaluate("cpu.total<=2us", stats, &actual), GATE_HELD);
	is_u64(actual, 2000);
	is_int(evaluate("cpu.p50<=50ns", stats, &actual), GATE_HELD);
	is_u64(actual, 50);
	is_int(evaluate("cpu.p90<90ns", stats, &actual), GATE_BREACHED);
	is_u64(actual, 90);
	is_int(evaluate("cpu.p99<1s", stats, &actual), GATE_HELD);
	is_u64(actual, 99);

	/* Without stalls every gate holds; without measurement no gate holds and none is breached. */
	is_int(evaluate("any.max<=0", stats, &actual), GATE_HELD);
	is_int(evaluate("any.p99<1ns", stats, &actual), GATE_HELD);
	is_u64(actual, 0);
	is_int(evaluate("io.count<=0", stats, &actual), GATE_UNMEASURED);
	is_u64(actual, 0);
	is_int(evaluate("io.count<100", stats, NULL), GATE_UNMEASURED);
	is_int(evaluate("lost.share<5%", stats, &actual), GATE_BREACHED);
	is_u64(actual, 50000);
	is_int(evaluate("lost.share<=5%", stats, NULL), GATE_HELD);
	is_int(evaluate("crowded.share<5%", stats, NULL), GATE_UNMEASURED);
}

int main(void)
{
	test_valid();
	test_invalid();
	test_evaluate();
	return tap_done();
}
