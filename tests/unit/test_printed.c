/* Tests of spans/printed and printed_line: which lines that a program prints begin and end tests */
#include "spans/printed.h"

#include "packet.h"
#include "span_check.h"
#include "span_steps.h"
#include "spans/printed_line.h"
#include "spans/printed_packet.h"
#include "spans/printed_test.h"

static void record_bytes(struct model *model, uint64_t ms, uint32_t pid,
			 const struct record_results *how, const void *data, size_t size)
{
	struct record_results *record = xcalloc(1, sizeof(*record) + size);

	*record = *how;
	record->header = (struct record_header){.type = RECORD_RESULTS, .time_ns = ms * MS};
	record->id = task_of(pid, pid);
	record->data_bytes = (u32)size;
	memcpy(record->data, data, size);
	model_record(model, record, sizeof(*record) + size);
	free(record);
}

static void record(struct model *model, uint64_t ms, uint32_t pid, const struct record_results *how,
		   const char *text)
{
	record_bytes(model, ms, pid, how, text, strlen(text));
}

static void print_to(struct model *model, uint64_t ms, uint32_t pid, int fd, u64 input, u64 output,
		     const char *text)
{
	record(model, ms, pid,
	       &(struct record_results){.fd = (s16)fd, .input = input, .output = output}, text);
}

static void print(struct model *model, uint64_t ms, uint32_t pid, const char *text)
{
	print_to(model, ms, pid, 1, 0, 0, text);
}

static void print_much(struct model *model, uint64_t ms, uint32_t pid, const char *its_end)
{
	record(model, ms, pid, &(struct record_results){.fd = 1, .is_cut = 1}, its_end);
}

/* So much that bytes are missing between both */
static void print_lot(struct model *model, uint64_t ms, uint32_t pid, const char *its_begin,
		      const char *its_end)
{
	record(model, ms, pid, &(struct record_results){.fd = 1, .is_begin = 1}, its_begin);
	record(model, ms, pid, &(struct record_results){.fd = 1, .is_cut = 2}, its_end);
}

static struct model *two_processes(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 1000 * MS, 10, 10, 1, "runner");
	start_at(model, 1001 * MS, 11, 10, 10, "test");
	return model;
}

static void failed(struct model *model, uint64_t ms, uint32_t pid)
{
	struct record_thread last = thread_of(ms * MS, pid, pid, "runner", 0);

	last.exit_code = 1 << 8;
	model_record(model, &last, sizeof(last));
}

static void killed(struct model *model, uint64_t ms, uint32_t pid)
{
	struct record_thread last = thread_of(ms * MS, pid, pid, "runner", 0);

	last.exit_code = 9;
	model_record(model, &last, sizeof(last));
}

static void is(const char *name, enum span_outcome outcome, uint64_t from_ms, uint64_t until_ms)
{
	const struct span *span = find(name);

	okf(span && span->outcome == outcome && span->start_ns == from_ms * MS &&
		    span->end_ns == until_ms * MS,
	    "%s: %s", name, outcome ? span_outcome_names[outcome] : "no outcome");
}

static void ended(struct model *model, const char *what)
{
	const char *fault;

	finish(model);
	fault = span_fault(model);
	okf(!fault, "%s: %s", what, fault ? fault : "all agrees");
	model_free(model);
}

/* -- Lines ----------------------------------------------------------------------------------------- */

static void tap(const char *text, uint64_t number, const char *name, enum span_outcome outcome)
{
	struct printed_line line = printed_line_tap(text);

	okf((line.what == PRINTED_RESULT) == (name != NULL) &&
		    (!name || (line.number == number && line.length == strlen(name) &&
			       !strncmp(line.name, name, line.length) && line.outcome == outcome)),
	    "%s", text);
}

