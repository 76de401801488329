/* Parses one line that a test program prints. Pure functions. */
#include "spans/printed_line.h"

#include <strings.h>

#include "base/util.h"

#define DIGITS     "0123456789"
#define DIGITS_MAX 9

/* Returns the text after the number; NULL if there is none, or one that is too long. */
static const char *take_number(const char *text, uint64_t *ret)
{
	size_t digits = strspn(text, DIGITS);

	*ret = 0;
	if (!digits || digits > DIGITS_MAX)
		return NULL;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (uint64_t)(text[i] - '0');
	return text + digits;
}

void printed_line_remove_colors(char *line)
{
	char *out = line;

	while (*line) {
		if (*line == '\x1b' && (line[1] == '[' || line[1] == '(')) {
			line += 2;
			line += strspn(line, ";" DIGITS);
			line += *line != '\0';
		} else {
			*out++ = *line++;
		}
	}
	*out = '\0';
}

/* -- TAP ------------------------------------------------------------------------------------------- */

/* The directive is after the first # that follows a space and begins with one of two words. */
static size_t find_directive(const char *text, bool *ret_found)
{
	const char *at = text;

	*ret_found = false;
	while ((at = strchr(at, '#'))) {
		const char *word = at + 1 + strspn(at + 1, " \t");

		*ret_found = (at == text || at[-1] == ' ') && (strncasecmp(word, "skip", 4) == 0 ||
							       strncasecmp(word, "todo", 4) == 0);
		if (*ret_found)
			return (size_t)(at - text);
		at++;
	}
	return strlen(text);
}

/* node-tap ends a name with the time of the test, as in "name # time=1.5ms": it differs each time. */
static size_t length_without_time(const char *text, size_t length)
{
	for (size_t at = length; at--;) {
		const char *time = startswith(text + at, "# time=");
		size_t digits = time ? strspn(time, "." DIGITS) : 0;

		if (digits && startswith(time + digits, "ms") &&
		    time + digits + strlen("ms") == text + length)
			return !at || text[at - 1] == ' ' ? at : length;
	}
	return length;
}

static size_t length_without_spaces(const char *text, size_t length)
{
	while (length && strchr(" \t", text[length - 1]))
		length--;
	return length;
}

static struct printed_line tap_result(const char *rest, enum span_outcome outcome)
{
	struct printed_line line = {.what = PRINTED_RESULT, .outcome = outcome};
	bool has_directive;

	rest = *rest == ' ' ? take_number(rest + strspn(rest, " "), &line.number) : NULL;
	if (!rest || !line.number || !strchr(" ", *rest))
		return (struct printed_line){0};
	rest += strspn(rest, " ");
	if (*rest == '-' && strchr(" ", rest[1]))
		rest += 1 + strspn(rest + 1, " ");
	line.name = rest;
	line.length = length_without_spaces(rest, find_directive(rest, &has_directive));
	line.length = length_without_spaces(rest, length_without_time(rest, line.length));
	if (has_directive)
		line.outcome = SPAN_SKIPPED;
	return line;
}

struct printed_line printed_line_tap(const char *line)
{
	struct printed_line plan = {.what = PRINTED_PLAN};
	const char *rest;

	if ((rest = startswith(line, "ok")))
		return tap_result(rest, SPAN_PASSED);
	if ((rest = startswith(line, "not ok")))
		return tap_result(rest, SPAN_FAILED);
	if ((rest = startswith(line, "TAP version ")) && strspn(rest, DIGITS))
		return (struct printed_line){.what = PRINTED_VERSION};
	rest = startswith(line, "1..");
	rest = rest ? take_number(rest, &plan.number) : NULL;
	return rest && strchr(" ", *rest) ? plan : (struct printed_line){0};
}

/* -- GoogleTest, cmocka ---------------------------------------------------------------------------- */

/* "Running 7 tests from 3 test suites.", "name: Running 4 test(s)." */
static struct printed_line frame_head(const char *rest)
{
	const char *running = strstr(rest, "Running ");
	uint64_t number;

	running = running ? take_number(running + strlen("Running "), &number) : NULL;
	if (!running || !startswith(running, " test"))
		return (struct printed_line){.what = PRINTED_BETWEEN};
	return (struct printed_line){.what = PRINTED_HEAD,
				     .is_cmocka = startswith(running, " test(s)") != NULL};
}

/* "2 tests from Suite", but not "2 tests from Suite (0 ms total)" */
static struct printed_line frame_suite(const char *rest)
{
	static const char *const words[] = {" test from ", " tests from "};
	const char *name = NULL;
	uint64_t number;

	rest = take_number(rest, &number);
	for (size_t i = 0; rest && !name && i < ARRAY_SIZE(words); i++)
		name = startswith(rest, words[i]);
	if (!name || strstr(name, " ms total)"))
		return (struct printed_line){.what = PRINTED_BETWEEN};
	return (struct printed_line){
		.what = PRINTED_SUITE, .name = name, .length = strcspn(name, " ,")};
}

