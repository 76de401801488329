/* latwrap called as bats, go, ctest or another runner: start the real program with a wrapper */
#include "cli/shim.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/util.h"
#include "cli/plan_run.h"
#include "runners/runner.h"
#include "runners/runner_words.h"
#include "runners/span_client.h"
#include "system/search_path.h"

#define OUTPUT_BYTES      65536
#define INTERPRETER_BYTES 256 /* Linux reads no more of a script */

struct shim {
	const char *tool;
	enum runner runner;
	char **argv;
	char *wrappers; /* owned: the directory that has path/TOOL/TOOL */
	char *real; /* owned: the next program of this name in PATH */
	struct stat own;
};

/* -- Recognising the shim ---------------------------------------------------------------------- */

/*
 * Returns the path of this program, whatever its argv[0] is and whatever link leads to it; the
 * caller frees it.
 */
static char *own_path(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		return NULL;
	path[length] = '\0';
	return xstrdup(path);
}

/* Cuts the last component off path and returns it; NULL if there is no slash. */
static char *take_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* Our path is WRAPPERS/path/TOOL/TOOL, followed by " (deleted)" if the wrappers were removed. */
static bool recognise(struct shim *shim)
{
	_cleanup_free_ char *path = own_path();
	const char *name = path ? take_last(path) : NULL, *tool = name ? take_last(path) : NULL,
		   *kind = tool ? take_last(path) : NULL;

	if (!kind || !streq(kind, "path"))
		return false;
	for (shim->runner = 0; shim->runner < RUNNERS; shim->runner++) {
		shim->tool = runner_names[shim->runner];
		if (RUNNER_SHIMS & 1u << shim->runner && streq(tool, shim->tool) &&
		    startswith(name, shim->tool))
			break;
	}
	if (shim->runner == RUNNERS)
		return false;
	shim->wrappers = steal_ptr(path);
	return true;
}

/* -- Finding the real program ------------------------------------------------------------------ */

/* Rejects shims of any version of latwrap, even if reached through a link. */
static bool is_real(const struct shim *shim, const char *path)
{
	struct stat st;
	const char *slash = strrchr(shim->wrappers, '/');
	size_t length = slash ? (size_t)(slash + 1 - shim->wrappers) : 0;

	if (length > 1 && strncmp(path, shim->wrappers, length) == 0)
		return false;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0 &&
	       (st.st_dev != shim->own.st_dev || st.st_ino != shim->own.st_ino);
}

static void find_real(struct shim *shim)
{
	char **paths = search_path(shim->tool, getenv("PATH"));

	stat("/proc/self/exe", &shim->own);
	for (char **path = paths; *path && !shim->real; path++)
		if (is_real(shim, *path))
			/* With a slash, execvp(3) does not search PATH again. */
			shim->real = strchr(*path, '/') ? xstrdup(*path) : xasprintf("./%s", *path);
	search_path_free(paths);
}

/*
 * If a build tree stored our path and called us by it, argv[0] must be the path of the real
 * program.
 */
static void correct_first_word(const struct shim *shim)
{
	_cleanup_free_ char *own =
		xasprintf("%s/path/%s/%s", shim->wrappers, shim->tool, shim->tool);

	if (streq(shim->argv[0], own))
		shim->argv[0] = shim->real;
}

/* Removes our directory from PATH, for a program that finds itself there by its argv[0]. */
static void leave_path(const struct shim *shim)
{
	_cleanup_free_ char *own = xasprintf("%s/path/%s", shim->wrappers, shim->tool);
	_cleanup_free_ char *list = getenv("PATH") ? xstrdup(getenv("PATH")) : NULL;
	char *out = list;

	for (const char *at = list; at;) {
		size_t length = strcspn(at, ":");
		const char *next = at[length] ? at + length + 1 : NULL;

		if (length != strlen(own) || strncmp(at, own, length) != 0) {
			if (out != list)
				*out++ = ':';
			memmove(out, at, length);
			out += length;
		}
		at = next;
	}
	if (!list)
		return;
	*out = '\0';
	setenv("PATH", list, 1);
}

