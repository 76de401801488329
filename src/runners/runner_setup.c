/* What the environment of a command needs for its test runners to find latwrap's wrappers. */
#include "runners/runner_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "runners/runner_files.h"
#include "system/search_path.h"

/* Takes assignment over. */
static void set(struct runner_setup *setup, char *assignment)
{
	setup->environment =
		xreallocarray(setup->environment, setup->environment_count + 2, sizeof(char *));
	setup->environment[setup->environment_count++] = assignment;
	setup->environment[setup->environment_count] = NULL;
}

static bool has_element(const char *list, const char *directory)
{
	size_t length = strlen(directory);

	for (const char *at = list; at; at = strchr(at, ':')) {
		at += *at == ':';
		if (strncmp(at, directory, length) == 0 && strchr(":", at[length]))
			return true;
	}
	return false;
}

/* In front of the list of directories old, if it is not in there: a latwrap may be started by what a run left behind. */
static char *prepend(const char *directory, const char *old)
{
	if (has_element(old, directory))
		return xstrdup(old);
	return xasprintf("%s%s%s", directory, *old ? ":" : "", old);
}

/* Where the shells that expand some of these variables find nothing to expand. */
static bool is_plain(const char *path)
{
	return !path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "/._-+@%,")];
}

/* A directory with the plugin as an installed distribution: where PYTHONPATH does not reach, nothing breaks. */
static void prepare_pytest(struct runner_setup *setup, const char *wrappers)
{
	const char *old = getenv("PYTHONPATH");
	_cleanup_free_ char *directory = xasprintf("%s/pytest", wrappers);
	_cleanup_free_ char *list = prepend(directory, old ? old : "");

	set(setup, xasprintf("PYTHONPATH=%s", list));
}

/* Read by each bash that runs a script, until the shell in which a test runs gives back the old one. */
static void prepare_bats(struct runner_setup *setup, const char *wrappers)
{
	const char *old = getenv("BASH_ENV");

	if (!is_plain(wrappers))
		return;
	if (old)
		set(setup, xasprintf("LATWRAP_BASH_ENV=%s", old));
	set(setup, xasprintf("BASH_ENV=%s/bats/env.bash", wrappers));
}

/*
 * A Makefile made by automake puts it before each test's driver, unless it sets it itself. $$ is for make. Whoever
 * has it set already may have done so in any of the ways in which a shell can take it.
 */
static void prepare_automake(struct runner_setup *setup, const char *wrappers)
{
	if (getenv("TESTS_ENVIRONMENT") || !is_plain(wrappers))
		return;
	set(setup, xasprintf("TESTS_ENVIRONMENT=/bin/sh -c '"
			     "case $$1 in [A-Za-z_]*=*) set -- env \"$$@\";; esac; "
			     "test -x \"$$0\" && exec \"$$0\" \"$$@\"; exec \"$$@\"' "
			     "%s/automake/run",
			     wrappers));
}

/* -- Programs in front of those of the same name --------------------------------------------------- */

/* Whether the command's user would find it: a name must not appear in PATH that is not there without us. */
static bool is_in_path(const char *name, uid_t uid)
{
	char **paths = search_path(name, getenv("PATH"));
	bool is_other = uid != (uid_t)-1 && geteuid() == 0, found = false;
	uid_t old_uid = is_other ? (uid_t)setfsuid(uid) : 0;

	for (char **path = paths; *path && !found; path++)
		found = faccessat(AT_FDCWD, *path, X_OK, AT_EACCESS) == 0;
	if (is_other)
		setfsuid(old_uid);
	search_path_free(paths);
	return found;
}

static void prepare_path(struct runner_setup *setup, const struct runner_wish *wish,
			 const char *wrappers)
{
	const char *old = getenv("PATH");
	_cleanup_free_ char *list = old && *old ? xstrdup(old) : NULL;

	for (enum runner runner = RUNNERS; list && runner-- > 0;) {
		_cleanup_free_ char *directory = NULL, *shorter = NULL;

		if (!(wish->runners & RUNNER_SHIMS & 1u << runner) ||
		    !is_in_path(runner_names[runner], wish->uid))
			continue;
		directory = xasprintf("%s/path/%s", wrappers, runner_names[runner]);
		shorter = list;
		list = prepend(directory, shorter);
	}
	if (list && !streq(list, old))
		set(setup, xasprintf("PATH=%s", list));
}

/* -- All of it ------------------------------------------------------------------------------------- */

/* Beside the socket it is found by runners in languages without datagram sockets (docs/spans.md). */
static void link_program(const struct span_socket *socket, const char *wrappers)
{
	_cleanup_free_ char *program = xasprintf("%s/latwrap", wrappers);

	if (symlinkat(program, socket->directory.fd, "latwrap") < 0)
		log_warning("tests of JUnit will not be named: cannot link to '%s': %s", program,
			    strerror(errno));
}

static void prepare_all(struct runner_setup *setup, const struct runner_wish *wish,
			const struct runner_files *files)
{
	bool is_bats_by_path = strchr(wish->program, '/') &&
			       streq(base_name(wish->program), "bats");

	if (wish->runners & 1u << RUNNER_PYTEST)
		prepare_pytest(setup, files->path);
	if (!files->is_executable)
		return;
	/* It would take the place of what a Makefile sets with ?=, so for all commands it is not set. */
	if (wish->explicitly == RUNNER_AUTOMAKE)
		prepare_automake(setup, files->path);
	if (wish->explicitly == RUNNER_BATS ||
	    (wish->runners & 1u << RUNNER_BATS && is_bats_by_path))
		prepare_bats(setup, files->path);
	prepare_path(setup, wish, files->path);
}

static void complain(const struct runner_wish *wish, const char *complaint)
{
	_cleanup_free_ char *names = xstrdup("test runners");
	unsigned only = wish->runners & ~(1u << RUNNER_AUTO | 1u << RUNNER_NONE);

	if (!only)
		return;
	if (!(only & (only - 1))) {
		free(names);
		names = xstrdup(runner_names[__builtin_ctz(only)]);
	}
	log_warning("tests of %s will not be named: no directory for latwrap's wrappers that only "
		    "%s can write to: %s",
		    names, geteuid() == 0 ? "root" : "you", complaint);
}

void runner_setup_prepare(struct runner_setup *setup, const struct runner_wish *wish,
			  const struct span_socket *socket)
{
	_cleanup_(runner_files_done) struct runner_files files;
	_cleanup_free_ char *complaint = NULL;
	int r = runner_files_make(&files, &complaint);

	set(setup, xasprintf("LATWRAP_SOCKET=%s", socket->path));
	if (complaint)
		complain(wish, complaint);
	if (r < 0)
		return;
	if (files.is_executable)
		link_program(socket, files.path);
	prepare_all(setup, wish, &files);
}

void runner_setup_done(struct runner_setup *setup)
{
	for (size_t i = 0; i < setup->environment_count; i++)
		free(setup->environment[i]);
	free(setup->environment);
	*setup = (struct runner_setup){0};
}
