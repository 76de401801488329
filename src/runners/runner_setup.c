/* What the environment of a command needs for its test runners to find latwrap's wrappers. */
#include "runners/runner_setup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "runners/runner_files.h"

/* Takes assignment over. */
static void set(struct runner_setup *setup, char *assignment)
{
	setup->environment =
		xreallocarray(setup->environment, setup->environment_count + 2, sizeof(char *));
	setup->environment[setup->environment_count++] = assignment;
	setup->environment[setup->environment_count] = NULL;
}

/* Before what the caller has in a list of directories. */
static void prepend(struct runner_setup *setup, const char *variable, char *directory)
{
	const char *old = getenv(variable);

	set(setup,
	    xasprintf("%s=%s%s%s", variable, directory, old && *old ? ":" : "", old ? old : ""));
	free(directory);
}

static bool unpack(const struct span_socket *socket, const char *name)
{
	int r = runner_files_write(socket->directory.fd, name);

	if (r < 0)
		log_warning("cannot unpack the wrapper for %s: %s", name, strerror(-r));
	return r == 0;
}

/* Beside the wrappers, which look there for it: who cannot run it does without. */
static void link_program(const struct span_socket *socket)
{
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

	program[MAX(length, 0)] = '\0';
	if (length <= 0 || symlinkat(program, socket->directory.fd, "latwrap") < 0)
		log_warning("some test runners will not name their tests: cannot link to %s: %s",
			    program, strerror(errno));
}

/* Where the shells that expand some of these variables find nothing to expand. */
static bool is_plain(const char *path)
{
	return !path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "/._-+@%,")];
}

/* A directory with the plugin as an installed distribution: where PYTHONPATH does not reach, nothing breaks. */
static void prepare_pytest(struct runner_setup *setup, const struct span_socket *socket)
{
	if (unpack(socket, "pytest"))
		prepend(setup, "PYTHONPATH", xasprintf("%s/pytest", socket->directory.path));
}

/* Read by each bash that runs a script. If it is not there, bash says nothing. */
static void prepare_bats(struct runner_setup *setup, const struct span_socket *socket)
{
	const char *old = getenv("BASH_ENV");

	if (!is_plain(socket->directory.path) || !unpack(socket, "bats"))
		return;
	if (old && *old)
		set(setup, xasprintf("LATWRAP_BASH_ENV=%s", old));
	set(setup, xasprintf("BASH_ENV=%s/bats/env.bash", socket->directory.path));
}

/*
 * A Makefile made by automake puts it before each test's driver, unless it sets it itself. $$ is for make. Whoever
 * has it set already may have done so in any of the ways in which a shell can take it.
 */
static void prepare_automake(struct runner_setup *setup, const struct span_socket *socket)
{
	if (getenv("TESTS_ENVIRONMENT") || !is_plain(socket->directory.path) ||
	    !unpack(socket, "automake"))
		return;
	set(setup, xasprintf("TESTS_ENVIRONMENT=/bin/sh -c '"
			     "case $$1 in [A-Za-z_]*=*) set -- env \"$$@\";; esac; "
			     "test -x \"$$0\" && exec \"$$0\" \"$$@\"; exec \"$$@\"' "
			     "%s/automake/run",
			     socket->directory.path));
}

/* Programs in front of those of the same name, which they start. */
static void prepare_path(struct runner_setup *setup, const struct span_socket *socket)
{
	if (getenv("PATH") && unpack(socket, "path"))
		prepend(setup, "PATH", xasprintf("%s/path", socket->directory.path));
}

void runner_setup_prepare(struct runner_setup *setup, unsigned wanted,
			  const struct span_socket *socket)
{
	const unsigned by_path = 1u << RUNNER_PROVE | 1u << RUNNER_CTEST | 1u << RUNNER_MESON |
				 1u << RUNNER_GO | 1u << RUNNER_CARGO | 1u << RUNNER_NODE;

	set(setup, xasprintf("LATWRAP_SOCKET=%s", socket->path));
	link_program(socket);
	if (wanted & 1u << RUNNER_PYTEST)
		prepare_pytest(setup, socket);
	if (wanted & 1u << RUNNER_BATS)
		prepare_bats(setup, socket);
	if (wanted & 1u << RUNNER_AUTOMAKE)
		prepare_automake(setup, socket);
	if (wanted & by_path)
		prepare_path(setup, socket);
	if (wanted & 1u << RUNNER_PROVE)
		unpack(socket, "prove");
	if (wanted & 1u << RUNNER_NODE)
		unpack(socket, "node");
}

void runner_setup_done(struct runner_setup *setup)
{
	for (size_t i = 0; i < setup->environment_count; i++)
		free(setup->environment[i]);
	free(setup->environment);
	*setup = (struct runner_setup){0};
}
