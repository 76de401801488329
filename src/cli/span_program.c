/* latwrap span --program=KIND: run a test program of go, cargo or nextest, with its tests */
#include "cli/span_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/span_run.h"
#include "runners/output_relay.h"

#define MODULE_BYTES 65536 /* the largest go.mod that is read */

const char *const program_kind_names[PROGRAM_KINDS] = {
	[PROGRAM_GO] = "go",
	[PROGRAM_CARGO] = "cargo",
};

struct program {
	char **command;
	char *name, *runner, *file; /* owned; file may be NULL */
	char *prefix; /* owned: prefix of the names of its tests */
	bool is_test, shows_tests;
	enum test_output_kind kind;
};

static const char *argument(char *const *command, const char *prefix)
{
	const char *value = NULL;

	for (char *const *word = command + 1; command[0] && *word; word++)
		if (startswith(*word, prefix))
			value = startswith(*word, prefix);
	return value;
}

/* -- Go -------------------------------------------------------------------------------------------- */

/* Returns the module that a go.mod names, or NULL: https://go.dev/ref/mod#go-mod-file-module */
static char *module_name(const char *directory)
{
	_cleanup_free_ char *path = xasprintf("%s/go.mod", directory), *text = NULL;
	size_t size;

	if (read_file(path, &text, &size) < 0 || size > MODULE_BYTES)
		return NULL;
	for (const char *line = text; *line; line += strcspn(line, "\n")) {
		const char *name;
		size_t length;

		line += strspn(line, " \t\r\n");
		name = startswith(line, "module");
		if (!name || !strchr(" \t", *name))
			continue;
		name += strspn(name, " \t\"");
		length = strcspn(name, " \t\r\n\"");
		return length ? xstrndup(name, length) : NULL;
	}
	return NULL;
}

/* cmd/go starts the program in the directory of its package, which is inside that of the module. */
static char *go_package(const char *program)
{
	char directory[PATH_MAX], *slash;
	size_t length = strlen(base_name(program)) - strlen(".test");
	_cleanup_free_ char *whole = NULL;

	if (!getcwd(directory, sizeof(directory)))
		return xstrndup(base_name(program), length);
	whole = xstrdup(directory);
	for (;;) {
		_cleanup_free_ char *module = module_name(directory);

		if (module)
			return xasprintf("%s%s", module, whole + strlen(directory));
		slash = strrchr(directory, '/');
		if (!slash || slash == directory)
			return xstrndup(base_name(program), length);
		*slash = '\0';
	}
}

static void recognize_go(struct program *program)
{
	const char *name = base_name(program->command[0]), *verbose;
	size_t length = strlen(name);

	if (length < 6 || !streq(name + length - 5, ".test") ||
	    !argument(program->command, "-test.") || argument(program->command, "-test.list="))
		return;
	verbose = argument(program->command, "-test.v");
	program->is_test = true;
	program->runner = xstrdup("go");
	program->name = go_package(program->command[0]);
	program->prefix = xasprintf("%s.", program->name);
	program->file = getcwd(NULL, 0);
	program->kind = TEST_OUTPUT_GO;
	program->shows_tests = verbose && !streq(verbose, "=false");
}

/*
 * Returns the program that cmd/go without -exec uses to run programs for another machine; NULL for
 * this machine.
 */