static void test_lines(void)
{
	tap("ok 1 - a b", 1, "a b", SPAN_PASSED);
	tap("not ok 12 a", 12, "a", SPAN_FAILED);
	tap("ok 3", 3, "", SPAN_PASSED);
	tap("ok 3 -", 3, "", SPAN_PASSED);
	tap("ok 3 - -a", 3, "-a", SPAN_PASSED);
	tap("ok 4 - a # skip not here", 4, "a", SPAN_SKIPPED);
	tap("not ok 5 - a # TODO later", 5, "a", SPAN_SKIPPED);
	tap("ok 6 - C# todo#1 # time=1ms", 6, "C# todo#1", SPAN_PASSED);
	tap("ok 6 # time=12.75ms", 6, "", SPAN_PASSED);
	tap("ok 6 - a # time=1ms # SKIP", 6, "a", SPAN_SKIPPED);
	tap("ok 6 - a# time=1ms", 6, "a# time=1ms", SPAN_PASSED);
	tap("ok 6 - a # time=ms", 6, "a # time=ms", SPAN_PASSED);
	tap("ok 6 - a # time=1ms b", 6, "a # time=1ms b", SPAN_PASSED);
	tap("ok", 0, NULL, 0);
	tap("ok - a", 0, NULL, 0);
	tap("ok 0 - a", 0, NULL, 0);
	tap("ok 1a", 0, NULL, 0);
	tap("okay 1", 0, NULL, 0);
	tap("ok 99999999999999999999 - a", 0, NULL, 0);
	tap(" ok 1 - a", 0, NULL, 0);
	tap("not okay", 0, NULL, 0);
	okf(printed_line_tap("1..7").number == 7 &&
		    printed_line_tap("1..0 # SKIP x").what == PRINTED_PLAN &&
		    printed_line_tap("1..x").what == PRINTED_OTHER,
	    "plans");
	okf(printed_line_tap("TAP version 14").what == PRINTED_VERSION, "a version");
	okf(printed_line_frame("[==========] Running 7 tests from 3 test suites.").what ==
		    PRINTED_HEAD,
	    "the head of GoogleTest");
	okf(printed_line_frame("[==========] x: Running 1 test(s).").is_cmocka, "that of cmocka");
	okf(printed_line_frame("[==========] 1 test from 1 suite ran. (0 ms total)").what ==
		    PRINTED_BETWEEN,
	    "the end of a run");
	okf(printed_line_frame("[----------] 2 tests from A/1, where TypeParam = int").what ==
		    PRINTED_SUITE,
	    "a suite");
	okf(printed_line_frame("x[ RUN      ] A.b[       OK ] A/0.c, where TypeParam = int (3 ms)")
			    .length == strlen("A/0.c"),
	    "the last frame of a line");
	okf(printed_line_frame("[  PASSED  ] 3 tests.").what == PRINTED_OTHER, "no test");
}

/* -- TAP ------------------------------------------------------------------------------------------- */

static void test_tap(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "1..3\n");
	stall(model, 11, 11, 1012, 1018);
	print(model, 1020, 10, "ok 1 - a\n");
	print(model, 1021, 10, "# a comment\n    ok 1 - below\n");
	print(model, 1030, 10, "not ok 2 - b\n");
	print(model, 1040, 10, "ok 3 - c # SKIP\n");
	end_at(model, 1050 * MS, 10, 10, "runner", 0);
	finish(model);
	is("a", SPAN_PASSED, 1010, 1020);
	is("b", SPAN_FAILED, 1020, 1030);
	is("c", SPAN_SKIPPED, 1030, 1040);
	okf(count == 3 && model_spans_begun(model) == 3, "and no other");
	okf(streq(owner(model, 1012), "a"), "a stall of a process below it");
	ended(model, "a plan first");

	model = two_processes();
	print(model, 1020, 10, "ok 1 - a\n");
	print(model, 1030, 10, "ok 2 - b\n1..2\n");
	end_at(model, 1050 * MS, 10, 10, "runner", 0);
	finish(model);
	is("a", SPAN_PASSED, 1000, 1020);
	is("b", SPAN_PASSED, 1020, 1030);
	okf(count == 2, "and no other");
	ended(model, "a plan last");

	model = two_processes();
	print(model, 1010, 10, "TAP version 13\n1..4\nok 1 - a\nnot o");
	print(model, 1020, 10, "k 2 - b\nok 3 - c\r\n");
	killed(model, 1050, 10);
	finish(model);
	is("a", SPAN_PASSED, 1010, 1010);
	is("b or c", SPAN_FAILED, 1010, 1020);
	is("test 4", SPAN_ERROR, 1020, 1050);
	ended(model, "results at once, and one cut short");
}

