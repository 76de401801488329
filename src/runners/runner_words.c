/* Parse the command line of a test runner as the runner itself does. Pure functions */
#include "runners/runner_words.h"

#include "base/util.h"

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (streq(word, *words))
			return true;
	return false;
}

/* -- node ------------------------------------------------------------------------------------------ */

/*
 * The options of node 18 to 24 whose value may be the next word (node --help, "...";
 * src/node_options.cc). node does not know which V8 options have values: these values must be in
 * the same word.
 */
static const char *const node_values[] = {
	"-C",
	"-e",
	"-p",
	"-pe",
	"-r",
	"--allow-fs-read",
	"--allow-fs-write",
	"--build-sea",
	"--build-snapshot-config",
	"--conditions",
	"--cpu-prof-dir",
	"--cpu-prof-interval",
	"--cpu-prof-name",
	"--debug-port",
	"--diagnostic-dir",
	"--disable-proto",
	"--disable-warning",
	"--dns-result-order",
	"--env-file",
	"--env-file-if-exists",
	"--es-module-specifier-resolution",
	"--eval",
	"--experimental-config-file",
	"--experimental-default-type",
	"--experimental-loader",
	"--experimental-policy",
	"--experimental-sea-config",
	"--experimental-specifier-resolution",
	"--experimental-test-isolation",
	"--heap-prof-dir",
	"--heap-prof-interval",
	"--heap-prof-name",
	"--heapsnapshot-near-heap-limit",
	"--heapsnapshot-signal",
	"--icu-data-dir",
	"--import",
	"--input-type",
	"--inspect-port",
	"--inspect-publish-uid",
	"--loader",
	"--localstorage-file",
	"--max-http-header-size",
	"--network-family-autoselection-attempt-timeout",
	"--openssl-config",
	"--policy-integrity",
	"--print",
	"--redirect-warnings",
	"--report-dir",
	"--report-directory",
	"--report-filename",
	"--report-signal",
	"--require",
	"--run",
	"--secure-heap",
	"--secure-heap-min",
	"--security-revert",
	"--snapshot-blob",
	"--test-concurrency",
	"--test-coverage-branches",
	"--test-coverage-exclude",
	"--test-coverage-functions",
	"--test-coverage-include",
	"--test-coverage-lines",
	"--test-global-setup",
	"--test-isolation",
	"--test-name-pattern",
	"--test-reporter",
	"--test-reporter-destination",
	"--test-rerun-failures",
	"--test-shard",
	"--test-skip-pattern",
	"--test-timeout",
	"--title",
	"--tls-cipher-list",
	"--tls-keylog",
	"--trace-event-categories",
	"--trace-event-file-pattern",
	"--unhandled-rejections",
	"--use-largepages",
	"--v8-pool-size",
	"--watch-kill-signal",
	"--watch-path",
	NULL,
};

/* Returns the script; NULL: there is none, or --test is among the options of node, before a script. */
static const char *node_script(char *const *argv, bool *ret_tests)
{
	*ret_tests = false;
	for (argv += *argv != NULL; *argv; argv++) {
		_cleanup_free_ char *option = xstrdup(*argv);

		/* node accepts _ for - in the names of options. */
		for (char *c = option; *c && *c != '='; c++)
			if (*c == '_')
				*c = '-';
		if (streq(option, "--"))
			return argv[1];
		*ret_tests = streq(option, "--test");
		if (*ret_tests || streq(option, "-"))
			return NULL;
		if (option[0] != '-')
			return *argv;
		if (is_one_of(option, node_values) && argv[1])
			argv++;
	}
	return NULL;
}

/*
 * Returns whether path is that of a runner's program, as npm, pnpm and yarn install it: .bin/mocha,
 * mocha/bin/mocha.js. yarn starts what it runs with a node of its own in PATH.
 */
static bool is_node_runner(const char *path)
{
	static const char *const names[] = {"mocha",      "jest",        "vitest", "react-scripts",
					    "playwright", "@playwright", "yarn"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *package = xasprintf("node_modules/%s/", names[i]);

		if (strstr(base_name(path), names[i]) || strstr(path, package))
			return true;
	}
	return streq(base_name(path), "ava") || strstr(path, "node_modules/ava/");
}

bool runner_words_node_tests(char *const *argv)
{
	bool tests;
	const char *script = node_script(argv, &tests);

	return tests || (script && is_node_runner(script));
}

/* -- PHP ------------------------------------------------------------------------------------------- */

