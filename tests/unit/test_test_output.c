/* When tests begin and end by what their programs print: Go's and Rust's, whole and in pieces */
#include "runners/test_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "tap.h"

static char *story;
static size_t story_size;
static FILE *out;

static void tell(void *context, const struct test_event *event)
{
	static const char *const words[] = {[SPAN_BEGIN] = "begin",
					    [SPAN_END] = "end",
					    [SPAN_PAUSE] = "pause",
					    [SPAN_RESUME] = "resume"};

	(void)context;
	fprintf(out, "%" PRIu64 " %s %s", event->time_ns, words[event->event], event->name);
	if (event->event == SPAN_BEGIN && event->parent)
		fprintf(out, " in %" PRIu64, event->parent);
	if (event->event == SPAN_END)
		fprintf(out, " %s", span_outcome_names[event->outcome]);
	fputs("\n", out);
}

/* Each piece comes 1 ns after the one before; pieces are divided by '|'. */
static void check(enum test_output_kind kind, const char *pieces, const char *expected)
{
	struct test_output *output = test_output_new(kind, tell, NULL);
	uint64_t time_ns = 0;

	free(story);
	out = open_memstream(&story, &story_size);
	while (*pieces) {
		size_t length = strcspn(pieces, "|");

		test_output_read(output, pieces, length, ++time_ns);
		pieces += length + (pieces[length] == '|');
	}
	test_output_free(output);
	fclose(out);
	is_str(story, expected);
}

static void test_go(void)
{
	check(TEST_OUTPUT_GO, "=== RUN   TestA\n|hello\n--- PASS: TestA (0.00s)\n|PASS\n",
	      "1 begin TestA\n2 end TestA passed\n");
	check(TEST_OUTPUT_GO, "=== RU|N   TestA\r\n|\x16--- FAIL: TestA (1.00s)\n",
	      "2 begin TestA\n3 end TestA failed\n");
	check(TEST_OUTPUT_GO,
	      "=== RUN   T\n=== RUN   T/a\n|=== RUN   T/b/c\n|--- FAIL: T (0.00s)\n    --- PASS: T/a (0.00s)\n|"
	      "    --- FAIL: T/b/c (0.00s)\n",
	      "1 begin T\n1 begin T/a in 1\n2 pause T/a\n2 begin T/b/c in 1\n3 pause T/b/c\n3 end T failed\n"
	      "2 end T/a passed\n3 end T/b/c failed\n");
	check(TEST_OUTPUT_GO,
	      "=== RUN   A\n=== PAUSE A\n=== RUN   B\n|=== PAUSE B\n|=== CONT  A\n=== CONT  B\n|"
	      "--- PASS: B (0.00s)\n--- SKIP: A (0.00s)\n",
	      "1 begin A\n1 pause A\n1 begin B\n2 pause B\n3 resume A\n3 resume B\n4 end B passed\n"
	      "4 end A skipped\n");
	check(TEST_OUTPUT_GO,
	      "=== RUN   T\n=== RUN   T/a\n=== PAUSE T/a\n=== RUN   T/b\n=== PAUSE T/b\n|=== CONT  T/a\n=== CONT  T/b\n",
	      "1 begin T\n1 begin T/a in 1\n1 pause T/a\n1 begin T/b in 1\n1 pause T/b\n2 resume T/a\n"
	      "2 resume T/b\n");
	check(TEST_OUTPUT_GO,
	      "--- PASS: Never (0.00s)\n=== CONT  Never\n=== RUN   \n--- PASS: \n=== NAME  A\n--- PASS: A\n",
	      "");
}

static void test_libtest(void)
{
	check(TEST_OUTPUT_LIBTEST,
	      "\nrunning 2 tests\n|test m::a ... |ok|\n|test m::b - should panic ... |FAILED|\n|test m::c ... ignored, why\n",
	      "2 begin m::a\n4 end m::a passed\n5 begin m::b\n7 end m::b failed\n8 begin m::c\n"
	      "8 end m::c skipped\n");
	check(TEST_OUTPUT_LIBTEST, "test a ... |some output\n|ok\n|test b ... |output|test x\n",
	      "1 begin a\n3 end a passed\n4 begin b\n");
	check(TEST_OUTPUT_LIBTEST, "test a ... |\ntest b ... |ok\n",
	      "1 begin a\n2 end a unknown\n2 begin b\n3 end b passed\n");
	check(TEST_OUTPUT_LIBTEST, "test result: ok. 0 passed\nok\nFAILED\n", "");
}

static void test_long_lines(void)
{
	_cleanup_free_ char *text = xcalloc(1, 100001);
	struct test_output *output = test_output_new(TEST_OUTPUT_GO, tell, NULL);

	free(story);
	out = open_memstream(&story, &story_size);
	memset(text, 'x', 100000);
	memcpy(text, "=== RUN   ", 10);
	test_output_read(output, text, 100000, 1);
	test_output_read(output, "\n=== RUN   A\n", 13, 2);
	/* More than there is room for. */
	for (unsigned i = 0; i < 5000; i++) {
		char line[64];

		snprintf(line, sizeof(line), "=== RUN   B%u\n=== PAUSE B%u\n", i, i);
		test_output_read(output, line, strlen(line), 3);
	}
	test_output_free(output);
	fclose(out);
	ok(startswith(story, "2 begin A\n3 begin B0\n"));
	ok(strstr(story, "begin B4094\n") && !strstr(story, "begin B4095\n"));
}

int main(void)
{
	test_go();
	test_libtest();
	test_long_lines();
	free(story);
	return tap_done();
}
