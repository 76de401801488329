/* Tests of bpf/glob.h: the same as fnmatch(3) on all short patterns and paths, and on long ones */
#include "glob.h"

#include <fnmatch.h>

#include "base/util.h"
#include "tap.h"

#define PATTERN_LONGEST 5
#define PATH_LONGEST    5
#define STEPS_MAX       65536 /* of the BPF program */

static bool matches(const char *pattern, const char *path)
{
	char pattern_bytes[PATTERN_BYTES] = {0}, path_bytes[INCLUDE_PATH_BYTES] = {0};
	enum glob_step step = GLOB_GOES_ON;
	struct glob glob = {0};

	snprintf(pattern_bytes, sizeof(pattern_bytes), "%s", pattern);
	snprintf(path_bytes, sizeof(path_bytes), "%s", path);
	for (unsigned i = 0; step == GLOB_GOES_ON && i < STEPS_MAX; i++)
		step = glob_step(&glob, pattern_bytes, path_bytes);
	return step == GLOB_MATCHES;
}

static bool as_fnmatch(const char *pattern, const char *path)
{
	return fnmatch(pattern, path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

/* The number-th text of the letters, the shorter first; false: that text is longer than longest. */
static bool spell(unsigned number, const char *letters, unsigned longest, char *ret)
{
	unsigned count = strlen(letters), length = 0, of_length = 1;

	while (number >= of_length) {
		number -= of_length;
		of_length *= count;
		length++;
	}
	for (unsigned i = 0; i < length && i < longest; i++, number /= count)
		ret[i] = letters[number % count];
	ret[MIN(length, longest)] = '\0';
	return length <= longest;
}

static void test_all_short(void)
{
	char pattern[PATTERN_LONGEST + 1], path[PATH_LONGEST + 1];
	unsigned differ = 0, match = 0;

	for (unsigned i = 0; spell(i, "ab*?/", PATTERN_LONGEST, pattern); i++)
		for (unsigned k = 0; spell(k, "ab/", PATH_LONGEST, path); k++) {
			bool as = as_fnmatch(pattern, path);

			match += as;
			if (matches(pattern, path) != as && differ++ < 5)
				okf(false, "'%s' with '%s'", pattern, path);
		}
	is_int(differ, 0);
	ok(match > 1000);
}

static void test_containers(void)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} rows[] = {
		{"system.slice/docker-*.scope", "system.slice/docker-0a1b.scope", true},
		{"system.slice/docker-*.scope", "system.slice/docker-0a1b.scope/init", false},
		{"system.slice/docker-*.scope", "system.slice/docker.service", false},
		{"docker/*", "docker/0a1b", true},
		{"user.slice/user-*.slice/user@*.service/user.slice/libpod-*.scope",
		 "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-12.scope", true},
		{"a\\x2db.slice", "a\\x2db.slice", true},
		{"*.scope", "x.scope.scope", true},
		{"\xff*", "\xff\xfe", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		is_int(matches(rows[i].pattern, rows[i].path), rows[i].matches);
}

/* The most steps that a path can take, which its container chooses: fewer than the BPF program does. */
static void test_longest(void)
{
	char name[255], end[121], pattern[PATTERN_BYTES], path[INCLUDE_PATH_BYTES];

	memset(name, 'a', sizeof(name) - 1);
	memset(end, 'a', sizeof(end) - 1);
	name[sizeof(name) - 1] = end[sizeof(end) - 1] = '\0';
	snprintf(path, sizeof(path), "%s/%s/%s/%s", name, name, name, name);
	snprintf(pattern, sizeof(pattern), "*/*/*/*%s", end);
	ok(matches(pattern, path));
	snprintf(pattern, sizeof(pattern), "*/*/*/*%sb", end);
	ok(!matches(pattern, path));
	path[strlen(path) - 1] = 'b';
	ok(matches(pattern, path));
}

int main(void)
{
	test_all_short();
	test_containers();
	test_longest();
	return tap_done();
}
