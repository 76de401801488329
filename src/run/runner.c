/* The test runner that a command is, or starts: what makes it tell of its tests, without changing the tests. */
#include "run/runner.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/util.h"
#include "run/runner_files.h"

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
	static const char *const names[] = {"make",   "gmake",     "ninja", "meson", "cmake",
					    "ctest",  "tox",       "nox",   "just",  "task",
					    "npm",    "npx",       "yarn",  "pnpm",  "rake",
					    "invoke", "act",       "tmt",   "prove", "bazel",
					    "scons",  "pre-commit"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(program, names[i]))
			return true;
	return false;
}

/* A program of the system's own, as opposed to one of the project, which may start anything. */
static bool is_installed(const char *path)
{
	static const char *const places[] = {"/bin/", "/sbin/", "/usr/", "/opt/",
					     "/nix/", "/gnu/",  "/snap/"};

	if (!strchr(path, '/'))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (startswith(path, places[i]))
			return true;
	return false;
}

unsigned runner_recognise(char *const *argv)
{
	unsigned found = 0;

	if (!is_installed(argv[0]))
		return ~0u;
	for (char *const *word = argv; *word; word++) {
		/* Not only the first: env, sudo, timeout, xvfb-run and the like have it behind them. */
		if (starts_anything(base_name(*word)))
			return ~0u;
		if (strstr(*word, "pytest") || strstr(*word, "py.test"))
			found |= 1u << RUNNER_PYTEST;
	}
	return found;
}

/* -- Preparing ------------------------------------------------------------------------------------- */

/* Takes assignment over. */
static void set(struct runner_setup *setup, char *assignment)
{
	setup->environment =
		xreallocarray(setup->environment, setup->environment_count + 2, sizeof(char *));
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
		set(setup, xasprintf("PYTHONPATH=%s/pytest%s%s", socket->dir,
				     old && *old ? ":" : "", old ? old : ""));
}

void runner_prepare(enum runner runner, char *const *argv, const struct span_socket *socket,
		    struct runner_setup *ret)
{
	unsigned wanted = runner == RUNNER_AUTO ? runner_recognise(argv) : 1u << runner;

	*ret = (struct runner_setup){0};
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
	*setup = (struct runner_setup){0};
}
