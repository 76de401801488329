/* Tests of spans/span_hint and span_guess: hints in the environment and the arguments, and when a guess becomes a span */
#include "spans/span_hint.h"

#include "span_steps.h"

#define HINTS(text, inherited) \
	span_hints_of_environment(text, sizeof(text) - 1, inherited, (void *)text, hints)

static struct span_hint hints[SPAN_HINTS_MAX];

static void forget(size_t n)
{
	for (size_t i = 0; i < n; i++)
		span_hint_done(&hints[i]);
}

static bool is_pytest(void *context, const char *variable)
{
	return context && startswith(variable, "PYTEST");
}

static void test_environment(void)
{
	size_t n = HINTS("PYTEST_CURRENT_TEST=a.py::test_b[x (call)] (call)\0", NULL);

	okf(n == 1 && streq(hints[0].name, "a.py::test_b[x (call)]") && !hints[0].is_test,
	    "pytest");
	forget(n);
	n = HINTS("PYTEST_CURRENT_TEST=a.py::test_b (setup)\0", NULL);
	okf(n == 1 && streq(hints[0].name, "a.py::test_b (setup)"),
	    "what a setup starts keeps the word");
	forget(n);
	n = HINTS("BATS_TEST_NAME=test_a\0BATS_TEST_FILENAME=/a.bats\0NEXTEST_TEST_NAME=m::t\0"
		  "NEXTEST_BINARY_ID=c\0TMT_TEST_NAME=/a/b\0",
		  NULL);
	okf(n == 3 && streq(hints[0].name, "test_a") && streq(hints[0].file, "/a.bats"), "bats");
	okf(n == 3 && streq(hints[1].name, "c::m::t") && hints[1].is_test, "nextest");
	okf(n == 3 && streq(hints[2].name, "/a/b") && hints[2].is_test, "tmt");
	forget(n);
	n = HINTS("PYTEST_CURRENT_TEST=a (call)\0BATS_TEST_NAME=b\0", is_pytest);
	okf(n == 1 && streq(hints[0].name, "b"), "what the run was given itself names nothing");
	forget(n);
	okf(HINTS("PYTEST_CURRENT_TEST=\0PYTEST_CURRENT_TESTS=a\0NEXTEST_RUN_ID=1\0\0", NULL) == 0,
	    "empty and other variables");
	okf(HINTS("PYTEST_CURRENT_TEST=a", NULL) == 0, "a string without its end");
	okf(HINTS("", NULL) == 0, "nothing");
}

static void check_arguments(const char *data, size_t size, const char *runner, const char *name)
{
	struct span_hint hint;
	bool found = span_hint_of_arguments(data, size, &hint);

	okf(found == (name != NULL) &&
		    (!name || (streq(hint.name, name) && streq(hint.runner, runner))),
	    "%s: %s", data, name ? name : "no test");
	span_hint_done(&hint);
}

#define ARGUMENTS(text, runner, name) check_arguments(text, sizeof(text) - 1, runner, name)

static void test_arguments(void)
{
	ARGUMENTS("/tmp/go-build1/b001/pkg.test\0-test.timeout=10m0s\0", "go", "pkg");
	ARGUMENTS("/tmp/go-build1/b001/pkg.test\0-test.list=.\0", NULL, NULL);
	ARGUMENTS("./pkg.test\0", NULL, NULL);
	ARGUMENTS(".test\0-test.v\0", NULL, NULL);
	ARGUMENTS("/w/target/debug/deps/my_crate-0123456789abcdef\0", "cargo", "my_crate");
	ARGUMENTS("/w/target/debug/deps/c-0123456789abcdef\0m::t\0--exact\0--nocapture\0", "cargo",
		  "c::m::t");
	ARGUMENTS("/w/target/debug/deps/c-0123456789abcdef\0--list\0", NULL, NULL);
	ARGUMENTS("/w/target/debug/deps/c-0123456789abcde\0", NULL, NULL);
	ARGUMENTS("c-0123456789abcdef\0", NULL, NULL);
	ARGUMENTS("-0123456789abcdef\0", NULL, NULL);
	ARGUMENTS("./unit\0--gtest_filter=Suite.Test/3\0", "gtest", "Suite.Test/3");
	ARGUMENTS("./unit\0--gtest_filter=Suite.*\0", NULL, NULL);
	ARGUMENTS("./unit\0--gtest_filter=A.B\0--gtest_list_tests\0", NULL, NULL);
	ARGUMENTS("cut-off", NULL, NULL);
	ARGUMENTS("", NULL, NULL);
	ARGUMENTS("\0\0\0", NULL, NULL);
}

/* -- Guesses --------------------------------------------------------------------------------------- */