static void test_tap_of_others(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "1..4\n");
	print(model, 1020, 10, "ok 1 - a\n");
	print(model, 1021, 11, "1..1\nnot ok 1 - of a child\n");
	print(model, 1030, 10, "ok 2 - a test's own line\n");
	print(model, 1040, 10, "not ok 2 - b\n");
	print(model, 1050, 10, "ok 3 - c\n");
	finish(model);
	is("a", SPAN_PASSED, 1010, 1020);
	is("a test's own line", SPAN_UNKNOWN, 1020, 1030);
	okf(count == 2, "what comes after a contradiction, and what a test starts, has no names");
	okf(loss_of(model, SPAN_LOSS_PRINTED) == 1, "which is counted");
	ended(model, "contradictions");

	model = two_processes();
	print(model, 1010, 10, "hello\n1..2\n");
	print(model, 1020, 11, "1..2\n");
	print(model, 1030, 11, "ok 2 - b\n");
	print(model, 1040, 11, "1..2\n");
	finish(model);
	okf(!find("b") && count <= 1, "numbers that do not begin with 1");
	ended(model, "no tests");

	model = two_processes();
	print(model, 1010, 10, "ok 1 - a\nnot ok 2 - b\n1..2\n");
	print(model, 1020, 11, "1..2\nok 1 - a\n");
	killed(model, 1030, 11);
	end_at(model, 1040 * MS, 10, 10, "cat", 0);
	finish(model);
	okf(count == 0 && model_spans_begun(model) == 0, "what is written at once");
	ended(model, "a copy of a file");

	model = two_processes();
	start_at(model, 1002 * MS, 12, 12, 10, "tee");
	print_to(model, 1010, 11, 1, 0, 77, "1..1\n");
	print_to(model, 1011, 12, 1, 77, 0, "1..1\n");
	print_to(model, 1020, 11, 1, 0, 77, "not ok 1 - a\n");
	print_to(model, 1021, 12, 1, 77, 0, "not ok 1 - a\n");
	finish(model);
	is("a", SPAN_FAILED, 1010, 1020);
	okf(count == 1, "a copy counts for nothing");
	ended(model, "tee");
}

static void test_tap_repeated(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "1..3\n");
	print(model, 1020, 10, "ok 1 - a\n");
	print(model, 1025, 10, "ok 1 - a\n");
	print(model, 1030, 10, "not ok 2\n");
	print(model, 1031, 10, "not ok 2\n");
	print(model, 1040, 10, "ok 3 - c\n");
	print(model, 1041, 10, "ok 3 - c\n");
	finish(model);
	is("a", SPAN_PASSED, 1010, 1020);
	is("test 2", SPAN_FAILED, 1020, 1030);
	is("c", SPAN_PASSED, 1030, 1040);
	okf(count == 3 && loss_of(model, SPAN_LOSS_PRINTED) == 0, "nothing contradicts");
	ended(model, "writes that are repeated");

	model = two_processes();
	print(model, 1010, 10, "1..3\n");
	print(model, 1020, 10, "ok 1 - a\n");
	print(model, 1025, 10, "not ok 1 - a\n");
	finish(model);
	is("a", SPAN_UNKNOWN, 1010, 1020);
	okf(count == 1, "and no other");
	ended(model, "another outcome");
}

static void test_tap_without_results(void)
{
	struct model *model = two_processes();

	print_much(model, 1010, 11, "5 - a\nok 56 - b\nok 57 - c\nok 5");
	print(model, 1020, 11, "8 - d\nok 59 - e\nok 60 - f\n1..60\n");
	failed(model, 1030, 11);
	finish(model);
	okf(count == 0 && model_spans_begun(model) == 0, "what is written at once is cut");
	ended(model, "a plan after results that are missing");

	model = two_processes();
	print(model, 1010, 10, "1..2\n");
	print(model, 1020, 11, "ok 1 - a\nok 2 - b\n");
	failed(model, 1030, 10);
	finish(model);
	okf(count == 0 && model_spans_begun(model) == 0, "its children print the results");
	ended(model, "a plan only");

	model = two_processes();
	print(model, 1010, 10, "1..2\n");
	print(model, 1020, 10, "ok 1 - a\n");
	failed(model, 1030, 10);
	finish(model);
	is("test 2", SPAN_ERROR, 1020, 1030);
	ended(model, "a program that fails before its last test has ended");

	model = two_processes();
	print(model, 1010, 10, "1..2\n");
	killed(model, 1030, 10);
	finish(model);
	is("test 1", SPAN_ERROR, 1010, 1030);
	ended(model, "a program that a signal ends in its first test");
}

static void test_ids(void)
{
	struct model *model = two_processes();

	start_at(model, 1002 * MS, 12, 10, 10, "test");
	start_at(model, 1003 * MS, 13, 10, 10, "test");
	print(model, 1010, 11, "TAP version 13\n");
	print(model, 1020, 11, "ok 1 - a\n");
	print(model, 1030, 11, "1..1\n");
	print(model, 1040, 12, "1..1\n");
	model_spans_sweep(model, 1035 * MS, SIZE_MAX);
	print(model, 1050, 13, "1..1\n");
	print(model, 1060, 12, "ok 1 - b\n");
	print(model, 1070, 13, "not ok 1 - c\n");
	finish(model);
	okf(count == 3 && model_spans_begun(model) == 3 && find("b") && find("c") &&
		    find("b")->number != find("c")->number,
	    "a span that is no test leaves its id to no other");
	ended(model, "ids");
}