struct printed_line printed_line_frame(const char *line)
{
	static const struct {
		char frame[14];
		enum printed_what what;
		enum span_outcome outcome;
	} frames[] = {{"[==========] ", PRINTED_HEAD, 0},
		      {"[----------] ", PRINTED_SUITE, 0},
		      {"[ RUN      ] ", PRINTED_RUN, 0},
		      {"[       OK ] ", PRINTED_END, SPAN_PASSED},
		      {"[  FAILED  ] ", PRINTED_END, SPAN_FAILED},
		      {"[  SKIPPED ] ", PRINTED_END, SPAN_SKIPPED},
		      {"[  ERROR   ] ", PRINTED_END, SPAN_ERROR}};

	for (const char *at = line + strlen(line); at-- > line;) {
		const char *rest = NULL;
		size_t i = 0;

		for (; *at == '[' && !rest && i < ARRAY_SIZE(frames); i++)
			rest = startswith(at, frames[i].frame);
		if (!rest)
			continue;
		if (frames[i - 1].what == PRINTED_HEAD)
			return frame_head(rest);
		if (frames[i - 1].what == PRINTED_SUITE)
			return frame_suite(rest);
		return (struct printed_line){.what = frames[i - 1].what,
					     .name = rest,
					     .length = strcspn(rest, " ,"),
					     .outcome = frames[i - 1].outcome};
	}
	return (struct printed_line){0};
}

/* -- Others ---------------------------------------------------------------------------------------- */

struct pattern {
	const char *begin; /* what comes before the name */
	const char *end; /* what comes after it, first; NULL: the last quote of the line */
	enum printed_what what;
};

/* The last of the patterns in the line, because output of a test without a newline may come before it. */
static struct printed_line find_last(const char *line, const struct pattern *patterns, size_t count)
{
	for (const char *at = line + strlen(line); at-- > line;) {
		for (size_t i = 0; i < count; i++) {
			const char *name = startswith(at, patterns[i].begin), *end;

			if (!name)
				continue;
			end = patterns[i].end ? strstr(name, patterns[i].end) : strrchr(name, '"');
			if (!end || (!patterns[i].end && end[1]))
				continue;
			return (struct printed_line){.what = patterns[i].what,
						     .name = name,
						     .length = (size_t)(end - name)};
		}
	}
	return (struct printed_line){0};
}

static bool ends_with(const char *line, const char *text)
{
	size_t length = strlen(line), wanted = strlen(text);

	return length >= wanted && streq(line + length - wanted, text);
}

struct printed_line printed_line_boost(const char *line)
{
	static const struct pattern patterns[] = {
		{"Entering test suite \"", NULL, PRINTED_ENTER},
		{"Leaving test suite \"", "\"; testing time: ", PRINTED_LEAVE},
		{"Leaving test suite \"", NULL, PRINTED_LEAVE},
		{"Leaving test module \"", "\"", PRINTED_BETWEEN},
		{"Entering test case \"", NULL, PRINTED_RUN},
		{"Leaving test case \"", "\"; testing time: ", PRINTED_END},
		{"Leaving test case \"", NULL, PRINTED_END},
		{"Test case \"", "\" is skipped because ", PRINTED_SKIP},
		{"error: in \"", "\": ", PRINTED_FAILURE},
	};
	struct printed_line found = find_last(line, patterns, ARRAY_SIZE(patterns));

	/* So are tests that were not chosen. */
	if (found.what == PRINTED_SKIP && ends_with(line, "disabled"))
		return (struct printed_line){0};
	found.outcome = found.what == PRINTED_END ? SPAN_PASSED : SPAN_NO_OUTCOME;
	return found;
}

/* -- subunit -------------------------------------------------------------------------------------- */

struct printed_line printed_line_subunit(const char *line)
{
	static const struct {
		const char *word;
		enum printed_what what;
		enum span_outcome outcome;
	} words[] = {{"test: ", PRINTED_RUN, 0},
		     {"testing: ", PRINTED_RUN, 0},
		     {"success: ", PRINTED_END, SPAN_PASSED},
		     {"successful: ", PRINTED_END, SPAN_PASSED},
		     {"failure: ", PRINTED_END, SPAN_FAILED},
		     {"uxsuccess: ", PRINTED_END, SPAN_FAILED},
		     {"error: ", PRINTED_END, SPAN_ERROR},
		     {"skip: ", PRINTED_END, SPAN_SKIPPED},
		     {"xfail: ", PRINTED_END, SPAN_SKIPPED}};

	for (const char *at = line + strlen(line); at-- > line;) {
		for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
			const char *name = startswith(at, words[i].word), *details;

			if (!name)
				continue;
			details = strstr(name, " [");
			return (struct printed_line){
				.what = words[i].what,
				.outcome = words[i].outcome,
				.name = name,
				.length = details ? (size_t)(details - name) : strlen(name),
				.has_more = details,
			};
		}
	}
	return (struct printed_line){0};
}

