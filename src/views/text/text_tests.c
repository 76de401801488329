/* The failed tests of one run or several in the text view, each with the answer: stood still, or look at the code */
#include "views/text/text_tests.h"

#include <inttypes.h>

#include "views/tests.h"

#define TESTS_MAX  10
#define NAME_CHARS 200

static const char bold[] = "\033[1m", red[] = "\033[1;31m", plain[] = "\033[0m";

static const char *paint(bool color, const char *code)
{
	return color ? code : "";
}

/* ", 2 not measured" */
static void print_count(FILE *out, const char **separator, uint64_t count, const char *words)
{
	char number[VIEW_COUNT_BYTES];

	if (!count)
		return;
	fprintf(out, "%s%s %s", *separator, view_count(number, count), words);
	*separator = ", ";
}

static void print_test(const struct test *test, bool several, FILE *out, bool color,
		       const struct view_style *style)
{
	_cleanup_free_ char *name = style->escape(test->span->name, NAME_CHARS);
	_cleanup_free_ char *stalls = test_stalls(test, style), *place = test_place(test, style);
	uint64_t attempt = test->span->attempt.value;

	fprintf(out, "  %s%s%s: %s", paint(color, test->spoiled ? red : bold), test_answer(test),
		paint(color, plain), name);
	if (attempt > 1)
		fprintf(out, ", attempt %" PRIu64, attempt);
	if (place)
		fprintf(out, " (%s)", place);
	if (*stalls)
		fprintf(out, "\n    %s%s",
			test->spoiled || !test->stalled ? "" : "after it had failed: ", stalls);
	putc('\n', out);
	if (several) {
		_cleanup_free_ char *label = named_label(test->of, style);

		fprintf(out, "    of: %s\n", label);
	}
}

void text_print_tests(const struct named_reports *reports, FILE *out, bool color,
		      const struct view_style *style)
{
	char failed[VIEW_COUNT_BYTES], total[VIEW_COUNT_BYTES];
	const char *separator = ": ";
	struct tests tests;
	uint64_t shown = 0;

	tests_find(reports, &tests);
	if (tests.failed) {
		fprintf(out, "%sFailed tests%s, %s of %s", paint(color, bold), paint(color, plain),
			view_count(failed, tests.failed), view_count(total, tests.total));
		print_count(out, &separator, tests.failed_stalled, "stalled while failing");
		print_count(out, &separator, tests.failed_clean, "not stalled");
		print_count(out, &separator, tests.failed_waited, "not stalled, but waiting");
		print_count(out, &separator, tests.failed_unmeasured, "not measured");
		putc('\n', out);
	}
	for (size_t i = 0; i < tests.count && shown < TESTS_MAX; i++) {
		if (!tests.list[i].failed)
			continue;
		print_test(&tests.list[i], reports->count > 1, out, color, style);
		shown++;
	}
	if (shown < tests.failed)
		fprintf(out, "  and %s more in the report%s\n",
			view_count(failed, tests.failed - shown), reports->count > 1 ? "s" : "");
	tests_clear(&tests);
}