static void test_reported(void)
{
	struct model *model = two_processes();

	print(model, 1005, 10, "1..1\n");
	begin(model, 11, 1010, "told", "");
	end(model, 11, 1020, "told", "failed");
	print(model, 1030, 10, "not ok 1 - told\n");
	finish(model);
	okf(count == 1 && find("told") && find("told")->end_ns == 1020 * MS &&
		    !find("told")->parent,
	    "what a process below reports counts");
	ended(model, "a runner that prints what it reports");

	model = two_processes();
	begin(model, 10, 1005, "outer", "");
	print(model, 1010, 11, "1..1\nnot ok 1 - inner\n");
	end(model, 10, 1020, "outer", "passed");
	finish(model);
	okf(count == 1 && find("outer"), "a test that prints TAP");
	ended(model, "within a test");
}

/* -- GoogleTest, cmocka ---------------------------------------------------------------------------- */

static void test_frames(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "x\n[==========] Running 3 tests from 1 test suite.\n");
	print(model, 1011, 10, "[----------] 3 tests from A\n");
	print(model, 1020, 10, "\x1b[0;32m[ RUN      ] \x1b[mA.a\n");
	print(model, 1021, 10, "[       OK ] A.b (0 ms)\n");
	print(model, 1021, 10, "[ RUN      ] A.c\n");
	print(model, 1021, 10, "[       OK ] A.a (0 ms)\n");
	print(model, 1021, 10, "[ RUN      ] B.c\n");
	print(model, 1021, 10, "[  SKIPPED ] A.a (0 ms)\n[ RUN      ] A.c\nfailure\n");
	print(model, 1022, 11, "[  FAILED  ] A.a (0 ms)\n");
	print_to(model, 1023, 10, 2, 0, 0, "[  FAILED  ] A.a (0 ms)\n");
	print(model, 1025, 10, "out[  FAILED  ] A.a, where GetParam() = 2 (5 ms)\n");
	print(model, 1026, 10, "[ RUN      ] A.b\n");
	print(model, 1029, 10, "[  SKIPPED ] A.b (3 ms)\n");
	print(model, 1030, 10, "[==========] 2 tests from 1 test suite ran. (9 ms total)\n");
	print(model, 1030, 10, "[==========] Running 3 tests from 1 test suite.\n");
	print(model, 1030, 10, "[ RUN      ] A.d\n");
	killed(model, 1050, 10);
	finish(model);
	is("A.a", SPAN_FAILED, 1020, 1025);
	is("A.b", SPAN_SKIPPED, 1026, 1029);
	is("A.d", SPAN_ERROR, 1030, 1050);
	okf(count == 3 && find("A.d") && find("A.d")->attempt == 2 && !find("A.b")->attempt,
	    "and no other; the second attempt has its number");
	ended(model, "GoogleTest");

	model = two_processes();
	print(model, 1010, 10, "[==========] Running 2 test(s).\n");
	print(model, 1010, 10, "[ RUN      ] a\n");
	print_to(model, 1011, 10, 2, 0, 0, "[  ERROR   ] --- 0x1 != 0x2\n");
	print_to(model, 1020, 10, 2, 0, 0, "[  ERROR   ] a\n");
	print(model, 1030, 10, "[ RUN      ] b\n");
	finish(model);
	is("a", SPAN_ERROR, 1010, 1020);
	ended(model, "cmocka");
}

static void test_frames_lost(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "[==========] Running 3 tests from 2 test suites.\n");
	print(model, 1011, 10, "[----------] 1 test from A\n");
	print(model, 1012, 10, "[ RUN      ] A.a\n");
	print(model, 1020, 10, "[----------] 1 test from A (8 ms total)\n");
	print(model, 1021, 10, "[----------] 2 tests from B\n");
	print(model, 1022, 10, "[ RUN      ] B.b\n");
	print(model, 1023, 10, "[----------] 9 lines of a test from B\n");
	print(model, 1030, 10, "[  FAILED  ] B.b (8 ms)\n");
	print(model, 1031, 10, "[ RUN      ] B.c\n");
	print(model, 1040, 10, "[==========] 3 tests from 2 test suites ran. (30 ms total)\n");
	failed(model, 1050, 10);
	finish(model);
	is("A.a", SPAN_UNKNOWN, 1012, 1020);
	is("B.b", SPAN_FAILED, 1022, 1030);
	is("B.c", SPAN_UNKNOWN, 1031, 1040);
	okf(count == 3 && loss_of(model, SPAN_LOSS_PRINTED) == 1, "the program is counted once");
	ended(model, "lost ends of tests");
}

