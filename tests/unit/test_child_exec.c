/* Tests of run/child_exec: which files are tried for a command, and what environment it gets */
#include "run/child_exec.h"
#include "system/search_path.h"

#include <limits.h>

#include "base/util.h"
#include "tap.h"

/* The strings joined by '|'. */
static char *join(char **strings)
{
	char *text = xstrdup("");

	for (char **s = strings; *s; s++) {
		char *longer = xasprintf("%s%s%s", text, s == strings ? "" : "|", *s);

		free(text);
		text = longer;
	}
	return text;
}

static void check_paths(const char *file, const char *path, const char *expected)
{
	char **paths = search_path(file, path);
	_cleanup_free_ char *got = join(paths);

	is_str(got, expected);
	search_path_free(paths);
}

static void test_paths(void)
{
	_cleanup_free_ char *too_long = xcalloc(1, PATH_MAX + 8);
	_cleanup_free_ char *path = NULL;

	check_paths("cmd", "/bin:/usr/bin", "/bin/cmd|/usr/bin/cmd");
	check_paths("cmd", "/bin", "/bin/cmd");
	check_paths("cmd", ":/bin::", "cmd|/bin/cmd|cmd|cmd");
	check_paths("cmd", "", "cmd");
	check_paths("cmd", "rel:.", "rel/cmd|./cmd");
	check_paths("cmd", NULL, "/bin/cmd|/usr/bin/cmd");
	check_paths("./cmd", "/bin", "./cmd");
	check_paths("/x/cmd", "/bin", "/x/cmd");
	check_paths("a/b", NULL, "a/b");
	check_paths("", "/bin", "");

	memset(too_long, 'x', PATH_MAX);
	path = xasprintf("%s:/bin", too_long);
	check_paths("cmd", path, "/bin/cmd");
	check_paths("cmd", too_long, "");
}

static void check_environment(char *const *environment, char *const *extra,
			      const struct user_spec *user, const char *expected)
{
	char **result = child_exec_environment(environment, extra, user);
	_cleanup_free_ char *got = join(result);

	is_str(got, expected);
	child_exec_free_strings(result);
}

#define STRINGS(...) ((char *const[]){__VA_ARGS__, NULL})

static void test_environment(void)
{
	static char name[] = "alice", home[] = "/home/alice", shell[] = "/bin/zsh";
	struct user_spec user = {.name = name, .home = home, .shell = shell};
	char *const *usual = STRINGS("HOME=/root", "PATH=/bin", "USER=root");

	check_environment(usual, NULL, NULL, "HOME=/root|PATH=/bin|USER=root");
	check_environment(usual, STRINGS("PATH=/x", "NEW=1", "NEW=2"), NULL,
			  "HOME=/root|PATH=/x|USER=root|NEW=2");
	check_environment(usual, NULL, &user,
			  "HOME=/home/alice|PATH=/bin|USER=alice|LOGNAME=alice|SHELL=/bin/zsh");
	check_environment(usual, STRINGS("HOME=/h"), &user,
			  "HOME=/h|PATH=/bin|USER=alice|LOGNAME=alice|SHELL=/bin/zsh");
	user.current = true;
	check_environment(usual, NULL, &user, "HOME=/root|PATH=/bin|USER=root");

	/* What is not ours stays as it is: doubles, prefixes of names, no '=', empty values. */
	check_environment(STRINGS("A=1", "AB=2", "A", "=x", "B=", "A=3"), NULL, NULL,
			  "A=1|AB=2|A|=x|B=|A=3");
	check_environment(STRINGS("A=1", "AB=2", "A", "=x", "A=3"), STRINGS("A="), NULL,
			  "A=|AB=2|A|=x");
	check_environment(NULL, NULL, NULL, "");
	check_environment(NULL, STRINGS("A=1"), NULL, "A=1");
}

int main(void)
{
	test_paths();
	test_environment();
	return tap_done();
}
