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
	check(TEST_OUTPUT_LIBTEST, "test result: ok. 0 passed\nok\nFAILED\n", "");
}

/* Whatever tests print, also what looks like what the program itself says. */
static void test_go_tests_print(void)
{
	/* Without a newline. */
	check(TEST_OUTPUT_GO,
	      "=== RUN   TestA\n|x--- PASS: TestA (0.00s)\n|=== RUN   TestB\n|y\xff=== RUN   TestB/c\n|z--- FAIL: TestB (1.00s)\n"
	      "    --- PASS: TestB/c (0.00s)\n",
	      "1 begin TestA\n2 end TestA passed\n3 begin TestB\n4 begin TestB/c in 2\n5 pause TestB/c\n5 end TestB failed\n"
	      "5 end TestB/c passed\n");
	check(TEST_OUTPUT_GO,
	      "=== RUN   A\n--- |=== PAUSE A\n|=== RUN   B\n--- PASS: B (0.00s)\n-=== CONT  A\n|x--- SKIP: A (0.00s)\n",
	      "1 begin A\n2 pause A\n3 begin B\n3 end B passed\n3 resume A\n4 end A skipped\n");
	/* Of another program, and of others of this one. */
	check(TEST_OUTPUT_GO,
	      "=== RUN   TestA\n|=== RUN   TestB\n--- FAIL: TestB (0.00s)\n=== RUN   TestB/c\n=== RUN   TestA\n"
	      "    a_test.go:1: === RUN   TestC\n    === CONT  TestA\n=== PAUSE TestB\n|--- PASS: TestA (1.00s)\n|=== RUN   TestB\n",
	      "1 begin TestA\n3 end TestA passed\n4 begin TestB\n");
	/* Of the test itself, as of the program that it starts with its own name: it goes on. */
	check(TEST_OUTPUT_GO,
	      "=== RUN   TestA\n|--- FAIL: TestA (0.00s)\nFAIL\n|--- PASS: TestA (1.00s)\n|=== RUN   TestB\n"
	      "|--- PASS: TestB (0.00s)\n|=== RUN   TestB/c\n|--- FAIL: TestB (0.00s)\n    --- FAIL: TestB/c (0.00s)\n",
	      "1 begin TestA\n3 end TestA passed\n4 begin TestB\n6 begin TestB/c in 2\n7 pause TestB/c\n7 end TestB failed\n"
	      "7 end TestB/c failed\n");
	/* No ends: other words, another form, or behind them something else. */
	check(TEST_OUTPUT_GO,
	      "=== RUN   A\n--- PASS: A\n--- PASS: A (soon)\n--- PASS: A (0.00s) not\n--- PASS: B (0.00s)\n--- BENCH: A (0.00s)\n"
	      "=== RUN   A/b c\n=== RUN   A/\t\n",
	      "1 begin A\n");
	/* Marked, as for -json: what has no mark says nothing. */
	check(TEST_OUTPUT_GO,
	      "\x16=== RUN   A\n|--- FAIL: A (0.00s)\n=== RUN   B\n|x\x16--- PASS: A (0.00s)\n|\x16=== RUN   B\n|\x16=== RUN   B/c\n"
	      "|\x16    --- PASS: B/c (0.00s)\n|\x16--- PASS: B (0.00s)\n",
	      "1 begin A\n3 end A passed\n4 begin B\n5 begin B/c in 2\n6 end B/c passed\n7 end B passed\n");
}

static void test_libtest_tests_print(void)
{
	check(TEST_OUTPUT_LIBTEST,
	      "test a ... |xok\n|test b ... y|\nlook\n|zFAILED\n|\ntest result: FAILED. 1 passed\nok\n",
	      "1 begin a\n2 end a passed\n3 begin b\n5 end b failed\n");
	/* What trybuild prints, and insta: lines of the same form for each file. */
	check(TEST_OUTPUT_LIBTEST,
	      "test ui ... |\n\ntest tests/ui/a.rs ... ok\n|test tests/ui/b.rs ... FAILED\n|ok\n|test z ... ok\n",
	      "1 begin ui\n4 end ui passed\n5 begin z\n5 end z passed\n");
	/* It says that it is ok, and fails. */
	check(TEST_OUTPUT_LIBTEST, "test a ... |ok\n|FAILED\n|test b ... ok\n",
	      "1 begin a\n3 end a failed\n4 begin b\n4 end b passed\n");
	check(TEST_OUTPUT_LIBTEST,
	      "test a ... |\x1b[32mok\x1b(B\x1b[m\n|test b ... ok <0.001s>\n|test c ... bench: 5 ns/iter (+/- 1)\n|test  ... ok\n",
	      "1 begin a\n2 end a passed\n3 begin b\n3 end b passed\n4 begin c\n4 end c passed\n");
}

/* Told once nothing can contradict it. */
static void test_confirm(void)
{
	static const char text[] = "=== RUN   A\n--- PASS: A (0.00s)\n";
	struct test_output *output = test_output_new(TEST_OUTPUT_GO, tell, NULL);

	free(story);
	out = open_memstream(&story, &story_size);
	test_output_read(output, text, strlen(text), 7);
	ok(test_output_confirm(output, 8) == 7 + 5 * NSEC_PER_SEC);
	fflush(out);
	is_str(story, "7 begin A\n");
	ok(test_output_confirm(output, 7 + 5 * NSEC_PER_SEC) == 0);
	fflush(out);
	is_str(story, "7 begin A\n7 end A passed\n");
	test_output_free(output);
	fclose(out);
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
	/* The end of a long line tells. */
	memset(text, 0, 10);
	test_output_read(output, text, 100000, 2);
	test_output_read(output, "--- PASS: A (0.00s)\n", 20, 2);
	/* More than there is room for. */
	for (unsigned i = 0; i < 5000; i++) {
		char line[64];

		snprintf(line, sizeof(line), "=== RUN   B%u\n=== PAUSE B%u\n", i, i);
		test_output_read(output, line, strlen(line), 3);
	}
	test_output_free(output);
	fclose(out);
	ok(startswith(story, "2 begin A\n2 end A passed\n3 begin B0\n"));
	ok(strstr(story, "begin B4095\n") && !strstr(story, "begin B4096\n"));
}

int main(void)
{
	test_go();
	test_libtest();
	test_go_tests_print();
	test_libtest_tests_print();
	test_confirm();
	test_long_lines();
	free(story);
	return tap_done();
}