/* -- Others ---------------------------------------------------------------------------------------- */

static void line(const char *text, struct printed_line found, enum printed_what what,
		 const char *name, enum span_outcome outcome)
{
	okf(found.what == what && found.outcome == outcome &&
		    found.length == (name ? strlen(name) : 0) &&
		    (!name || !strncmp(found.name, name, found.length)),
	    "%s", text);
}

#define BOOST(text, ...)    line(text, printed_line_boost(text), __VA_ARGS__)
#define XML(text, ...)      line(text, printed_line_xml(text), __VA_ARGS__)
#define TEAMCITY(text, ...) line(text, printed_line_teamcity(text), __VA_ARGS__)
#define SUBUNIT(text, ...)  line(text, printed_line_subunit(text), __VA_ARGS__)

static void test_other_lines(void)
{
	BOOST("x.cc(1): Entering test case \"a \"b\"\"", PRINTED_RUN, "a \"b\"", 0);
	BOOST("outx.cc(1): Leaving test case \"a\"; testing time: 7us", PRINTED_END, "a",
	      SPAN_PASSED);
	BOOST("Leaving test case \"a\"", PRINTED_END, "a", SPAN_PASSED);
	BOOST("x.cc(1): fatal error: in \"s/a\": no", PRINTED_FAILURE, "s/a", 0);
	BOOST("x.cc(1): warning: in \"s/a\": no", PRINTED_OTHER, NULL, 0);
	BOOST("Test case \"s/a\" is skipped because of rain", PRINTED_SKIP, "s/a", 0);
	BOOST("Test case \"s/a\" is skipped because disabled", PRINTED_OTHER, NULL, 0);
	BOOST("x.cc(1): Entering test suite \"s\"", PRINTED_ENTER, "s", 0);
	BOOST("Entering test case \"a", PRINTED_OTHER, NULL, 0);
	XML("out  <TestCase name=\"a &lt;\" line=\"3\">", PRINTED_RUN, "a &lt;", 0);
	XML("<TestCase name=\"a\"", PRINTED_OTHER, NULL, 0);
	XML("<TestCase name=\"a\" testsuite=\"s\"/>", PRINTED_OTHER, NULL, 0);
	XML("<OverallResult success=\"true\" skips=\"0\"/>", PRINTED_END, NULL, SPAN_PASSED);
	XML("<OverallResult success=\"true\" skips=\"1\"/>", PRINTED_END, NULL, SPAN_SKIPPED);
	XML("<OverallResult success=\"false\" skips=\"1\"/>", PRINTED_END, NULL, SPAN_FAILED);
	XML("<OverallResultsAsserts failures=\"1\" test_case_success=\"true\"/>", PRINTED_END, NULL,
	    SPAN_PASSED);
	XML("<OverallResultsAsserts failures=\"1\"/>", PRINTED_OTHER, NULL, 0);
	XML("    </TestCase>", PRINTED_CLOSE, NULL, 0);
	TEAMCITY("x##teamcity[testStarted flowId='1' name='a|'b|]']", PRINTED_RUN, "a|'b|]", 0);
	TEAMCITY("##teamcity[testFailed name='a' message='name=|'b", PRINTED_FAILURE, "a", 0);
	TEAMCITY("##teamcity[testFinished message='x' name='a']", PRINTED_END, "a", SPAN_PASSED);
	TEAMCITY("##teamcity[testFinished message='x]", PRINTED_OTHER, NULL, 0);
	TEAMCITY("##teamcity[testStdOut name='a' out='##teamcity|[testFailed name=|'a|'|]']",
		 PRINTED_OTHER, NULL, 0);
	SUBUNIT("test: a b", PRINTED_RUN, "a b", 0);
	SUBUNIT("outfailure: a [", PRINTED_END, "a", SPAN_FAILED);
	SUBUNIT("xfail: a", PRINTED_END, "a", SPAN_SKIPPED);
	SUBUNIT("tests: 3", PRINTED_OTHER, NULL, 0);
}

static void test_unescape(void)
{
	char xml[] = "&lt;a&amp;lt; &quot;&apos;&gt;&#10;&", teamcity[] = "|[a||n|'|]|n|";

	printed_line_unescape_xml(xml);
	printed_line_unescape_teamcity(teamcity);
	okf(streq(xml, "<a&lt; \"'>&#10;&"), "%s", xml);
	okf(streq(teamcity, "[a|n']\n|"), "a name of TeamCity");
}

