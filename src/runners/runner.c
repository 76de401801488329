/* Recognise which test runners a command may start */
#include "runners/runner.h"

#include <stdlib.h>

#include "base/util.h"
#include "runners/runner_words.h"

const char *const runner_names[RUNNERS + 1] = {
	[RUNNER_AUTO] = "auto",     [RUNNER_NONE] = "none",
	[RUNNER_PYTEST] = "pytest", [RUNNER_BATS] = "bats",
	[RUNNER_PROVE] = "prove",   [RUNNER_AUTOMAKE] = "automake",
	[RUNNER_CTEST] = "ctest",   [RUNNER_MESON] = "meson",
	[RUNNER_GO] = "go",         [RUNNER_CARGO] = "cargo",
	[RUNNER_NODE] = "node",     [RUNNER_UNITTEST] = "unittest",
	[RUNNER_RSPEC] = "rspec",   [RUNNER_MINITEST] = "minitest",
	[RUNNER_MAVEN] = "maven",   [RUNNER_PHPUNIT] = "phpunit",
	[RUNNER_PHP] = "php",
};

/* Words in a command line that show a runner, except those that starts_anything() knows */
static const char *const runner_words[RUNNERS][4] = {
	[RUNNER_PYTEST] = {"pytest", "py.test"},
	[RUNNER_UNITTEST] = {"unittest", "nose2", "django-admin", "stestr"},
	[RUNNER_BATS] = {"bats"},
	[RUNNER_RSPEC] = {"rspec"},
	[RUNNER_MINITEST] = {"minitest"},
	[RUNNER_PHPUNIT] = {"phpunit"},
};

/* The same for words that are too short to search for inside other words */
static const struct {
	const char *program;
	enum runner runner;
} runner_programs[] = {
	{"go", RUNNER_GO},      {"gotestsum", RUNNER_GO},   {"cargo", RUNNER_CARGO},
	{"node", RUNNER_NODE},  {"trial", RUNNER_UNITTEST}, {"mvn", RUNNER_MAVEN},
	{"mvnw", RUNNER_MAVEN}, {"mvnd", RUNNER_MAVEN},     {"php", RUNNER_PHPUNIT},
};

/* -- Recognising ----------------------------------------------------------------------------------- */

/* Tools that start what the files of a project say */
static bool starts_anything(const char *program)
{
	static const char *const names[] = {"sh",    "bash",    "dash",    "zsh",        "ksh",
					    "fish",  "busybox", "make",    "gmake",      "ninja",
					    "meson", "cmake",   "ctest",   "tox",        "nox",
					    "just",  "task",    "npm",     "npx",        "yarn",
					    "pnpm",  "rake",    "invoke",  "act",        "tmt",
					    "prove", "bazel",   "scons",   "pre-commit", "bundle",
					    "rails", "ruby",    "composer"};

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

/*
 * Tools that start nothing: their arguments are files and patterns, even if they look like programs
 */
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
 * Returns whether a program belongs to the system, not to the project, whose programs may start
 * anything. If unsure, it belongs to the project: /opt has both, and the image of a container often
 * has its project in /usr/src.
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
		/*
		 * Check all words: env, sudo, timeout, xvfb-run and others start the command in
		 * their arguments.
		 */
		if (starts_anything(base_name(*word)))
			return ~0u;
		found |= recognise_word(*word);
		if (runner_words_python_runs_file(word))
			found |= 1u << RUNNER_PYTEST | 1u << RUNNER_UNITTEST;
	}
	return found;
}
