/* Hints of tests: finds a test's name in the environment or the arguments of an executed program. */
#include "spans/span_hint.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/util.h"

#define ARGUMENTS_MAX 64
#define HASH_DIGITS   16

const char span_hint_prefixes[ENVIRONMENT_PREFIXES][8] = {"PYTEST_C", "BATS_TES", "NEXTEST_",
							  "TMT_TEST"};

void span_hint_done(struct span_hint *hint)
{
	free(hint->name);
	free(hint->file);
	*hint = (struct span_hint){0};
}

/* -- The environment ------------------------------------------------------------------------------- */

struct variables {
	const char *pytest, *bats, *bats_description, *bats_file, *nextest, *nextest_binary, *tmt;
};

static void take_variable(struct variables *found, const char *string)
{
	const struct {
		const char *prefix, **value;
	} known[] = {
		{"PYTEST_CURRENT_TEST=", &found->pytest},
		{"BATS_TEST_NAME=", &found->bats},
		{"BATS_TEST_DESCRIPTION=", &found->bats_description},
		{"BATS_TEST_FILENAME=", &found->bats_file},
		{"NEXTEST_TEST_NAME=", &found->nextest},
		{"NEXTEST_BINARY_ID=", &found->nextest_binary},
		{"TMT_TEST_NAME=", &found->tmt},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *value = startswith(string, known[i].prefix);

		if (value && *value && !*known[i].value)
			*known[i].value = value;
	}
}

/*
 * "test_a.py::test_b (call)". Other tests may use a process that the setup of one test starts, so only a process from
 * the call phase surely belongs to the test.
 */
static char *pytest_name(const char *value)
{
	size_t length = strlen(value);
	static const char call[] = " (call)";
	size_t call_length = sizeof(call) - 1;

	if (length > call_length && streq(value + length - call_length, call))
		length -= call_length;
	return xstrndup(value, length);
}

size_t span_hints_of_environment(const char *data, size_t size,
				 bool (*is_inherited)(void *context, const char *variable),
				 void *context, struct span_hint ret[SPAN_HINTS_MAX])
{
	struct variables found = {0};
	size_t count = 0;

	for (size_t at = 0; at < size;) {
		size_t length = strnlen(data + at, size - at);

		if (at + length == size)
			break; /* no NUL: truncated */
		if (!is_inherited || !is_inherited(context, data + at))
			take_variable(&found, data + at);
		at += length + 1;
	}
	if (found.pytest)
		ret[count++] =
			(struct span_hint){.name = pytest_name(found.pytest), .runner = "pytest"};
	if (found.bats)
		ret[count++] = (struct span_hint){
			.name = xstrdup(found.bats_description ? found.bats_description
							       : found.bats),
			.file = found.bats_file ? xstrdup(found.bats_file) : NULL,
			.runner = "bats"};
	if (found.nextest)
		ret[count++] = (struct span_hint){
			.name = found.nextest_binary
					? xasprintf("%s::%s", found.nextest_binary, found.nextest)
					: xstrdup(found.nextest),
			.runner = "nextest",
			.is_test = true};
	if (found.tmt)
		ret[count++] = (struct span_hint){
			.name = xstrdup(found.tmt), .runner = "tmt", .is_test = true};
	return count;
}

/* -- Arguments ------------------------------------------------------------------------------------- */

static size_t split(const char *data, size_t size, const char *ret[ARGUMENTS_MAX])
{
	size_t count = 0;

	for (size_t at = 0; at < size && count < ARGUMENTS_MAX;) {
		size_t length = strnlen(data + at, size - at);

		if (at + length == size)
			break; /* truncated */
		ret[count++] = data + at;
		at += length + 1;
	}
	return count;
}

static bool has_argument(const char *const *arguments, size_t count, const char *prefix)
{
	for (size_t i = 1; i < count; i++)
		if (startswith(arguments[i], prefix))
			return true;
	return false;
}

/* /tmp/go-build123/b001/pkg.test -test.timeout=10m0s: cmd/go/internal/test */
static char *go_name(const char *const *arguments, size_t count)
{
	const char *name = base_name(arguments[0]);
	size_t length = strlen(name);

	if (length < 6 || !streq(name + length - 5, ".test") ||
	    !has_argument(arguments, count, "-test.") ||
	    has_argument(arguments, count, "-test.list"))
		return NULL;
	return xstrndup(name, length - 5);
}

/* target/debug/deps/name-0123456789abcdef: cargo's name for a test program */
static size_t cargo_length(const char *path)
{
	const char *name = base_name(path);
	size_t length = strlen(name), hash = 0;

	while (hash < length && isxdigit((unsigned char)name[length - 1 - hash]))
		hash++;
	if (hash != HASH_DIGITS || length < HASH_DIGITS + 2 ||
	    name[length - HASH_DIGITS - 1] != '-' || name - path < 5 ||
	    strncmp(name - 5, "deps/", 5) != 0)
		return 0;
	return length - HASH_DIGITS - 1;
}

static char *cargo_name(const char *const *arguments, size_t count)
{
	size_t length = cargo_length(arguments[0]), names = 0;
	const char *program = base_name(arguments[0]), *test = NULL;

	if (!length || has_argument(arguments, count, "--list"))
		return NULL;
	for (size_t i = 1; i < count; i++) {
		if (arguments[i][0] == '-')
			continue;
		test = arguments[i];
		names++;
	}
	if (names == 1 && has_argument(arguments, count, "--exact"))
		return xasprintf("%.*s::%s", (int)length, program, test);
	return xstrndup(program, length);
}

/* --gtest_filter=Suite.Test: one test, as CMake's gtest_discover_tests() starts it. */
static char *gtest_name(const char *const *arguments, size_t count)
{
	const char *filter = NULL;

	for (size_t i = 1; i < count && !filter; i++)
		filter = startswith(arguments[i], "--gtest_filter=");
	if (!filter || !*filter || strpbrk(filter, "*?:-") ||
	    has_argument(arguments, count, "--gtest_list_tests"))
		return NULL;
	return xstrdup(filter);
}

bool span_hint_of_arguments(const char *data, size_t size, struct span_hint *ret)
{
	static const struct {
		const char *runner;
		char *(*name)(const char *const *arguments, size_t count);
	} rules[] = {{"go", go_name}, {"cargo", cargo_name}, {"gtest", gtest_name}};
	const char *arguments[ARGUMENTS_MAX];
	size_t count = split(data, size, arguments);

	*ret = (struct span_hint){.is_test = true};
	for (size_t i = 0; count && i < ARRAY_SIZE(rules) && !ret->name; i++) {
		ret->name = rules[i].name(arguments, count);
		ret->runner = rules[i].runner;
	}
	return ret->name != NULL;
}
