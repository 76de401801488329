/* Parse the output of test programs for the begin and end of each test. Pure functions */
#include "runners/test_output.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/printed_line.h"

#define LINE_BYTES 4096 /* only the end of a longer line is parsed */
#define TESTS_MAX  4096 /* tests that are open at a time */
#define CONFIRM_NS (5 * NSEC_PER_SEC) /* an end that is not contradicted for so long is valid */
#define MARK       '\x16' /* with go test -json, the program prints it before its own messages */

struct open_test {
	char *name; /* owned */
	uint64_t number, parent;
	bool paused;
	bool parallel; /* has waited for its turn: other tests run at the same time */
	uint64_t over_ns; /* when the test ended, if its outcome is still to come; 0: it runs */
	/*
	 * A test may print a line that looks like its own end, or start another program that does.
	 * So only the last such line counts, and only once the runner has gone on to another test.
	 * 0: no such line yet.
	 */
	uint64_t ended_ns, ended_as_number;
	enum span_outcome outcome;
};

struct test_output {
	enum test_output_kind kind;
	test_event_fn deliver;
	void *context;
	char line[LINE_BYTES + 1];
	size_t length;
	bool headless; /* the begin of the line was dropped */
	enum { UNKNOWN, MARKED, PLAIN } marks;
	uint64_t time_ns, begun, ended;
	struct open_test tests[TESTS_MAX];
	size_t count;
};

/* -- Tests ----------------------------------------------------------------------------------------- */

static void emit(const struct test_output *output, enum span_event event,
		 const struct open_test *test, enum span_outcome outcome, uint64_t time_ns)
{
	const struct test_event told = {
		.event = event,
		.number = test->number,
		.parent = test->parent,
		.name = test->name,
		.outcome = outcome,
		.time_ns = time_ns,
	};

	output->deliver(output->context, &told);
}

static struct open_test *find(struct test_output *output, const char *name, size_t length)
{
	for (size_t i = output->count; i--;)
		if (strlen(output->tests[i].name) == length &&
		    !strncmp(output->tests[i].name, name, length))
			return &output->tests[i];
	return NULL;
}

/* "TestA/b/c" may be the subtest "c" of "TestA/b" or "b/c" of "TestA". */
static struct open_test *find_parent(struct test_output *output, const char *name)
{
	struct open_test *parent = NULL;

	for (size_t length = strlen(name); length && (!parent || parent->over_ns); length--) {
		struct open_test *found = name[length - 1] == '/' ? find(output, name, length - 1)
								  : NULL;

		if (found && (!parent || !found->over_ns))
			parent = found;
	}
	return parent;
}

static struct open_test *find_number(struct test_output *output, uint64_t number)
{
	for (size_t i = output->count; number && i--;)
		if (output->tests[i].number == number)
			return &output->tests[i];
	return NULL;
}

static void set_paused(struct test_output *output, struct open_test *test, bool paused,
		       uint64_t time_ns)
{
	if (test->paused == paused)
		return;
	test->paused = paused;
	emit(output, paused ? SPAN_PAUSE : SPAN_RESUME, test, SPAN_NO_OUTCOME, time_ns);
}

static void begin(struct test_output *output, const char *name)
{
	const struct open_test *parent = find_parent(output, name);
	struct open_test *test;

	if (output->count == TESTS_MAX)
		return;
	test = &output->tests[output->count];
	*test = (struct open_test){
		.name = xstrdup(name),
		.number = ++output->begun,
		.parent = parent ? parent->number : 0,
	};
	/* Subtests run one after the other unless they are marked as parallel. */
	for (size_t i = 0; test->parent && i < output->count; i++) {
		struct open_test *before = &output->tests[i];

		if (before->parent != test->parent || before->parallel || before->over_ns)
			continue;
		before->over_ns = output->time_ns;
		set_paused(output, before, true, output->time_ns);
	}
	output->count++;
	emit(output, SPAN_BEGIN, test, SPAN_NO_OUTCOME, output->time_ns);
}

static bool is_below(const struct test_output *output, const struct open_test *test,
		     uint64_t number)
{
	uint64_t parent = test->parent;

	/* Parents come before their children in the list. */
	for (size_t i = output->count; parent && parent != number && i--;)
		if (output->tests[i].number == parent)
			parent = output->tests[i].parent;
	return parent && parent == number;
}

/* -- Ends of tests -------------------------------------------------------------------------- */

static void note_end(struct test_output *output, struct open_test *test, enum span_outcome outcome)
{
	test->ended_ns = output->time_ns;
	test->ended_as_number = ++output->ended;
	test->outcome = outcome;
}

