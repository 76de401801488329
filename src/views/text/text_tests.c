/* The failed tests of one run or several in the text view, each with the answer and its evidence */
#include "views/text/text_tests.h"

#include <inttypes.h>

#include "views/account_words.h"
#include "views/tests.h"

#define TESTS_MAX  10
#define NAME_CHARS 200

static const char bold[] = "\033[1m", red[] = "\033[1;31m", plain[] = "\033[0m";

static const char *paint(bool color, const char *code)
{
	return color ? code : "";
}

static void print_test(const struct test *test, bool several, FILE *out, bool color,
		       const struct view_style *style)
{
	_cleanup_free_ char *name = style->escape(test->span->name, NAME_CHARS);
	_cleanup_free_ char *evidence = test_evidence(test, style),
			    *place = test_place(test, style);
	_cleanup_free_ char *account = account_line(test->span->account);
	uint64_t attempt = test->span->attempt.value;

	fprintf(out, "  %s%s%s: %s", paint(color, test->answer == ANSWER_MACHINE ? red : bold),
		test_answer(test), paint(color, plain), name);
	if (attempt > 1)
		fprintf(out, ", attempt %" PRIu64, attempt);
	if (place)
		fprintf(out, " (%s)", place);
	if (evidence)
		fprintf(out, "\n    Why: %s", evidence);
	if (account)
		fprintf(out, "\n    All its time: it %s", account);
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
	_cleanup_free_ char *answers = NULL;
	const char *advice;
	struct tests tests;
	uint64_t shown = 0;

	tests_find(reports, &tests);
	advice = tests_advice(&tests, reports);
	if (advice)
		fprintf(out, "  %s\n", advice);
	if (tests.failed) {
		answers = tests_answers(&tests);
		fprintf(out, "%sFailed tests%s, %s of %s%s%s", paint(color, bold),
			paint(color, plain), view_count(failed, tests.failed),
			view_count(total, MAX(tests.total, tests.failed)), *answers ? ": " : "",
			answers);
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
