/* Set the environment variables by which test runners find the wrappers of latwrap */
#include "runners/runner_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/quote.h"
#include "base/util.h"
#include "runners/runner_files.h"
#include "system/search_path.h"

#define MAVEN_EXTENSION  "maven.ext.class.path"
#define JVM_CONFIG_BYTES (1 << 20)

struct runner_wish {
	unsigned runners; /* 1 << RUNNER_...: the runners that the command may start */
	enum runner explicitly; /* the value of --runner */
	const char *program; /* the first word of the command */
	uid_t uid; /* of the user that the command runs as; (uid_t)-1: the caller */
};

/* Takes ownership of assignment. */
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

/*
 * Puts directory first in the list old, unless the list has it: a leftover of a run may start
 * latwrap.
 */
static char *prepend(const char *directory, const char *old)
{
	if (has_element(old, directory))
		return xstrdup(old);
	return xasprintf("%s%s%s", directory, *old ? ":" : "", old);
}

/*
 * The directory holds the plugin of pytest as an installed distribution, and a sitecustomize for
 * unittest. If PYTHONPATH is not used, nothing breaks.
 */
static void prepare_python(struct runner_setup *setup, const char *wrappers)
{
	const char *old = getenv("PYTHONPATH");
	_cleanup_free_ char *directory = xasprintf("%s/python", wrappers);
	_cleanup_free_ char *list = prepend(directory, old ? old : "");

	set(setup, xasprintf("PYTHONPATH=%s", list));
}

/* RSpec reads options from SPEC_OPTS, besides those of its command line and its files. */
static void prepare_rspec(struct runner_setup *setup, const char *wrappers)
{
	const char *old = getenv("SPEC_OPTS");
	_cleanup_free_ char *option = xasprintf("--require=%s/ruby/latwrap_rspec.rb", wrappers);

	if (is_plain_path(wrappers) && !(old && strstr(old, option)))
		set(setup,
		    xasprintf("SPEC_OPTS=%s%s%s", option, old && *old ? " " : "", old ? old : ""));
}

/* minitest loads the plugins that it finds below the directories of RUBYLIB. */
static void prepare_minitest(struct runner_setup *setup, const char *wrappers)
{
	const char *old = getenv("RUBYLIB");
	_cleanup_free_ char *directory = xasprintf("%s/ruby", wrappers);
	_cleanup_free_ char *list = prepend(directory, old ? old : "");

	set(setup, xasprintf("RUBYLIB=%s", list));
}

static bool file_has_extension(const char *path)
{
	_cleanup_free_ char *text = NULL;
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       status.st_size <= JVM_CONFIG_BYTES && read_file(path, &text, NULL) == 0 &&
	       strstr(text, MAVEN_EXTENSION);
}

/* The first directory upwards that has .mvn is the project's, for mvn too. */
static bool project_has_extension(void)
{
	_cleanup_free_ char *directory = getcwd(NULL, 0);

	while (directory && *directory == '/') {
		_cleanup_free_ char *place = xasprintf("%s/.mvn", directory);
		_cleanup_free_ char *file = xasprintf("%s/jvm.config", place);

		if (access(place, F_OK) == 0)
			return file_has_extension(file);
		*strrchr(directory, '/') = '\0';
	}
	return false;
}

/* An option of ours in MAVEN_OPTS would replace one in the others: mvn gives it to Java after them. */
static bool user_has_extension(void)
{
	static const char *const names[] = {"MAVEN_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *options = getenv(names[i]);

		if (options && strstr(options, MAVEN_EXTENSION))
			return true;
	}
	return project_has_extension();
}

/* Maven gets a core extension, which adds listeners to the class path of the tests. */
static void prepare_maven(struct runner_setup *setup, const struct runner_wish *wish,
			  const char *wrappers)
{
	const char *old = getenv("MAVEN_OPTS"), *complaint = NULL;
	_cleanup_free_ char *extension = xasprintf("%s/java/maven", wrappers);

	if (old && strstr(old, extension))
		return;
	if (access(extension, F_OK) < 0)
		complaint = "latwrap was built without javac";
	else if (user_has_extension())
		complaint = MAVEN_EXTENSION " is set already";
	if (complaint && wish->runners == 1u << RUNNER_MAVEN)
		log_warning("tests of Maven will have no names: %s", complaint);
	/* MavenExtension.java knows by the blank that the variable was set. */
	if (!complaint && is_plain_path(wrappers))
		set(setup, xasprintf("MAVEN_OPTS=-D" MAVEN_EXTENSION "=%s%s%s", extension,
				     old ? " " : "", old ? old : ""));
}

