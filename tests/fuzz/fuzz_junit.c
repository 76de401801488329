/* Fuzzes JUnit files: any is refused, or comes out with all its cases, whole, and otherwise as it was; --junit takes what is sound */
#include "base/utf8.h"
#include "base/util.h"
#include "fuzz.h"
#include "views/junit/junit.h"
#include "catalog/words.h"

/* Tests of every kind, with names that the seeds' files have. */
#define PASSED                        \
	{                             \
		"passed", SPAN_PASSED \
	}
#define FAILED                        \
	{                             \
		"failed", SPAN_FAILED \
	}
#define ERROR                       \
	{                           \
		"error", SPAN_ERROR \
	}
#define OPT(n)            \
	{                 \
		(n), true \
	}
#define NO_WORD          \
	{                \
		NULL, -1 \
	}

static struct report_span_culprit culprit = {.comm = "\x1b<&\"\u202e", .where = {"outside", 1}};

static struct report_span spans[] = {
	{.id = 1, .name = "tests/test_a.py", .outcome = FAILED, .answer = NO_WORD},
	{.id = 2,
	 .parent = OPT(1),
	 .name = "tests/test_a.py::TestB::test_c[a b]",
	 .outcome = FAILED,
	 .answer = {"machine", ANSWER_MACHINE},
	 .evidence = "the machine took 5ms of its 9ms: it waited \x1b]<&\"\u202e",
	 .stalls = {{3}},
	 .stalled_ns = 5000000,
	 .max_stall_ns = 4000000,
	 .duration_ns = OPT(9000000),
	 .cause = {"outside", 1},
	 .culprit = &culprit},
	{.id = 3,
	 .parent = OPT(1),
	 .name = "tests/test_a.py::test_d",
	 .outcome = ERROR,
	 .answer = {"code", ANSWER_CODE}},
	{.id = 4,
	 .name = "adds",
	 .file = "/x/a.test.js",
	 .outcome = PASSED,
	 .answer = NO_WORD,
	 .stalls = {{0, 1}},
	 .stalled_ns = 12000000},
	{.id = 5,
	 .name = "example.com/p.TestX/sub",
	 .outcome = PASSED,
	 .answer = NO_WORD,
	 .stalled_ns = 1},
	{.id = 6,
	 .name = "example.com/p.TestX/sub",
	 .outcome = FAILED,
	 .answer = NO_WORD,
	 .stalled_ns = 2},
};

static void check(const struct junit_file *file, const char *out, size_t size, bool changed)
{
	struct junit_file again;

	must_hold(size >= file->size);
	if (!changed) {
		must_hold(size == file->size && !memcmp(out, file->data, size));
		return;
	}
	must_hold(junit_file_parse(out, size, "again", &again) == 0);
	must_hold(again.case_count == file->case_count);
	for (size_t i = 0; i < again.case_count; i++) {
		must_hold(!again.cases[i].name == !file->cases[i].name);
		must_hold(!again.cases[i].name || streq(again.cases[i].name, file->cases[i].name));
	}
	junit_file_done(&again);
}

static bool is_told(const struct junit_file *file, const struct test **tests)
{
	for (size_t i = 0; i < file->case_count; i++)
		if (tests[i] && (tests[i]->failed || tests[i]->stalled) && !file->cases[i].has_ours)
			return true;
	return false;
}

/* What --junit takes from the file */
static void check_cases(const uint8_t *data, size_t size)
{
	char *own = xmalloc(size + 1);
	struct junit_file file;
	int r;

	memcpy(own, data, size);
	r = junit_file_read(own, size, &file);
	must_hold((r < 0) == (file.problem != NULL));
	must_hold(r == 0 || file.is_cut || !file.case_count);
	for (size_t i = 0; i < file.case_count; i++) {
		const struct junit_case *test = &file.cases[i];

		must_hold(test->failed || !test->is_error);
		must_hold(!test->duration.is_known || !test->duration.is_wrong);
		must_hold(test->try_count <= JUNIT_TRIES_MAX);
	}
	junit_file_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct junit_index *index;
	static struct named_report one;
	static struct report report;
	_cleanup_free_ const struct test **tests = NULL;
	_cleanup_free_ char *text = NULL;
	struct junit_counts counts = {0};
	struct junit_file file;
	size_t text_size;
	FILE *out;

	if (!index) {
		report.spans.list = spans;
		report.spans.count = ARRAY_SIZE(spans);
		one = (struct named_report){.name = "fuzz", .report = &report};
		index = junit_index_new(&(struct named_reports){&one, 1});
	}
	check_cases(data, size);
	if (junit_file_parse((const char *)data, size, "fuzz", &file) == 0) {
		tests = xcalloc(file.case_count + 1, sizeof(const struct test *));
		junit_match(index, &file, tests, &counts);
		must_hold(counts.matched + counts.ambiguous <= counts.cases);
		out = open_memstream(&text, &text_size);
		must_hold(out);
		junit_print(&file, tests, out);
		fclose(out);
		check(&file, text, text_size, is_told(&file, tests));
	}
	junit_file_done(&file);
	return 0;
}
