/* The test runner that a command is, or starts: what makes it tell of its tests, without changing the tests. */
#include "runners/runner.h"

#include <stdlib.h>

#include "base/util.h"
#include "runners/runner_setup.h"

const char *const runner_names[RUNNERS + 1] = {
	[RUNNER_AUTO] = "auto",   [RUNNER_NONE] = "none",   [RUNNER_PYTEST] = "pytest",
	[RUNNER_BATS] = "bats",   [RUNNER_PROVE] = "prove", [RUNNER_AUTOMAKE] = "automake",
	[RUNNER_CTEST] = "ctest", [RUNNER_MESON] = "meson", [RUNNER_GO] = "go",
	[RUNNER_CARGO] = "cargo", [RUNNER_NODE] = "node",
};

/* Words by which a command's line gives a runner away; what starts_anything() knows is not among them. */
static const char *const runner_words[RUNNERS][4] = {
	[RUNNER_PYTEST] = {"pytest", "py.test"},
	[RUNNER_BATS] = {"bats"},
};

/* The same, of words that are too short to be looked for in others. */
static const struct {
	const char *program;
	enum runner runner;
} runner_programs[] = {
	{"go", RUNNER_GO},
	{"gotestsum", RUNNER_GO},
	{"cargo", RUNNER_CARGO},
	{"node", RUNNER_NODE},
};

/* -- Recognising ----------------------------------------------------------------------------------- */

/* Tools that start what a project's own files say. */
static bool starts_anything(const char *program)
{
	static const char *const names[] = {"sh",    "bash",    "dash",   "zsh",       "ksh",
					    "fish",  "busybox", "make",   "gmake",     "ninja",
					    "meson", "cmake",   "ctest",  "tox",       "nox",
					    "just",  "task",    "npm",    "npx",       "yarn",
					    "pnpm",  "rake",    "invoke", "act",       "tmt",
					    "prove", "bazel",   "scons",  "pre-commit"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(program, names[i]))
			return true;
	return false;
}

static bool is_below(const char *path, const char *const *places)
{
	for (; *places; places++)
		if (startswith(path, *places))
			return true;
	return false;
}

/* Tools whose words are files and patterns, whatever they look like. */
static bool starts_nothing(const char *program)
{
	static const char *const names[] = {
		"basename", "cat",      "chmod",    "chown",   "cksum", "cmp",       "cp",
		"cut",      "date",     "diff",     "dirname", "du",    "echo",      "egrep",
		"false",    "fgrep",    "file",     "grep",    "head",  "id",        "ln",
		"ls",       "md5sum",   "mkdir",    "mv",      "od",    "printenv",  "printf",
		"pwd",      "readlink", "realpath", "rm",      "rmdir", "sha256sum", "sleep",
		"sort",     "stat",     "sum",      "tail",    "tee",   "test",      "touch",
		"tr",       "true",     "uname",    "uniq",    "wc",    "which"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(program, names[i]))
			return true;
	return false;
}

/*
 * A program of the system's own, as opposed to one of the project, which may start anything. What cannot be
 * told is the project's: /opt has both, and a container's image often has its project in /usr/src.
 */
static bool is_installed(const char *path)
{
	static const char *const places[] = {"/bin/", "/sbin/", "/usr/", "/nix/",
					     "/gnu/", "/snap/", NULL};
	static const char *const sources[] = {"/usr/src/", "/usr/local/src/", NULL};

	return !strchr(path, '/') || (is_below(path, places) && !is_below(path, sources));
}

static unsigned recognise_word(const char *word)
{
	unsigned found = 0;

	for (enum runner runner = 0; runner < RUNNERS; runner++)
		for (size_t i = 0; i < ARRAY_SIZE(runner_words[runner]); i++)
			if (runner_words[runner][i] && strstr(word, runner_words[runner][i]))
				found |= 1u << runner;
	for (size_t i = 0; i < ARRAY_SIZE(runner_programs); i++)
		if (streq(base_name(word), runner_programs[i].program))
			found |= 1u << runner_programs[i].runner;
	return found;
}

unsigned runner_recognise(char *const *argv)
{
	unsigned found = 0;

	if (!is_installed(argv[0]))
		return ~0u;
	if (starts_nothing(base_name(argv[0])))
		return 0;
	for (char *const *word = argv; *word; word++) {
		/* Not only the first: env, sudo, timeout, xvfb-run and the like have it behind them. */
		if (starts_anything(base_name(*word)))
			return ~0u;
		found |= recognise_word(*word);
	}
	return found;
}

void runner_prepare(enum runner runner, char *const *argv, uid_t uid,
		    const struct span_socket *socket, struct runner_setup *ret)
{
	const struct runner_wish wish = {
		.runners = runner == RUNNER_AUTO ? runner_recognise(argv) : 1u << runner,
		.explicitly = runner,
		.program = argv[0],
		.uid = uid,
	};

	*ret = (struct runner_setup){0};
	if (socket->fd >= 0)
		runner_setup_prepare(ret, &wish, socket);
}