static void test_boost(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "Running 3 test cases...\nEntering test module \"m\"\n");
	print(model, 1011, 10, "x.cc(1): Entering test suite \"s\"\n");
	print(model, 1012, 10, "x.cc(1): Entering test suite \"t\"\n");
	print(model, 1020, 10, "x.cc(1): Entering test case \"a\"\n");
	print(model, 1021, 10, "x.cc(1): Leaving test suite \"t\"\n");
	print(model, 1022, 10, "x.cc(1): error: in \"s/t/a\": two\nlines\n");
	print(model, 1025, 10, "x.cc(1): Leaving test case \"a\"; testing time: 5us\n");
	print(model, 1026, 10, "x.cc(1): Leaving test suite \"t\"\n");
	print(model, 1030, 10, "x.cc(1): Entering test case \"b\"\n");
	print_lot(model, 1031, 10, "x.cc(1): error: in \"s/b\": much", "more\n");
	print(model, 1035, 10, "x.cc(1): Leaving test case \"b\"; testing time: 5us\n");
	print(model, 1040, 10, "x.cc(1): Entering test case \"c\"\n");
	print_lot(model, 1041, 10, "a lot", "of it\n");
	print(model, 1045, 10, "x.cc(1): Leaving test case \"c\"; testing time: 5us\n");
	print(model, 1046, 10, "x.cc(1): Entering test case \"d\"\n");
	print(model, 1048, 10, "x.cc(1): Leaving test suite \"s\"; testing time: 5us\n");
	failed(model, 1050, 10);
	finish(model);
	is("s/t/a", SPAN_FAILED, 1020, 1025);
	is("s/b", SPAN_FAILED, 1030, 1035);
	is("s/c", SPAN_UNKNOWN, 1040, 1045);
	is("s/d", SPAN_UNKNOWN, 1046, 1048);
	okf(count == 4 && loss_of(model, SPAN_LOSS_PRINTED) == 1, "a lost end is counted");
	ended(model, "Boost.Test");

	model = two_processes();
	print(model, 1010, 10, "Entering test module \"m\"\n");
	print(model, 1020, 10, "Entering test case \"a\"\n");
	print(model, 1022, 10, "x.cc(1): error: in \"a\": expected\n");
	print(model, 1025, 10, "Leaving test case \"a\"\n");
	print(model, 1030, 10, "Entering test case \"b\"\n");
	print_lot(model, 1031, 10, "a lot", "of it\n");
	print(model, 1035, 10, "Leaving test case \"b\"\n");
	model_spans_sweep(model, 1036 * MS, SIZE_MAX);
	end_at(model, 1050 * MS, 10, 10, "test", 0);
	finish(model);
	is("a", SPAN_UNKNOWN, 1020, 1025);
	is("b", SPAN_PASSED, 1030, 1035);
	ended(model, "the exit status 0");
}

static void test_teamcity(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "##teamcity[testStarted name='a' flowId='1']\n");
	print(model, 1011, 10, "##teamcity[testStarted name='b' flowId='2']\n");
	print(model, 1012, 10, "##teamcity[testStarted name='b' flowId='1']\n");
	print_lot(model, 1013, 10, "##teamcity[testFailed name='b' message='much",
		  "' flowId='2']\n");
	print(model, 1014, 10, "##teamcity[testFailed name='a' message='other' flowId='2']\n");
	stall(model, 10, 10, 1013, 1014);
	print(model, 1015, 10, "##teamcity[testFinished name='b' flowId='2']\n");
	stall(model, 10, 10, 1015, 1016);
	print(model, 1016, 10, "##teamcity[testStarted name='c' flowId='2']\n");
	print(model, 1017, 10, "##teamcity[testIgnored name='c' flowId='2']\n");
	print(model, 1018, 10, "##teamcity[testFinished name='c' flowId='2']\n");
	print(model, 1019, 10, "##teamcity[testIgnored name='d' flowId='3']\n");
	print(model, 1020, 10, "##teamcity[testFinished name='a' flowId='1']\n");
	print(model, 1021, 10, "##teamcity[testFailed name='a' flowId='1']\n");
	print(model, 1030, 10, "##teamcity[testStarted name='e']\n");
	failed(model, 1050, 10);
	finish(model);
	is("a", SPAN_FAILED, 1010, 1020);
	is("b", SPAN_FAILED, 1011, 1015);
	is("c", SPAN_SKIPPED, 1016, 1018);
	is("d", SPAN_SKIPPED, 1019, 1019);
	is("e", SPAN_ERROR, 1030, 1050);
	okf(count == 5, "and no other");
	okf(streq(owner(model, 1013), "nobody") && streq(owner(model, 1015), "a"),
	    "a stall with two tests, and with one");
	ended(model, "TeamCity");
}