static void end(struct test_output *output, struct open_test *test)
{
	size_t at = (size_t)(test - output->tests);

	for (size_t i = 0; i < output->count; i++) {
		struct open_test *below = &output->tests[i];

		if (below->over_ns || !is_below(output, below, test->number))
			continue;
		below->over_ns = test->ended_ns;
		set_paused(output, below, true, test->ended_ns);
	}
	emit(output, SPAN_END, test, test->outcome, test->over_ns ? test->over_ns : test->ended_ns);
	free(test->name);
	memmove(&output->tests[at], &output->tests[at + 1],
		(output->count - at - 1) * sizeof(*test));
	output->count--;
}

static struct open_test *first_ended(struct test_output *output)
{
	struct open_test *first = NULL;

	for (size_t i = 0; i < output->count; i++) {
		struct open_test *test = &output->tests[i];

		if (test->ended_ns && (!first || test->ended_as_number < first->ended_as_number))
			first = test;
	}
	return first;
}

/* Reports all noted ends: they are valid. */
static void confirm_ends(struct test_output *output)
{
	struct open_test *test;

	while ((test = first_ended(output)))
		end(output, test);
}

/*
 * The test continues: whatever was printed, neither it nor its parents have ended. All other noted
 * ends are valid.
 */
static void keep_open(struct test_output *output, struct open_test *test)
{
	for (; test; test = find_number(output, test->parent))
		test->ended_ns = 0;
	confirm_ends(output);
}

/* -- Go: testing.go ---------------------------------------------------------------------------------- */

/*
 * Returns whether a test can begin: of the tests of a program, and of the subtests of a test, one
 * runs at a time, except paused ones.
 */
static bool may_begin(struct test_output *output, const char *name)
{
	const struct open_test *same = find(output, name, strlen(name));
	const struct open_test *parent = find_parent(output, name);

	if (!*name || name[strcspn(name, " \t")] || (same && !same->ended_ns))
		return false;
	if (output->marks == MARKED)
		return true;
	if (parent || strchr(name, '/'))
		return parent && !parent->paused;
	for (size_t i = 0; i < output->count; i++) {
		const struct open_test *test = &output->tests[i];

		if (!test->parent && !test->paused && !test->ended_ns)
			return false;
	}
	return true;
}

static void go_began(struct test_output *output, const char *name)
{
	if (!may_begin(output, name))
		return;
	keep_open(output, find_parent(output, name));
	begin(output, name);
}

static void go_waits(struct test_output *output, const char *name, bool waits)
{
	struct open_test *test = find(output, name, strlen(name));

	if (!test || test->over_ns || test->paused == waits)
		return;
	keep_open(output, test);
	test = find(output, name, strlen(name));
	test->parallel |= waits;
	set_paused(output, test, waits, output->time_ns);
}

/* rest is "TestA (0.00s)". */
static void go_ended(struct test_output *output, const char *rest, enum span_outcome outcome)
{
	size_t length = strcspn(rest, " ");
	const char *time = startswith(rest + length, " (");
	struct open_test *test = time ? find(output, rest, length) : NULL;

	if (test && (!test->paused || test->over_ns) &&
	    streq(time + strspn(time, ".0123456789"), "s)"))
		note_end(output, test, outcome);
}

static bool go_says(struct test_output *output, const char *line)
{
	static const struct {
		const char *word;
		enum span_outcome outcome;
	} ends[] = {{"--- PASS: ", SPAN_PASSED},
		    {"--- FAIL: ", SPAN_FAILED},
		    {"--- SKIP: ", SPAN_SKIPPED}};
	const char *rest;

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		rest = startswith(line, ends[i].word);
		if (!rest)
			continue;
		go_ended(output, rest, ends[i].outcome);
		return true;
	}
	if ((rest = startswith(line, "=== RUN   ")))
		go_began(output, rest);
	else if ((rest = startswith(line, "=== PAUSE ")))
		go_waits(output, rest, true);
	else if ((rest = startswith(line, "=== CONT  ")))
		go_waits(output, rest, false);
	return rest;
}

/*
 * A message of the test library ends with the line, but may follow output of a test without a
 * newline. If the program marks its messages, unmarked lines are ignored.
 */
static void go_line(struct test_output *output, const char *line)
{
	if (output->marks == UNKNOWN && strstr(line, "=== RUN   "))
		output->marks = strchr(line, MARK) ? MARKED : PLAIN;
	if (output->marks == MARKED) {
		line = strrchr(line, MARK);
		if (line)
			go_says(output, line + 1 + strspn(line + 1, " "));
		return;
	}
	for (const char *at = line + strlen(line); at-- > line;)
		if ((*at == '=' || *at == '-') && go_says(output, at))
			return;
}

