/* Tests of base/duration: what is a duration, what is none, and that both directions agree */
#include "base/duration.h"

#include <errno.h>

#include "base/util.h"
#include "tap.h"

#define MINUTE (60 * NSEC_PER_SEC)
#define HOUR   (60 * MINUTE)

static const struct {
	const char *text;
	uint64_t ns;
} valid[] = {
	{"0", 0},
	{"0ns", 0},
	{"0.0h", 0},
	{"1ns", 1},
	{"500us", 500000},
	{"1.5ms", 1500000},
	{"5ms", 5000000},
	{"1.5s", 1500000000},
	{".5s", 500000000},
	{"007s", 7 * NSEC_PER_SEC},
	{"2m", 2 * MINUTE},
	{"1h", HOUR},
	{"1m30s", 90 * NSEC_PER_SEC},
	{"2m 3s", 123 * NSEC_PER_SEC},
	{"1h 5m", 65 * MINUTE},
	{"1s500ms", 1500000000},
	{"0.1h", 6 * MINUTE},
	/* Decimal, not binary, fractions; what is below 1 ns is cut off. */
	{"0.1s", 100000000},
	{"0.3us", 300},
	{"1.9ns", 1},
	{"2.675us", 2675},
	{"0.333333333333333333333333s", 333333333},
	{"0.999999999999999999999999s", 999999999},
	{"0.000000001s", 1},
	/* The largest value there is. */
	{"18446744073709551615ns", UINT64_MAX},
	{"18446744073.709551615s", UINT64_MAX},
	{"18446744073s709551615ns", UINT64_MAX},
	{"5124095h", UINT64_C(5124095) * HOUR},
	{"00000000000000000000000000000001s", NSEC_PER_SEC},
};

static const struct {
	const char *text;
	int error;
} invalid[] = {
	{"", -EINVAL},
	{" ", -EINVAL},
	{"5", -EINVAL},
	{"00", -EINVAL},
	{"1.5", -EINVAL},
	{"-1s", -EINVAL},
	{"+1s", -EINVAL},
	{"1e3s", -EINVAL},
	{"0x10s", -EINVAL},
	{"s", -EINVAL},
	{".s", -EINVAL},
	{"1.s", -EINVAL},
	{"1..5s", -EINVAL},
	{"1,5s", -EINVAL},
	{"1.5.5s", -EINVAL},
	{"5 ms", -EINVAL},
	{" 5ms", -EINVAL},
	{"5ms ", -EINVAL},
	{"5ms\n", -EINVAL},
	{"5MS", -EINVAL},
	{"5sec", -EINVAL},
	{"5ss", -EINVAL},
	{"5d", -EINVAL},
	{"5mss", -EINVAL},
	{"5ms;", -EINVAL},
	{"inf", -EINVAL},
	{"nan", -EINVAL},
	{"\xc2\xb5s", -EINVAL},
	{"5\xc2\xb5s", -EINVAL},
	{"5s 3m", -EINVAL},
	{"5s5s", -EINVAL},
	{"1m  3s", -EINVAL},
	{"1m3", -EINVAL},
	{"0 1s", -EINVAL},
	/* Malformed comes before too long. */
	{"99999999999999999999999", -EINVAL},
	{"99999999999999999999999h5", -EINVAL},
	{"99999999h", -ERANGE},
	{"5124096h", -ERANGE},
	{"18446744073709551616ns", -ERANGE},
	{"18446744073.709551616s", -ERANGE},
	{"18446744073s709551616ns", -ERANGE},
	{"99999999999999999999999999s", -ERANGE},
	{"0.5ns", -ERANGE},
	{"0.0000000001s", -ERANGE},
	{"0s0.1ns", -ERANGE},
};

static void test_parse(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(valid); i++) {
		uint64_t ns = 12345;
		int r = duration_parse(valid[i].text, &ns);

		if (!okf(r == 0 && ns == valid[i].ns, "\"%s\" is %" PRIu64 " ns", valid[i].text,
			 valid[i].ns))
			printf("# got: %d, %" PRIu64 "\n", r, ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		uint64_t ns = 12345;
		int r = duration_parse(invalid[i].text, &ns);

		if (!okf(r == invalid[i].error && ns == 12345, "invalid, row %zu: %s", i,
			 invalid[i].error == -EINVAL ? "-EINVAL" : "-ERANGE")) {
			tap_print_string("text", invalid[i].text);
			printf("# got: %d, %" PRIu64 "\n", r, ns);
		}
	}
}

static const struct {
	uint64_t ns;
	const char *text;
} formatted[] = {
	{0, "0ns"},
	{1, "1ns"},
	{999, "999ns"},
	{1000, "1us"},
	{1004, "1us"},
	{1005, "1.01us"},
	{1234, "1.23us"},
	{9994, "9.99us"},
	{9995, "10us"},
	{12345, "12.3us"},
	{99949, "99.9us"},
	{99950, "100us"},
	{850000, "850us"},
	{999499, "999us"},
	{999500, "1ms"},
	{5000000, "5ms"},
	{48230000, "48.2ms"},
	{48000000, "48ms"},
	{999499999, "999ms"},
	{999500000, "1s"},
	{1250000000, "1.25s"},
	{1500000000, "1.5s"},
	{UINT64_C(59949999999), "59.9s"},
	{UINT64_C(59950000000), "1m"},
	{MINUTE, "1m"},
	{123 * NSEC_PER_SEC, "2m 3s"},
	{123 * NSEC_PER_SEC + 499999999, "2m 3s"},
	{123 * NSEC_PER_SEC + 500000000, "2m 4s"},
	{HOUR - 500000001, "59m 59s"},
	{HOUR - 500000000, "1h"},
	{HOUR, "1h"},
	{65 * MINUTE, "1h 5m"},
	{65 * MINUTE + 29 * NSEC_PER_SEC, "1h 5m"},
	{65 * MINUTE + 30 * NSEC_PER_SEC, "1h 6m"},
	{25 * HOUR, "25h"},
	{UINT64_MAX - 30 * NSEC_PER_SEC, "5124095h 34m"},
	{UINT64_MAX, "5124095h 35m"},
};

static void test_format(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(formatted); i++) {
		char buf[DURATION_FORMAT_BYTES];

		is_str(duration_format(buf, formatted[i].ns), formatted[i].text);
	}
}

/* What is printed can be typed in again, and is not far from what was meant. */
static void test_round_trip(void)
{
	bool readable = true, near = true, stable = true, monotonic = true;
	uint64_t previous_ns = 0;

	/* Steps of about 1 %, through every unit, to near UINT64_MAX. */
	for (uint64_t ns = 1; ns < UINT64_MAX - UINT64_MAX / 64; ns += ns / 97 + 1) {
		char text[DURATION_FORMAT_BYTES], again[DURATION_FORMAT_BYTES];
		uint64_t back_ns = 0, error_ns;

		readable &= duration_parse(duration_format(text, ns), &back_ns) == 0;
		error_ns = back_ns > ns ? back_ns - ns : ns - back_ns;
		/* Half of the third digit, and of a second of 60 or a minute of 60: 1/120. */
		near &= error_ns <= ns / 119;
		stable &= streq(duration_format(again, back_ns), text);
		monotonic &= back_ns >= previous_ns;
		previous_ns = back_ns;
	}
	ok(readable);
	ok(near);
	ok(stable);
	ok(monotonic);
}

int main(void)
{
	test_parse();
	test_format();
	test_round_trip();
	return tap_done();
}