static void test_more_flows_than_places(void)
{
	struct model *model = two_processes();
	char line[64];

	for (int i = 0; i < PRINTED_FLOWS + 2; i++) {
		snprintf(line, sizeof(line), "##teamcity[testStarted name='%d' flowId='%d']\n", i,
			 i);
		print(model, 1010, 10, line);
	}
	is_u64(model->spans->gone.losses[SPAN_LOSS_REFUSED], 2);
	print(model, 1020, 10, "##teamcity[testFinished name='1' flowId='1']\n");
	print(model, 1021, 10, "##teamcity[testStarted name='10' flowId='10']\n");
	is_u64(model->spans->gone.losses[SPAN_LOSS_REFUSED], 2);
	end_at(model, 1050 * MS, 10, 10, "test", 0);
	finish(model);
	okf(count == PRINTED_FLOWS + 1, "the others are there");
	ended(model, "more flows than places");
}

static void test_xml_and_subunit(void)
{
	struct model *model = two_processes();

	print(model, 1010, 10, "<?xml version=\"1.0\"?>\n<Catch name=\"x\">");
	print(model, 1010, 10, "\n");
	print(model, 1020, 10, "  <TestCase name=\"a\">");
	print(model, 1020, 10, "\n");
	print(model, 1021, 10, "<OverallResult success=\"true\"/>\n");
	print(model, 1022, 10, "</TestCase>\n");
	print(model, 1025, 10, "out<OverallResult success=\"false\"/>\n");
	print(model, 1026, 10, "  <TestCase name=\"b\">\n");
	print(model, 1030, 10, "  </TestCase>\n");
	failed(model, 1050, 10);
	finish(model);
	is("a", SPAN_FAILED, 1020, 1025);
	is("b", SPAN_UNKNOWN, 1026, 1030);
	ended(model, "Catch2");

	model = two_processes();
	print(model, 1010, 10, "test: a\n");
	print(model, 1011, 10, "success: a\nfailure: a [\nwhy\n]\n");
	print(model, 1012, 10, "test: b\n");
	print(model, 1013, 10, "success: b\n");
	print(model, 1020, 11, "test: c\n");
	failed(model, 1050, 10);
	failed(model, 1051, 11);
	finish(model);
	is("a", SPAN_FAILED, 1010, 1011);
	is("b", SPAN_PASSED, 1012, 1013);
	okf(count == 2, "one line is no test");
	ended(model, "subunit");
}

/* -- Packets --------------------------------------------------------------------------------------- */

#define IS_RUN     0x2802
#define HAS_PASSED 0x2803
#define HAS_FAILED 0x2806
#define IS_SKIPPED 0x2805
#define WITH_ROUTE 0x0400
#define PART_BYTES 512

static void packet(const char *what, const void *data, size_t bytes, bool is_begin,
		   enum printed_what found, enum span_outcome outcome)
{
	struct printed_line line = printed_packet(data, bytes, is_begin);
	bool is_route = found != PRINTED_OTHER && !is_begin;

	okf(line.what == found && line.outcome == outcome &&
		    (!found || (line.length == 3 && !memcmp(line.name, "a.b", 3))) &&
		    line.flow_length == (is_route ? 3 : 0) &&
		    (!is_route || !memcmp(line.flow, "0/1", 3)),
	    "%s", what);
}