/* -- XML ------------------------------------------------------------------------------------------- */

static bool has_attribute(const char *element, const char *text)
{
	const char *found = strstr(element, text);

	return found && found < element + strcspn(element, ">");
}

static struct printed_line xml_end(const char *element)
{
	struct printed_line line = {.what = PRINTED_END};

	if (has_attribute(element, "success=\"false\""))
		line.outcome = SPAN_FAILED;
	else if (!has_attribute(element, "success=\"true\""))
		return (struct printed_line){0};
	else if (has_attribute(element, " skips=\"") && !has_attribute(element, " skips=\"0\""))
		line.outcome = SPAN_SKIPPED;
	else
		line.outcome = SPAN_PASSED;
	return line;
}

static struct printed_line xml_begin(const char *name)
{
	struct printed_line line = {
		.what = PRINTED_RUN, .name = name, .length = strcspn(name, "\"")};
	const char *rest = name + line.length;

	if (!*rest || !strchr(rest, '>'))
		return (struct printed_line){0};
	/* A list of tests has such elements too, each with its suite, and so have tests that were not chosen. */
	if (has_attribute(rest, " testsuite=\"") || has_attribute(rest, " skipped=\"true\""))
		return (struct printed_line){0};
	return line;
}

struct printed_line printed_line_xml(const char *line)
{
	static const char *const ends[] = {"<OverallResult ", "<OverallResultsAsserts "};

	for (const char *at = line + strlen(line); at-- > line;) {
		struct printed_line found = {0};
		const char *name;

		if (*at != '<')
			continue;
		if (startswith(at, "</TestCase>"))
			found.what = PRINTED_CLOSE;
		if ((name = startswith(at, "<TestCase name=\"")))
			found = xml_begin(name);
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (startswith(at, ends[i]))
				found = xml_end(at);
		if (found.what != PRINTED_OTHER)
			return found;
	}
	return (struct printed_line){0};
}

void printed_line_unescape_xml(char *text)
{
	static const struct {
		const char *entity;
		char character;
	} entities[] = {
		{"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
	char *out = text;

	while (*text) {
		const char *rest = NULL;
		size_t i = 0;

		for (; *text == '&' && !rest && i < ARRAY_SIZE(entities); i++)
			rest = startswith(text, entities[i].entity);
		*out++ = rest ? entities[i - 1].character : *text;
		text = rest ? (char *)rest : text + 1;
	}
	*out = '\0';
}

/* -- TeamCity -------------------------------------------------------------------------------------- */

/* The value of an attribute, escaped; NULL: it is missing, or not ended. Values can have the text of other attributes. */
static const char *teamcity_value(const char *at, const char *wanted, size_t *ret_length)
{
	*ret_length = 0;
	for (;;) {
		const char *name = at += strspn(at, " "), *value;
		size_t name_length = strcspn(at, "= ]'");

		at += name_length;
		if (!name_length || at[0] != '=' || at[1] != '\'')
			return NULL;
		value = at += 2;
		while (*at && *at != '\'')
			at += at[0] == '|' && at[1] ? 2 : 1;
		if (!*at)
			return NULL;
		if (name_length == strlen(wanted) && !strncmp(name, wanted, name_length)) {
			*ret_length = (size_t)(at - value);
			return value;
		}
		at++;
	}
}

struct printed_line printed_line_teamcity(const char *line)
{
	static const struct {
		const char *message;
		enum printed_what what;
		enum span_outcome outcome;
	} messages[] = {{"testStarted ", PRINTED_RUN, 0},
			{"testFailed ", PRINTED_FAILURE, 0},
			{"testIgnored ", PRINTED_SKIP, 0},
			{"testFinished ", PRINTED_END, SPAN_PASSED},
			{"testSuiteStarted ", PRINTED_BETWEEN, 0},
			{"testSuiteFinished ", PRINTED_BETWEEN, 0}};
	const char *at = NULL, *next = line;

	while ((next = strstr(next, "##teamcity[")))
		at = next += strlen("##teamcity[");
	for (size_t i = 0; at && i < ARRAY_SIZE(messages); i++) {
		const char *rest = startswith(at, messages[i].message);
		struct printed_line found = {.what = messages[i].what,
					     .outcome = messages[i].outcome};

		if (!rest)
			continue;
		found.name = teamcity_value(rest, "name", &found.length);
		found.flow = teamcity_value(rest, "flowId", &found.flow_length);
		return found.name ? found : (struct printed_line){0};
	}
	return (struct printed_line){0};
}

void printed_line_unescape_teamcity(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text == '|' && text[1])
			text++;
		else if (*text != '|') {
			*out++ = *text;
			continue;
		}
		*out++ = *text == 'n' ? '\n' : *text == 'r' ? '\r' : *text;
	}
	*out = '\0';
}
