/* The test runner that a command is, or starts: what makes it tell of its tests, without changing the tests. */
#include "run/runner.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/runner_files.h"

#define SCRIPT_BYTES 65536

const char *const runner_names[RUNNERS + 1] = {
	[RUNNER_AUTO] = "auto",
	[RUNNER_NONE] = "none",
	[RUNNER_PYTEST] = "pytest",
};

/* -- Recognising ----------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Tools that start what a project's own files say. */
static bool starts_anything(const char *program)
{
	static const char *const names[] = { "make", "gmake", "ninja", "meson", "cmake", "ctest",    "tox",  "nox",
					     "just", "task",  "npm",   "npx",	"yarn",	 "pnpm",     "rake", "invoke",
					     "act",  "tmt",   "prove", "bazel", "scons", "pre-commit" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(program, names[i]))
			return true;
	return false;
}

/* A word of the command line, or a line of a script, that names the runner. */
static unsigned mentions(const char *text)
{
	unsigned found = 0;

	if (strstr(text, "pytest") || strstr(text, "py.test"))
		found |= 1u << RUNNER_PYTEST;
	for (const char *word = text; *word; word += strspn(word, " \t\n;&|(\"'")) {
		size_t length = strcspn(word, " \t\n;&|(\"'");
		_cleanup_free_ char *program = xstrndup(word, length);

		if (starts_anything(base_name(program)))
			return ~0u;
		word += length;
	}
	return found;
}

/* The beginning of the file, if it is text that an interpreter reads. */
static char *read_script(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *text = xmalloc(SCRIPT_BYTES + 1);
	ssize_t n = fd < 0 ? -1 : read(fd, text, SCRIPT_BYTES);

	if (n < 2 || text[0] != '#' || text[1] != '!')
		return NULL;
	text[n] = '\0';
	return steal_ptr(text);
}

unsigned runner_recognise(char *const *argv)
{
	_cleanup_free_ char *script = strchr(argv[0], '/') ? read_script(argv[0]) : NULL;
	unsigned found = starts_anything(base_name(argv[0])) ? ~0u : 0;

	if (script)
		found |= mentions(script);
	for (char *const *word = argv; *word; word++)
		found |= mentions(*word);
	return found;
}

/* -- Preparing ------------------------------------------------------------------------------------- */

/* Takes assignment over. */
static void set(struct runner_setup *setup, char *assignment)
{
	setup->environment = xreallocarray(setup->environment, setup->environment_count + 2, sizeof(char *));
	setup->environment[setup->environment_count++] = assignment;
	setup->environment[setup->environment_count] = NULL;
}

static bool unpack(const struct span_socket *socket, const char *name)
{
	int r = runner_files_write(socket->dir, name);

	if (r < 0)
		log_warning("cannot unpack the wrapper for %s: %s", name, strerror(-r));
	return r == 0;
}

/* A directory with the plugin as an installed distribution: where PYTHONPATH does not reach, nothing breaks. */
static void prepare_pytest(const struct span_socket *socket, struct runner_setup *setup)
{
	const char *old = getenv("PYTHONPATH");

	if (unpack(socket, "pytest"))
		set(setup, xasprintf("PYTHONPATH=%s/pytest%s%s", socket->dir, old && *old ? ":" : "",
				     old ? old : ""));
}

void runner_prepare(enum runner runner, char *const *argv, const struct span_socket *socket,
		    struct runner_setup *ret)
{
	unsigned wanted = runner == RUNNER_AUTO ? runner_recognise(argv) : 1u << runner;

	*ret = (struct runner_setup){ 0 };
	if (socket->fd < 0)
		return;
	set(ret, xasprintf("LATWRAP_SOCKET=%s", socket->path));
	if (wanted & 1u << RUNNER_PYTEST)
		prepare_pytest(socket, ret);
}

void runner_setup_done(struct runner_setup *setup)
{
	for (size_t i = 0; i < setup->environment_count; i++)
		free(setup->environment[i]);
	free(setup->environment);
	*setup = (struct runner_setup){ 0 };
}