/*
 * Each bash that runs a script reads BASH_ENV. The shell that runs a test restores the old value.
 */
static void prepare_bats(struct runner_setup *setup, const char *wrappers)
{
	const char *old = getenv("BASH_ENV");

	if (!is_plain_path(wrappers))
		return;
	if (old)
		set(setup, xasprintf("LATWRAP_BASH_ENV=%s", old));
	set(setup, xasprintf("BASH_ENV=%s/bats/env.bash", wrappers));
}

/*
 * A Makefile of automake puts TESTS_ENVIRONMENT before the driver of each test, unless the Makefile
 * sets this variable itself. $$ is a $ for make. If the caller has set the variable, do nothing:
 * the old value can be any shell text.
 */
static void prepare_automake(struct runner_setup *setup, const char *wrappers)
{
	if (getenv("TESTS_ENVIRONMENT") || !is_plain_path(wrappers))
		return;
	set(setup, xasprintf("TESTS_ENVIRONMENT=/bin/sh -c '"
			     "case $$1 in [A-Za-z_]*=*) set -- env \"$$@\";; esac; "
			     "test -x \"$$0\" && exec \"$$0\" \"$$@\"; exec \"$$@\"' "
			     "%s/automake/run",
			     wrappers));
}

/* -- Programs in front of those of the same name --------------------------------------------------- */

/*
 * Returns whether the user of the command finds the program in PATH: a shim must not make a program
 * appear that does not exist without latwrap.
 */
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

/*
 * Runners in languages without datagram sockets find the program beside the socket (docs/spans.md).
 */
static void link_program(const struct span_socket *socket, const char *wrappers)
{
	_cleanup_free_ char *program = xasprintf("%s/latwrap", wrappers);

	if (symlinkat(program, socket->directory.fd, "latwrap") < 0)
		log_warning("tests of JUnit will have no names: cannot link to '%s': %s", program,
			    strerror(errno));
}

static void prepare_all(struct runner_setup *setup, const struct runner_wish *wish,
			const struct runner_files *files)
{
	bool is_bats_by_path = strchr(wish->program, '/') &&
			       streq(base_name(wish->program), "bats");

	if (wish->runners & (1u << RUNNER_PYTEST | 1u << RUNNER_UNITTEST))
		prepare_python(setup, files->path);
	if (wish->runners & 1u << RUNNER_RSPEC)
		prepare_rspec(setup, files->path);
	if (wish->runners & 1u << RUNNER_MINITEST)
		prepare_minitest(setup, files->path);
	if (!files->is_executable)
		return;
	if (wish->runners & 1u << RUNNER_MAVEN)
		prepare_maven(setup, wish, files->path);
	/* Set this only on request: it would override what a Makefile sets with ?=. */
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
	log_warning("tests of %s will have no names: no directory for the wrappers of latwrap that "
		    "only %s can write to: %s",
		    names, geteuid() == 0 ? "root" : "you", complaint);
}

static void prepare(struct runner_setup *setup, const struct runner_wish *wish,
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

void runner_prepare(enum runner runner, char *const *argv, uid_t uid,
		    const struct span_socket *socket, struct runner_setup *ret)
{
	struct runner_wish wish = {
		.runners = runner == RUNNER_AUTO ? runner_recognise(argv) : 1u << runner,
		.explicitly = runner,
		.program = argv[0],
		.uid = uid,
	};

	/* phpunit is a script for php. */
	if (wish.runners & 1u << RUNNER_PHPUNIT)
		wish.runners |= 1u << RUNNER_PHP;
	*ret = (struct runner_setup){0};
	if (socket->fd >= 0)
		prepare(ret, &wish, socket);
}

void runner_setup_done(struct runner_setup *setup)
{
	for (size_t i = 0; i < setup->environment_count; i++)
		free(setup->environment[i]);
	free(setup->environment);
	*setup = (struct runner_setup){0};
}
