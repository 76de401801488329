/* The unit tests' harness: checks that print TAP, one test point each */
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * Each check prints "ok" or "not ok" and goes on; what was compared follows as a diagnostic when it
 * failed. main() ends with "return tap_done();", which prints the plan: a test that died on the
 * way has none, and so fails. https://testanything.org/tap-specification.html
 */
static int tap_run, tap_failed;

__attribute__((format(printf, 4, 5))) static inline bool tap_result(bool passed, const char *file,
								    int line, const char *fmt, ...)
{
	va_list ap;

	tap_run++;
	tap_failed += !passed;
	printf("%sok %d - ", passed ? "" : "not ", tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!passed)
		printf("# at %s:%d\n", file, line);
	fflush(stdout);
	return passed;
}

/* The text as a C string literal, so that a result stays one line of ASCII. */
static inline void tap_print_string(const char *name, const char *text)
{
	printf("# %s: ", name);
	if (!text) {
		printf("NULL\n");
		return;
	}
	printf("\"");
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		printf(*p < 0x20 || *p >= 0x7f ? "\\x%02x" : "%c", *p);
	printf("\"\n");
	fflush(stdout);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed ? 1 : 0;
}

/* ok(condition): the condition is the name. */
#define ok(condition) tap_result((condition), __FILE__, __LINE__, "%s", #condition)

/* okf(condition, fmt, ...): for rows of a table, which need a name each. */
#define okf(condition, ...) tap_result((condition), __FILE__, __LINE__, __VA_ARGS__)

#define is_u64(got, expected)                                                            \
	do {                                                                             \
		uint64_t tap_got = (got), tap_expected = (expected);                     \
		if (!ok_expression(tap_got == tap_expected, #got " == " #expected))      \
			printf("# got: %" PRIu64 "\n# expected: %" PRIu64 "\n", tap_got, \
			       tap_expected);                                            \
	} while (0)

#define is_int(got, expected)                                                             \
	do {                                                                              \
		long long tap_got = (got), tap_expected = (expected);                     \
		if (!ok_expression(tap_got == tap_expected, #got " == " #expected))       \
			printf("# got: %lld\n# expected: %lld\n", tap_got, tap_expected); \
	} while (0)

#define is_str(got, expected)                                                     \
	do {                                                                      \
		const char *tap_got = (got), *tap_expected = (expected);          \
		if (!ok_expression(tap_got && strcmp(tap_got, tap_expected) == 0, \
				   #got " is " #expected)) {                      \
			tap_print_string("got", tap_got);                         \
			tap_print_string("expected", tap_expected);               \
		}                                                                 \
	} while (0)

#define ok_expression(condition, text) tap_result((condition), __FILE__, __LINE__, "%s", text)