static void environment(struct model *model, uint64_t ms, uint32_t pid, const char *variable)
{
	size_t size = strlen(variable) + 1;
	struct record_environment *record = xcalloc(1, sizeof(*record) + size);

	record->header = (struct record_header){.type = RECORD_ENVIRONMENT, .time_ns = ms * MS};
	record->id = task_of(pid, pid);
	record->data_bytes = (u32)size;
	memcpy(record->data, variable, size);
	model_record(model, record, sizeof(*record) + size);
	free(record);
}

static struct model *two_processes(void)
{
	struct model *model = model_with(100, 100, 100, 100);

	start_at(model, 1000 * MS, 10, 10, 1, "sh");
	start_at(model, 1001 * MS, 11, 10, 10, "sh");
	return model;
}

static void test_guessed(void)
{
	struct model *model = two_processes();

	start_at(model, 1001 * MS, 12, 12, 10, "sh");
	environment(model, 1010, 12, "PYTEST_CURRENT_TEST=t.py::a (call)");
	start_at(model, 1020 * MS, 13, 13, 12, "sh");
	environment(model, 1021, 13, "PYTEST_CURRENT_TEST=t.py::a (call)");
	stall(model, 13, 13, 1030, 1040);
	stall(model, 10, 10, 1031, 1041);
	end_at(model, 1050 * MS, 13, 13, "sh", 0);
	end_at(model, 1060 * MS, 12, 12, "sh", 0);
	finish(model);
	okf(count == 1 && find("t.py::a"), "a test's processes are one span");
	okf(stalls_of("t.py::a") == 1 && streq(owner(model, 1030), "t.py::a"), "with their stalls");
	okf(find("t.py::a")->outcome == SPAN_NO_OUTCOME && find("t.py::a")->end_ns == 1060 * MS,
	    "that is a part of a test, without its outcome");
	model_free(model);
}

static void test_told(void)
{
	struct model *model = two_processes();

	start_at(model, 1002 * MS, 12, 12, 10, "sh");
	environment(model, 1010, 12, "PYTEST_CURRENT_TEST=t.py::a (call)");
	tell(model, 10,
	     "{\"v\":1,\"event\":\"begin\",\"id\":\"x\",\"name\":\"t.py::a\",\"runner\":\"pytest\","
	     "\"time_ns\":1005000000}");
	finish(model);
	okf(count == 1 && !find("t.py::a")->guessed,
	    "nothing is guessed where the runner tells, even later");
	model_free(model);

	model = two_processes();
	tell(model, 10,
	     "{\"v\":1,\"event\":\"begin\",\"id\":\"x\",\"name\":\"make\",\"runner\":\"span\","
	     "\"time_ns\":1005000000}");
	start_at(model, 1006 * MS, 12, 12, 10, "sh");
	environment(model, 1010, 12, "PYTEST_CURRENT_TEST=t.py::a (call)");
	finish(model);
	okf(find("t.py::a") && find("t.py::a")->parent == find("make"),
	    "in a span of another kind it is nested");
	model_free(model);
}

static void test_outcomes(void)
{
	struct model *model = two_processes();
	struct record_thread last;

	for (uint32_t pid = 20; pid < 23; pid++) {
		start_at(model, 1002 * MS, pid, pid, 10, "sh");
		environment(model, 1010, pid,
			    pid == 20   ? "NEXTEST_TEST_NAME=a"
			    : pid == 21 ? "NEXTEST_TEST_NAME=b"
					: "NEXTEST_TEST_NAME=c");
	}
	end_at(model, 1050 * MS, 20, 20, "sh", 0);
	last = thread_of(1050 * MS, 21, 21, "sh", 0);
	last.exit_code = 1 << 8;
	model_record(model, &last, sizeof(last));
	finish(model);
	okf(find("a") && find("a")->outcome == SPAN_PASSED, "a process that is a test passes");
	okf(find("b") && find("b")->outcome == SPAN_FAILED, "or fails");
	okf(find("c") && find("c")->outcome == SPAN_UNKNOWN && !find("c")->ended, "or goes on");
	model_free(model);
}

static void test_unknown_process(void)
{
	struct model *model = model_with(100, 100, 100, 100);
	struct record_environment cut = {.header = {.type = RECORD_ENVIRONMENT, .time_ns = MS},
					 .data_bytes = 100};

	environment(model, 1010, 12, "PYTEST_CURRENT_TEST=t.py::a (call)");
	model_record(model, &cut, sizeof(cut));
	finish(model);
	okf(count == 0 && model->bad_records == 1,
	    "of a process that nobody knows, and a cut record");
	model_free(model);

	model = two_processes();
	environment(model, 1010, 10, "PYTEST_CURRENT_TEST=t.py::a (call)");
	model_free(model);
	okf(true, "a guess that nobody has come to yet");
}

int main(void)
{
	test_environment();
	test_arguments();
	test_guessed();
	test_told();
	test_outcomes();
	test_unknown_process();
	free(list);
	return tap_done();
}