static char *go_emulator(void)
{
	static const char *const names[][2] = {{"x86_64", "amd64"},    {"aarch64", "arm64"},
					       {"i686", "386"},        {"armv7l", "arm"},
					       {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
					       {"riscv64", "riscv64"}};
	const char *os = getenv("GOOS"), *machine = getenv("GOARCH"), *own = "";
	struct utsname uts;

	if (uname(&uts) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (streq(uts.machine, names[i][0]))
				own = names[i][1];
	os = os && *os ? os : "linux";
	machine = machine && *machine ? machine : own;
	if (streq(os, "linux") && streq(machine, own))
		return NULL;
	return xasprintf("go_%s_%s_exec", os, machine);
}

static bool is_in_path(const char *name)
{
	_cleanup_free_ char *path = getenv("PATH") ? xstrdup(getenv("PATH")) : NULL;
	char *rest = NULL;

	for (char *one = path ? strtok_r(path, ":", &rest) : NULL; one;
	     one = strtok_r(NULL, ":", &rest)) {
		_cleanup_free_ char *file = xasprintf("%s/%s", one, name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* -- Rust ------------------------------------------------------------------------------------------ */

static bool has_word(char *const *command, const char *wanted)
{
	for (char *const *word = command + 1; *word; word++)
		if (streq(*word, wanted))
			return true;
	return false;
}

/* With more threads, the output does not show when a test begins. */
static bool has_one_thread(char *const *command)
{
	const char *threads = getenv("RUST_TEST_THREADS"), *given;

	for (char *const *word = command + 1; *word; word++)
		if (streq(*word, "--test-threads") && word[1])
			threads = word[1];
	given = argument(command, "--test-threads=");
	threads = given ? given : threads;
	return threads && streq(threads, "1");
}

/* https://nexte.st/docs/configuration/env-vars/ */
static bool recognize_nextest(struct program *program)
{
	const char *test = getenv("NEXTEST_TEST_NAME"), *binary = getenv("NEXTEST_BINARY_ID");

	if (!getenv("NEXTEST") || !has_word(program->command, "--exact"))
		return false;
	for (char *const *word = program->command + 1; *word && !test; word++)
		test = **word == '-' ? NULL : *word;
	if (!test)
		return false;
	program->runner = xstrdup("nextest");
	program->name = binary ? xasprintf("%s::%s", binary, test) : xstrdup(test);
	return true;
}

/*
 * Returns the length of NAME in "NAME-0123456789abcdef", the name that cargo gives to a test
 * program; 0 for other programs, as with cargo run.
 */
static size_t test_name_length(const char *name)
{
	const char *dash = strrchr(name, '-');

	return dash && strlen(dash + 1) == 16 && strspn(dash + 1, "0123456789abcdef") == 16
		       ? (size_t)(dash - name)
		       : 0;
}

static void recognize_cargo(struct program *program)
{
	const char *name = base_name(program->command[0]);
	size_t length = test_name_length(name);

	if (!length || has_word(program->command, "--list") || has_word(program->command, "--help"))
		return;
	program->is_test = true;
	program->file = xstrdup(program->command[0]);
	if (recognize_nextest(program))
		return;
	program->runner = xstrdup("cargo");
	program->name = xstrndup(name, length);
	program->prefix = xasprintf("%s::", program->name);
	program->kind = TEST_OUTPUT_LIBTEST;
	program->shows_tests = has_one_thread(program->command) &&
			       !has_word(program->command, "--quiet") &&
			       !has_word(program->command, "-q");
}

/* -- Running it ------------------------------------------------------------------------------------ */

static int run(const struct program *program, struct span_client *client)
{
	_cleanup_free_ char *id = span_client_new_id();
	const struct nested_options options = {.argv = program->command, .id = id};
	const struct span_output_spec spec = {program->kind, id, program->runner, program->prefix};
	const struct span_label label = {
		.name = program->name, .runner = program->runner, .file = program->file};
	struct span_output output = SPAN_OUTPUT_NONE;
	struct nested_result result;
	enum span_outcome outcome;

	span_client_send(client, span_begin_message(&label, id));
	/* Do not replace a terminal: tests may check for one. */
	if (program->shows_tests && !isatty(STDOUT_FILENO))
		span_output_start(&spec, &output);
	nested_run(&options, &result);
	span_output_finish(&output);
	outcome = !result.started || result.signal ? SPAN_ERROR
		  : result.status                  ? SPAN_FAILED
						   : SPAN_PASSED;
	span_client_send(client, span_end_message(id, &result, outcome));
	return result.status;
}

static char **prepend(char *first, char **command)
{
	size_t count = 0;
	char **longer;

	while (command[count])
		count++;
	longer = xcalloc(count + 2, sizeof(char *));
	longer[0] = first;
	memcpy(longer + 1, command, count * sizeof(char *));
	return longer;
}

int span_program(enum program_kind kind, char **command)
{
	struct program program = {.command = command};
	_cleanup_(span_client_close) struct span_client client;
	_cleanup_free_ char *emulator = NULL;
	_cleanup_free_ char **longer = NULL;
	int status, connected = span_client_open(&client);

	if (kind == PROGRAM_GO) {
		recognize_go(&program);
		emulator = go_emulator();
		if (emulator && is_in_path(emulator)) {
			longer = prepend(emulator, command);
			program.command = longer;
		}
	} else {
		recognize_cargo(&program);
	}
	if (connected < 0 || !program.is_test) {
		execvp(program.command[0], program.command);
		log_errno(errno, "cannot run '%s'", program.command[0]);
		return errno == ENOENT ? 127 : 126;
	}
	status = run(&program, &client);
	free(program.name);
	free(program.runner);
	free(program.file);
	free(program.prefix);
	return status;
}