size_t runner_words_php_script(char *const *argv)
{
	/* php --help: the options before a script whose value may be the next word */
	static const char *const values[] = {
		"-c", "-d", "-z", "--php-ini", "--define", "--zend-extension", NULL};
	size_t at = *argv != NULL;
	const char *script;

	for (; argv[at] && *argv[at] == '-'; at++) {
		if (streq(argv[at], "-f") || streq(argv[at], "--file"))
			break;
		/* After --, the words are arguments of a script on standard input; -r CODE. */
		if (streq(argv[at], "--") || streq(argv[at], "-r"))
			return 0;
		if (is_one_of(argv[at], values) && argv[at + 1])
			at++;
	}
	script = argv[at] && *argv[at] == '-' ? argv[at + 1] : argv[at];
	return script && strstr(base_name(script), "phpunit") ? at : 0;
}

/* -- cargo ----------------------------------------------------------------------------------------- */

/*
 * Global options whose value is the next word; subcommands of cargo itself: cargo help, cargo
 * --list
 */
static const char *const cargo_tests[] = {"test", "t", "nextest", NULL};
static const char *const cargo_values[] = {"-C", "-Z", "--color", "--config", "--explain", NULL};
static const char *const cargo_own[] = {
	"add",
	"b",
	"bench",
	"build",
	"c",
	"check",
	"clean",
	"clippy",
	"config",
	"d",
	"doc",
	"fetch",
	"fix",
	"fmt",
	"generate-lockfile",
	"help",
	"info",
	"init",
	"install",
	"locate-project",
	"login",
	"logout",
	"metadata",
	"new",
	"owner",
	"package",
	"pkgid",
	"publish",
	"r",
	"read-manifest",
	"remove",
	"report",
	"rm",
	"run",
	"rustc",
	"rustdoc",
	"search",
	"tree",
	"uninstall",
	"update",
	"vendor",
	"verify-project",
	"version",
	"yank",
	NULL,
};

bool runner_words_cargo_tests(char *const *argv)
{
	argv += *argv != NULL;
	/* +TOOLCHAIN, for rustup */
	if (*argv && **argv == '+')
		argv++;
	while (*argv && **argv == '-' && !streq(*argv, "--"))
		argv += is_one_of(*argv, cargo_values) && argv[1] ? 2 : 1;
	if (!*argv || is_one_of(*argv, cargo_own))
		return false;
	if (is_one_of(*argv, cargo_tests))
		return true;
	/* An external subcommand parses its words in its own way. */
	for (; *argv && !streq(*argv, "--"); argv++)
		if (streq(*argv, "test") || streq(*argv, "nextest"))
			return true;
	return false;
}

/* -- go -------------------------------------------------------------------------------------------- */

/* Returns the number of words of the option: -x VALUE or -x=VALUE. go accepts - and -- alike. */
static size_t option_words(char *const *argv, const char *name)
{
	const char *rest = *argv && **argv == '-' ? *argv + ((*argv)[1] == '-') : "";

	rest = startswith(rest, name);
	if (!rest || (*rest && *rest != '='))
		return 0;
	return *rest || !argv[1] ? 1 : 2;
}

static bool has_exec(const char *flags)
{
	_cleanup_free_ char *copy = xstrdup(flags);
	char *rest = NULL;

	for (char *word = strtok_r(copy, " \t\n'\"", &rest); word;
	     word = strtok_r(NULL, " \t\n'\"", &rest)) {
		char *const words[] = {word, NULL};

		if (option_words(words, "-exec"))
			return true;
	}
	return false;
}

size_t runner_words_go_test(char *const *argv, const char *environment)
{
	size_t at = *argv != NULL, before;

	at += option_words(argv + at, "-C");
	if (!argv[at] || !streq(argv[at], "test") || (environment && has_exec(environment)))
		return 0;
	at++;
	at += option_words(argv + at, "-C");
	before = at;
	for (; argv[at] && !option_words(argv + at, "-args"); at++)
		if (option_words(argv + at, "-exec"))
			return 0;
	return before;
}

/* -- Python ---------------------------------------------------------------------------------------- */

/* python3, python3.11, python3.13t, pypy3 */
static bool is_python(const char *program)
{
	const char *version = startswith(program, "python");

	version = version ? version : startswith(program, "pypy");
	return version && !version[strspn(version, ".0123456789t")];
}

/* python3 --help: short options can share a word; -W and -X take the rest of it, or the next word. */
bool runner_words_python_runs_file(char *const *argv)
{
	char *const *word = argv + 1;

	if (!is_python(base_name(argv[0])))
		return false;
	for (; *word && **word == '-' && (*word)[1]; word++) {
		const char *option = *word + 1;

		if (streq(option, "-check-hash-based-pycs") && word[1])
			word++;
		if (*option == '-')
			continue;
		option += strcspn(option, "cmWX");
		if (*option == 'c' || *option == 'm')
			return *option == 'm';
		if (*option && !option[1] && word[1])
			word++;
	}
	return *word && !streq(*word, "-");
}