static void test_packets(void)
{
	/* As python3-subunit 1.4 writes an expected failure with all that a packet can have */
	char all[] =
		"\263\057\347\051\072\117\310\200\000\003a.b\001\001t\012text/plain\001f\003x\000y"
		"\0030/1\111\106\364\330";
	static const enum span_outcome outcomes[] = {
		0, 0, 0, SPAN_PASSED, SPAN_FAILED, SPAN_SKIPPED, SPAN_FAILED, SPAN_SKIPPED};
	char text[32] = "\003a.b\0030/1", made[64], lot[PACKET_MAX];
	size_t bytes = sizeof(all) - 1, i;

	packet("all that a packet can have", all, bytes, false, PRINTED_END, SPAN_SKIPPED);
	for (i = 0; i < bytes; i++) {
		char other = all[i];

		printed_packet(all, i, true);
		all[i] ^= 1;
		if (printed_packet(all, bytes, false).what || printed_packet(all, i, false).what)
			break;
		all[i] = other;
	}
	okf(i == bytes, "another byte, or fewer bytes, are no packet");
	for (unsigned status = 0; status < ARRAY_SIZE(outcomes); status++)
		packet("a status", made, packet_make(made, 0x2c00 | status, text, 8), false,
		       status < 2    ? PRINTED_OTHER
		       : status == 2 ? PRINTED_RUN
				     : PRINTED_END,
		       outcomes[status]);
	packet("a name with a NUL", made, packet_make(made, 0x2c03, "\003a\000b\0030/1", 8), false,
	       PRINTED_OTHER, 0);
	packet("version 3", made, packet_make(made, 0x3c03, text, 8), false, PRINTED_OTHER, 0);
	packet("no test", made, packet_make(made, 0x2403, text + 4, 4), false, PRINTED_OTHER, 0);
	packet("an unused bit", made, packet_make(made, 0x2c0b, text, 8), false, PRINTED_OTHER, 0);
	packet("a tag that is missing", made, packet_make(made, 0x2c83, text, 8), false,
	       PRINTED_OTHER, 0);
	memset(lot, 'x', sizeof(lot));
	memcpy(lot, text, 4);
	packet_make(lot, 0x2843, lot, 1000);
	packet("the begin of a file", lot, PART_BYTES, true, PRINTED_END, SPAN_PASSED);
	packet("one that is not longer", made, packet_make(made, 0x2803, text, 4), true,
	       PRINTED_OTHER, 0);
	packet_make(lot, 0x2c43, lot + 6, 1000);
	packet("a route that is missing", lot, PART_BYTES, true, PRINTED_OTHER, 0);
}

static void print_packet(struct model *model, uint64_t ms, uint32_t pid, unsigned flags,
			 const char *id, const char *route)
{
	char text[64], data[128];
	int length = snprintf(text, sizeof(text), "%c%s%c%s", (int)strlen(id), id,
			      (int)strlen(route), route);

	record_bytes(model, ms, pid, &(struct record_results){.fd = 1}, data,
		     packet_make(data, flags | WITH_ROUTE, text, (size_t)length));
}

static void test_subunit_2(void)
{
	struct model *model = two_processes();

	print_packet(model, 1010, 10, IS_RUN, "a", "0");
	print_packet(model, 1011, 10, IS_RUN, "b", "1");
	print_packet(model, 1012, 10, IS_RUN, "forged", "1");
	print_packet(model, 1013, 10, HAS_FAILED, "a", "1");
	print(model, 1014, 10, "1..1\nok 1 - text\n");
	print_packet(model, 1015, 10, HAS_PASSED, "a", "0");
	print_packet(model, 1016, 10, HAS_FAILED, "b", "1");
	print_packet(model, 1017, 10, HAS_FAILED, "setUpClass", "0");
	print_packet(model, 1018, 10, IS_SKIPPED, "nobody", "0");
	print_packet(model, 1020, 10, IS_RUN, "a", "0");
	failed(model, 1050, 10);
	finish(model);
	is("b", SPAN_FAILED, 1011, 1016);
	is("setUpClass", SPAN_FAILED, 1015, 1017);
	okf(count == 4 && find("a"), "a test that is repeated, and no other");
	ended(model, "subunit, version 2");

	model = two_processes();
	print(model, 1010, 10, "1..1\n");
	print_packet(model, 1011, 10, IS_RUN, "a", "0");
	print(model, 1012, 10, "\nok 1 - b\n");
	finish(model);
	okf(count == 1 && find("b"), "a packet in TAP");
	ended(model, "the first form counts");
}

static void test_bad_records(void)
{
	struct model *model = two_processes();
	struct record_results cut = {.header = {.type = RECORD_RESULTS, .time_ns = MS},
				     .data_bytes = 9};

	model_record(model, &cut, sizeof(cut));
	okf(model->bad_records == 1, "a cut record");
	print(model, 1010, 99, "1..1\n");
	finish(model);
	okf(count == 0, "of a process that nobody knows");
	model_free(model);
}

int main(void)
{
	test_lines();
	test_tap();
	test_tap_of_others();
	test_tap_repeated();
	test_tap_without_results();
	test_ids();
	test_reported();
	test_frames();
	test_frames_lost();
	test_other_lines();
	test_unescape();
	test_boost();
	test_teamcity();
	test_more_flows_than_places();
	test_xml_and_subunit();
	test_packets();
	test_subunit_2();
	test_bad_records();
	free(list);
	return tap_done();
}