/* -- Rust: library/test/src/formatters/pretty.rs ------------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), of_end = strlen(end);

	return length >= of_end && streq(text + length - of_end, end);
}

/* Parses the outcome at the end of a line, which output of the test may precede. */
static enum span_outcome libtest_outcome(char *rest)
{
	char *more = strrchr(rest, ' ');

	/* --report-time: " <0.001s>" */
	if (more && startswith(more, " <") && ends_with(more, "s>"))
		*more = '\0';
	if (startswith(rest, "ignored"))
		return SPAN_SKIPPED;
	if (ends_with(rest, "ok") || startswith(rest, "bench: "))
		return SPAN_PASSED;
	if (ends_with(rest, "FAILED") || ends_with(rest, "FAILED (time limit exceeded)"))
		return SPAN_FAILED;
	return SPAN_NO_OUTCOME;
}

/*
 * Handles "test mod::name ... ". Output of the test follows, and its outcome, on the same line or a
 * later one. Returns the text after it; NULL if the line names a test other than the running one: a
 * test may start other tests.
 */
static char *libtest_begun(struct test_output *output)
{
	char *line = output->line, *name, *dots, *note;
	struct open_test *test = output->count ? output->tests : NULL;

	line[output->length] = '\0';
	name = (char *)startswith(line, "test ");
	dots = name && !output->headless ? strstr(name, " ... ") : NULL;
	if (!dots)
		return line;
	*dots = '\0';
	note = strstr(name, " - should panic");
	if (note)
		*note = '\0';
	if (*name && (!test || (test->ended_ns && !streq(test->name, name)))) {
		confirm_ends(output);
		begin(output, name);
		test = output->tests;
	}
	line = test && streq(test->name, name) ? dots + strlen(" ... ") : NULL;
	if (note)
		*note = ' ';
	*dots = ' ';
	return line;
}

static void libtest_line(struct test_output *output)
{
	char *rest = libtest_begun(output);
	enum span_outcome outcome;

	if (!rest || !output->count)
		return;
	if (startswith(output->line, "test result: ") || streq(output->line, "failures:")) {
		confirm_ends(output);
		return;
	}
	printed_line_remove_colors(rest); /* --color=always */
	outcome = libtest_outcome(rest);
	if (outcome != SPAN_NO_OUTCOME)
		note_end(output, output->tests, outcome);
}

/* -- Lines ----------------------------------------------------------------------------------------- */

static void end_line(struct test_output *output)
{
	if (output->length && output->line[output->length - 1] == '\r')
		output->length--;
	output->line[output->length] = '\0';
	if (output->kind == TEST_OUTPUT_GO)
		go_line(output, output->line);
	else
		libtest_line(output);
	output->length = 0;
	output->headless = false;
}

/* Drops the begin of a long line, which a test printed; the end of the line may have a message. */
static void forget_head(struct test_output *output)
{
	if (output->kind == TEST_OUTPUT_LIBTEST)
		libtest_begun(output);
	output->length /= 2;
	memmove(output->line, output->line + LINE_BYTES - output->length, output->length);
	output->headless = true;
}

void test_output_read(struct test_output *output, const char *data, size_t size, uint64_t time_ns)
{
	test_output_confirm(output, time_ns);
	output->time_ns = time_ns;
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			end_line(output);
			continue;
		}
		if (output->length == LINE_BYTES)
			forget_head(output);
		if (data[i])
			output->line[output->length++] = data[i];
	}
	if (output->kind == TEST_OUTPUT_LIBTEST)
		libtest_begun(output);
}

uint64_t test_output_confirm(struct test_output *output, uint64_t time_ns)
{
	const struct open_test *test = first_ended(output);

	/* Tests of Rust may print a line that ends with "ok" long before they end. */
	if (!test || output->kind == TEST_OUTPUT_LIBTEST)
		return 0;
	if (time_ns < test->ended_ns + CONFIRM_NS)
		return test->ended_ns + CONFIRM_NS;
	confirm_ends(output);
	return 0;
}

void test_output_finish(struct test_output *output)
{
	confirm_ends(output);
}

struct test_output *test_output_new(enum test_output_kind kind, test_event_fn deliver,
				    void *context)
{
	struct test_output *output = xcalloc(1, sizeof(*output));

	output->kind = kind;
	output->deliver = deliver;
	output->context = context;
	return output;
}

struct test_output *test_output_free(struct test_output *output)
{
	if (!output)
		return NULL;
	confirm_ends(output);
	for (size_t i = 0; i < output->count; i++)
		free(output->tests[i].name);
	free(output);
	return NULL;
}
