/* What latwrap shake found, as JUnit XML: a test that fails only when disturbed is a failure */
#include "shake/shake_junit.h"

#include "shake/shake_words.h"
#include "views/html/html_text.h"

static size_t count_of(const struct shake *shake, bool (*is)(const struct shake_test *test))
{
	size_t count = 0;

	for (size_t i = 0; i < shake->tests.count; i++)
		count += is(&shake->tests.list[i]);
	return count;
}

static bool fails(const struct shake_test *test)
{
	return test->status.value == SHAKE_FAILS;
}

static bool says_nothing(const struct shake_test *test)
{
	return !fails(test) && test->status.value != SHAKE_BEARS;
}

static void put_case(const struct shake *shake, const struct shake_test *test, FILE *out)
{
	_cleanup_free_ char *name = html_escape(test->name ? test->name : "the command", 0);
	_cleanup_free_ char *file = html_escape(test->file ? test->file : "latwrap shake", 0);
	_cleanup_free_ char *sentence = shake_sentence(shake, test);

	fprintf(out, "  <testcase classname=\"%s\" name=\"%s\">\n", file, name);
	if (fails(test))
		fprintf(out, "    <failure message=\"%s\"/>\n", sentence);
	else if (says_nothing(test))
		fprintf(out, "    <skipped message=\"%s\"/>\n", sentence);
	else
		fprintf(out, "    <system-out>%s</system-out>\n", sentence);
	fputs("  </testcase>\n", out);
}

void shake_print_junit(const struct shake *shake, FILE *out)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"latwrap shake\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
		shake->tests.count, count_of(shake, fails), count_of(shake, says_nothing));
	for (size_t i = 0; i < shake->tests.count; i++)
		put_case(shake, &shake->tests.list[i], out);
	fputs("</testsuite>\n", out);
}
