/* Parses one line that a test program prints: TAP, or the frames of GoogleTest and cmocka. Pure functions. */
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
	line.length = find_directive(rest, &has_directive);
	while (line.length && strchr(" \t", rest[line.length - 1]))
		line.length--;
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
