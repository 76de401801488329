/* What test programs print, read for when each of their tests begins and ends. Pure */
#include "runners/test_output.h"

#include <stdlib.h>

#include "base/util.h"

#define LINE_BYTES 4096 /* what is longer tells nothing of a test */
#define TESTS_MAX  4096 /* at a time */

struct open_test {
	char *name; /* owned */
	uint64_t number, parent;
	bool paused;
	bool parallel; /* has waited for its turn: others run beside it */
	uint64_t over_ns; /* it is over, and its outcome is still to come; 0: not so */
};

struct test_output {
	enum test_output_kind kind;
	test_event_fn deliver;
	void *context;
	char line[LINE_BYTES + 1];
	size_t length;
	bool too_long;
	uint64_t time_ns, begun;
	struct open_test tests[TESTS_MAX];
	size_t count;
};

/* -- Tests ----------------------------------------------------------------------------------------- */

static void tell(const struct test_output *output, enum span_event event,
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

	for (size_t length = strlen(name); !parent && length; length--)
		if (name[length - 1] == '/')
			parent = find(output, name, length - 1);
	return parent;
}

static void set_paused(struct test_output *output, struct open_test *test, bool paused)
{
	if (test->paused == paused)
		return;
	test->paused = paused;
	tell(output, paused ? SPAN_PAUSE : SPAN_RESUME, test, SPAN_NO_OUTCOME, output->time_ns);
}

static void begin(struct test_output *output, const char *name)
{
	const struct open_test *parent = find_parent(output, name);
	struct open_test *test;

	if (!*name || output->count == TESTS_MAX)
		return;
	test = &output->tests[output->count];
	*test = (struct open_test){
		.name = xstrdup(name),
		.number = ++output->begun,
		.parent = parent ? parent->number : 0,
	};
	/* Subtests run one after the other, unless they say that they do not. */
	for (size_t i = 0; test->parent && i < output->count; i++) {
		struct open_test *before = &output->tests[i];

		if (before->parent != test->parent || before->parallel || before->over_ns)
			continue;
		before->over_ns = output->time_ns;
		set_paused(output, before, true);
	}
	output->count++;
	tell(output, SPAN_BEGIN, test, SPAN_NO_OUTCOME, output->time_ns);
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

static void end(struct test_output *output, struct open_test *test, enum span_outcome outcome)
{
	size_t at = (size_t)(test - output->tests);

	for (size_t i = 0; i < output->count; i++) {
		struct open_test *below = &output->tests[i];

		if (below->over_ns || !is_below(output, below, test->number))
			continue;
		below->over_ns = output->time_ns;
		set_paused(output, below, true);
	}
	tell(output, SPAN_END, test, outcome, test->over_ns ? test->over_ns : output->time_ns);
	free(test->name);
	memmove(&output->tests[at], &output->tests[at + 1],
		(output->count - at - 1) * sizeof(*test));
	output->count--;
}

/* -- Go: testing.go ---------------------------------------------------------------------------------- */

/* "TestA (0.00s)" */
static void go_ended(struct test_output *output, char *rest, enum span_outcome outcome)
{
	char *time = strrchr(rest, '(');
	struct open_test *test;

	if (!time || time == rest || time[-1] != ' ')
		return;
	time[-1] = '\0';
	test = find(output, rest, strlen(rest));
	if (test)
		end(output, test, outcome);
}

static void go_line(struct test_output *output, char *line)
{
	static const struct {
		const char *word;
		enum span_outcome outcome;
	} ends[] = {{"--- PASS: ", SPAN_PASSED},
		    {"--- FAIL: ", SPAN_FAILED},
		    {"--- SKIP: ", SPAN_SKIPPED}};
	struct open_test *test;
	const char *name;

	/* Subtests are indented; for test2json each line of ours begins with a ^V. */
	line += strspn(line, " \x16");
	name = startswith(line, "=== RUN   ");
	if (name) {
		begin(output, name);
		return;
	}
	name = startswith(line, "=== PAUSE ");
	test = name ? find(output, name, strlen(name)) : NULL;
	if (test) {
		test->parallel = true;
		set_paused(output, test, true);
	}
	name = startswith(line, "=== CONT  ");
	test = name ? find(output, name, strlen(name)) : NULL;
	if (test && !test->over_ns)
		set_paused(output, test, false);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (startswith(line, ends[i].word))
			go_ended(output, line + strlen(ends[i].word), ends[i].outcome);
}

/* -- Rust: library/test/src/formatters/pretty.rs ------------------------------------------------------ */

static bool libtest_outcome(const char *word, enum span_outcome *ret)
{
	*ret = startswith(word, "ok")        ? SPAN_PASSED
	       : startswith(word, "FAILED")  ? SPAN_FAILED
	       : startswith(word, "ignored") ? SPAN_SKIPPED
					     : SPAN_NO_OUTCOME;
	return *ret != SPAN_NO_OUTCOME;
}

/* "test mod::name ... ": what comes then is what the test prints, and its outcome. */
static void libtest_begun(struct test_output *output)
{
	char *name, *dots, *note;

	output->line[output->length] = '\0';
	name = (char *)startswith(output->line, "test ");
	dots = name && !output->too_long ? strstr(name, " ... ") : NULL;
	if (!dots)
		return;
	*dots = '\0';
	note = strstr(name, " - should panic");
	if (note)
		*note = '\0';
	if (output->count && !streq(output->tests[0].name, name))
		end(output, &output->tests[0], SPAN_UNKNOWN);
	if (!output->count)
		begin(output, name);
	if (note)
		*note = ' ';
	*dots = ' ';
}

static void libtest_line(struct test_output *output, const char *line)
{
	const char *dots = startswith(line, "test ") ? strstr(line, " ... ") : NULL;
	enum span_outcome outcome;

	libtest_begun(output);
	if (output->count && libtest_outcome(dots ? dots + 5 : line, &outcome))
		end(output, &output->tests[0], outcome);
}

/* -- Lines ----------------------------------------------------------------------------------------- */

static void end_line(struct test_output *output)
{
	output->line[output->length] = '\0';
	if (output->length && output->line[output->length - 1] == '\r')
		output->line[output->length - 1] = '\0';
	if (!output->too_long && output->kind == TEST_OUTPUT_GO)
		go_line(output, output->line);
	else if (!output->too_long)
		libtest_line(output, output->line);
	output->length = 0;
	output->too_long = false;
}

void test_output_read(struct test_output *output, const char *data, size_t size, uint64_t time_ns)
{
	output->time_ns = time_ns;
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n')
			end_line(output);
		else if (output->length < LINE_BYTES && data[i])
			output->line[output->length++] = data[i];
		else
			output->too_long = true;
	}
	if (output->kind == TEST_OUTPUT_LIBTEST)
		libtest_begun(output);
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
	for (size_t i = 0; i < output->count; i++)
		free(output->tests[i].name);
	free(output);
	return NULL;
}