static int run_real(const struct shim *shim, char *const *argv)
{
	execvp(shim->real, argv);
	fprintf(stderr, "%s: %s\n", shim->tool, strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* -- Arguments and environment ----------------------------------------------------------------- */

/*
 * Returns a copy of argv with word inserted before argv[at], which may be the final NULL. The
 * strings are not copied.
 */
static char **with_word(char *const *argv, size_t at, char *word)
{
	size_t count = 0;
	char **longer;

	while (argv[count])
		count++;
	longer = xcalloc(count + 2, sizeof(char *));
	memcpy(longer, argv, at * sizeof(char *));
	longer[at] = word;
	memcpy(longer + at + 1, argv + at, (count - at) * sizeof(char *));
	return longer;
}

/* Sets the variable to both values; the one that it had may be NULL or empty. */
static void set_joined(const char *name, const char *one, const char *separator, const char *other)
{
	bool is_both = one && *one && other && *other;
	_cleanup_free_ char *value =
		xasprintf("%s%s%s", one ? one : "", is_both ? separator : "", other ? other : "");

	setenv(name, value, 1);
}

/* Returns what the program writes to standard output, or NULL; nobody sees its errors. */
static char *output_of(const char *program, char *const *argv)
{
	_cleanup_free_ char *text = xcalloc(1, OUTPUT_BYTES);
	size_t size = 0;
	int channel[2];
	ssize_t n = 1;
	pid_t pid;

	if (pipe(channel) < 0)
		return NULL;
	pid = fork();
	if (pid == 0) {
		dup2(channel[1], STDOUT_FILENO);
		close(channel[0]);
		close(channel[1]);
		close(STDERR_FILENO);
		execvp(program, argv);
		_exit(127);
	}
	close(channel[1]);
	while (pid > 0 && n && size < OUTPUT_BYTES - 1) {
		n = read(channel[0], text + size, OUTPUT_BYTES - 1 - size);
		size += (size_t)MAX(n, 0);
		n = n < 0 && errno != EINTR ? 0 : n;
	}
	close(channel[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return steal_ptr(text);
}

static int run_bats(const struct shim *shim)
{
	_cleanup_free_ char *hook = xasprintf("%s/bats/env.bash", shim->wrappers);
	const char *old = getenv("BASH_ENV");

	if (is_plain_path(hook) && !(old && streq(old, hook))) {
		if (old)
			setenv("LATWRAP_BASH_ENV", old, 1);
		setenv("BASH_ENV", hook, 1);
	}
	return run_real(shim, shim->argv);
}

static int run_prove(const struct shim *shim)
{
	_cleanup_free_ char *plugin = xasprintf("%s/prove", shim->wrappers);
	_cleanup_free_ char **argv = with_word(shim->argv, 1, (char *)"-PLatwrap");

	set_joined("PERL5LIB", plugin, ":", getenv("PERL5LIB"));
	return run_real(shim, argv);
}

static int run_node(const struct shim *shim)
{
	_cleanup_free_ char *option = xasprintf("--require=%s/node/latwrap.cjs", shim->wrappers);

	/* Last: what is preloaded before may change where packages are found. */
	if (runner_words_node_tests(shim->argv) && is_plain_path(shim->wrappers))
		set_joined("NODE_OPTIONS", getenv("NODE_OPTIONS"), " ", option);
	return run_real(shim, shim->argv);
}

/* -- PHP ------------------------------------------------------------------------------------------- */

/* The program that runs the script, and its argument or NULL: those of its first line, or php */
static void read_interpreter(const char *script, char line[INTERPRETER_BYTES], char *words[2])
{
	FILE *file = fopen(script, "re");
	bool is_read = file && fgets(line, INTERPRETER_BYTES, file);
	char *save;

	if (file)
		fclose(file);
	words[0] = (char *)"php";
	words[1] = NULL;
	/* What is not PHP starts it somehow. */
	if (!is_read || !startswith(line, "#!") || !strstr(line, "php"))
		return;
	words[0] = strtok_r(line + 2, " \t\r\n", &save);
	words[1] = strtok_r(NULL, "\r\n", &save);
	if (words[1])
		words[1] += strspn(words[1], " \t");
}

/*
 * open_basedir can forbid PHP to read our file, and then PHP does not start. Only PHP knows: its
 * options and several files of configuration may set it.
 */
static bool can_php_read(const struct shim *shim, const char *file, size_t option_words)
{
	_cleanup_free_ char *code = xasprintf("echo @is_readable('%s') ? 'can read' : '';", file);
	_cleanup_free_ char **argv = xcalloc(option_words + 7, sizeof(char *));
	char *const question[] = {(char *)"-d", (char *)"xdebug.mode=off", (char *)"-r", code};
	_cleanup_free_ char *answer = NULL;
	char line[INTERPRETER_BYTES];
	char *words[2];
	size_t count = option_words;

	if (option_words) {
		memcpy(argv, shim->argv, option_words * sizeof(char *));
	} else {
		read_interpreter(shim->real, line, words);
		argv[count++] = words[0];
		if (words[1])
			argv[count++] = words[1];
	}
	memcpy(argv + count, question, sizeof(question));
	answer = output_of(option_words ? shim->real : argv[0], argv);
	return answer && strstr(answer, "can read");
}

/*
 * PHP reads the directories of PHP_INI_SCAN_DIR after its own one, which an empty name means. The
 * variable stays for what PHPUnit's program starts before PHPUnit itself begins.
 */
static void set_scan_directory(const struct shim *shim, size_t option_words)
{
	_cleanup_free_ char *directory = xasprintf("%s/php/ini", shim->wrappers);
	_cleanup_free_ char *file = xasprintf("%s/php/phpunit.php", shim->wrappers);
	const char *old = getenv("PHP_INI_SCAN_DIR");
	_cleanup_free_ char *list =
		xasprintf("%s%s%s", old ? old : "", old && !*old ? "" : ":", directory);

	if (getenv("LATWRAP_PHPUNIT") || !is_plain_path(shim->wrappers) ||
	    !can_php_read(shim, file, option_words))
		return;
	setenv("PHP_INI_SCAN_DIR", list, 1);
	setenv("LATWRAP_PHPUNIT", file, 1);
}

static int run_php(const struct shim *shim)
{
	size_t option_words = runner_words_php_script(shim->argv);

	if (shim->runner == RUNNER_PHPUNIT)
		set_scan_directory(shim, 0);
	else if (option_words)
		set_scan_directory(shim, option_words);
	return run_real(shim, shim->argv);
}

/* -- go -------------------------------------------------------------------------------------------- */

/*
 * Returns the output of "go env GOFLAGS", which includes what "go env -w" stored. NULL if there is
 * none.
 */
static char *go_flags(const struct shim *shim)
{
	char *const argv[] = {shim->argv[0], (char *)"env", (char *)"GOFLAGS", NULL};

	return output_of(shim->real, argv);
}

static int run_go(const struct shim *shim)
{
	_cleanup_free_ char *option =
		xasprintf("-exec=%s/latwrap span --program=go", shim->wrappers);
	_cleanup_free_ char **argv = NULL;
	_cleanup_free_ char *flags = NULL;
	size_t at = is_plain_path(shim->wrappers) ? runner_words_go_test(shim->argv, NULL) : 0;

	if (at) {
		flags = go_flags(shim);
		at = runner_words_go_test(shim->argv, flags);
	}
	if (!at)
		return run_real(shim, shim->argv);
	argv = with_word(shim->argv, at, option);
	return run_real(shim, argv);
}

/* -- cargo ----------------------------------------------------------------------------------------- */

static bool speaks_of_runner(const char *directory, const char *name)
{
	static const char *const endings[] = {"", ".toml"};

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s%s", directory, name, endings[i]);
		_cleanup_free_ char *text = NULL;

		if (read_file(path, &text, NULL) == 0 && strstr(text, "runner"))
			return true;
	}
	return false;
}

/*
 * Returns whether the project has a runner of its own, which must stay the only one:
 * https://doc.rust-lang.org/cargo/reference/config.html
 */
static bool has_runner(char *const *argv)
{
	const char *home = getenv("HOME"), *own = getenv("CARGO_HOME");
	_cleanup_free_ char *cargo_home = own ? xstrdup(own)
					      : xasprintf("%s/.cargo", home ? home : "");
	_cleanup_free_ char *directory = getcwd(NULL, 0);

	for (; *argv && !streq(*argv, "--"); argv++)
		if (strstr(*argv, "runner"))
			return true;
	if (speaks_of_runner(cargo_home, "config"))
		return true;
	while (directory) {
		if (speaks_of_runner(directory, ".cargo/config"))
			return true;
		if (!take_last(directory))
			break;
	}
	return false;
}

static void set_runner(const struct shim *shim)
{
	static const char *const libraries[] = {"GNU", "MUSL"};
	_cleanup_free_ char *runner = xasprintf("%s/latwrap span --program=cargo", shim->wrappers);
	struct utsname machine;

	if (uname(&machine) < 0)
		return;
	for (char *c = machine.machine; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		_cleanup_free_ char *name = xasprintf("CARGO_TARGET_%s_UNKNOWN_LINUX_%s_RUNNER",
						      machine.machine, libraries[i]);
		const char *of_user = getenv(name);

		if (!of_user || !*of_user)
			setenv(name, runner, 1);
	}
}

static int run_cargo(const struct shim *shim)
{
	if (runner_words_cargo_tests(shim->argv) && is_plain_path(shim->wrappers) &&
	    !has_runner(shim->argv))
		set_runner(shim);
	return run_real(shim, shim->argv);
}

/* -- All of it ------------------------------------------------------------------------------------- */

static int run_measured(const struct shim *shim, struct span_client *client)
{
	switch (shim->runner) {
	case RUNNER_BATS:
		return run_bats(shim);
	case RUNNER_CARGO:
		return run_cargo(shim);
	case RUNNER_CTEST:
		return plan_run(PLAN_CTEST, shim->real, shim->argv, client);
	case RUNNER_GO:
		return run_go(shim);
	case RUNNER_MESON:
		return plan_run(PLAN_MESON, shim->real, shim->argv, client);
	case RUNNER_NODE:
		return run_node(shim);
	case RUNNER_PHP:
	case RUNNER_PHPUNIT:
		return run_php(shim);
	case RUNNER_PROVE:
		return run_prove(shim);
	default:
		return run_real(shim, shim->argv);
	}
}

int shim(char **argv)
{
	struct shim self = {.argv = argv};
	_cleanup_(span_client_close) struct span_client client = SPAN_CLIENT_NONE;
	int status = 127;

	if (!recognise(&self))
		return -1;
	find_real(&self);
	if (!self.real) {
		fprintf(stderr, "%s: not found\n", self.tool);
	} else {
		correct_first_word(&self);
		if (self.runner == RUNNER_CTEST)
			leave_path(&self);
		status = span_client_open(&client) < 0 ? run_real(&self, argv)
						       : run_measured(&self, &client);
	}
	free(self.wrappers);
	free(self.real);
	return status;
}
