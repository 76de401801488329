/* Hand the environment that test runners need to the later steps of a job */
#include "cli/job_export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/quote.h"
#include "base/util.h"
#include "cli/output.h"
#include "runners/runner_setup.h"

/*
 * Lists that get elements in front. A later step may have other elements than the caller, whom sudo
 * may have given an environment of its own: where that is possible, only the new ones are exported.
 */
static const struct {
	const char *name;
	char separator;
} lists[] = {{"PATH", ':'}, {"PYTHONPATH", ':'}, {"RUBYLIB", ':'}, {"SPEC_OPTS", ' '}};

struct assignment {
	char *name, *value; /* owned */
	char separator; /* value goes in front of a list; 0: it is the whole value */
};

static void assignment_done(struct assignment *assignment)
{
	free(assignment->name);
	free(assignment->value);
}

/* Returns false if the caller has the value already. */
static bool split(const char *text, struct assignment *ret)
{
	const char *equals = strchr(text, '=');
	const char *old;
	size_t length, old_length;

	*ret = (struct assignment){xstrndup(text, (size_t)(equals - text)), xstrdup(equals + 1), 0};
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (streq(lists[i].name, ret->name))
			ret->separator = lists[i].separator;
	old = getenv(ret->name);
	length = strlen(ret->value);
	old_length = old ? strlen(old) : 0;
	if (old && streq(old, ret->value))
		return false;
	if (ret->separator && old_length && length > old_length &&
	    streq(ret->value + length - old_length, old))
		ret->value[length - old_length - 1] = '\0';
	return true;
}

/* -- sh -------------------------------------------------------------------------------------------- */

static void print_for_shell(const struct assignment *assignment)
{
	printf("export %s=", assignment->name);
	quote_for_shell(assignment->value, stdout);
	if (assignment->separator)
		printf("\"${%s:+%c$%s}\"", assignment->name, assignment->separator,
		       assignment->name);
	putchar('\n');
}

/* -- GitHub ---------------------------------------------------------------------------------------- */

/* Opens a file of workflow commands at its end, on a line of its own. Logs the reason of a failure. */
static FILE *open_commands(const char *variable)
{
	const char *path = secure_getenv(variable);
	_cleanup_close_ int fd = open(path ? path : "", O_RDWR | O_APPEND | O_NOCTTY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char last = '\n';
	FILE *out = NULL;

	if (fd >= 0 && size > 0 && pread(fd, &last, 1, size - 1) < 0)
		last = '\n';
	if (fd >= 0)
		out = fdopen(fd, "a");
	if (!out) {
		log_errno(errno, "cannot write to '%s', the file of $%s", path ? path : "",
			  variable);
		return NULL;
	}
	steal_fd(&fd);
	if (last != '\n')
		putc('\n', out);
	return out;
}

static int close_commands(FILE *out, const char *variable)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) == 0 && !failed)
		return 0;
	return log_errno(errno, "cannot write to '%s', the file of $%s", getenv(variable),
			 variable);
}

/*
 * The value may be any text: the line that ends it must be one that nobody can know before. The
 * files have no lists: a list is exported as the caller has it.
 */
static void print_for_github(const struct assignment *assignment, FILE *out)
{
	const char *old = assignment->separator ? getenv(assignment->name) : NULL;
	bool has_old = old && *old;
	uint64_t random[2] = {0};

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		random[0] = now_ns(CLOCK_MONOTONIC);
	fprintf(out, "%s<<latwrap_%016" PRIx64 "%016" PRIx64 "\n%s", assignment->name, random[0],
		random[1], assignment->value);
	if (has_old)
		fprintf(out, "%c%s", assignment->separator, old);
	fprintf(out, "\nlatwrap_%016" PRIx64 "%016" PRIx64 "\n", random[0], random[1]);
}

/* The runner puts each line in front of those before it: so the first directory comes last. */
static int add_to_path(const char *directories)
{
	_cleanup_free_ char *rest = xstrdup(directories);
	FILE *out = open_commands("GITHUB_PATH");

	if (!out)
		return -EIO;
	for (char *colon; (colon = strrchr(rest, ':')); *colon = '\0')
		fprintf(out, "%s\n", colon + 1);
	fprintf(out, "%s\n", rest);
	return close_commands(out, "GITHUB_PATH");
}

/* -- All of it ------------------------------------------------------------------------------------- */

int job_export_check(enum job_export form)
{
	static const char *const variables[] = {"GITHUB_ENV", "GITHUB_PATH"};

	for (size_t i = 0; form == JOB_EXPORT_GITHUB && i < ARRAY_SIZE(variables); i++) {
		if (secure_getenv(variables[i]))
			continue;
		log_error("--export=github: $%s is not set: run latwrap start in a step of GitHub "
			  "Actions, and let sudo keep the variable (sudo -E)",
			  variables[i]);
		return -EINVAL;
	}
	return 0;
}

static int export_one(enum job_export form, const char *text, FILE *github)
{
	_cleanup_(assignment_done) struct assignment assignment;

	if (!split(text, &assignment))
		return 0;
	if (form == JOB_EXPORT_SH)
		print_for_shell(&assignment);
	else if (streq(assignment.name, "PATH"))
		return add_to_path(assignment.value);
	else if (github)
		print_for_github(&assignment, github);
	return 0;
}

int job_export(enum job_export form, const struct runner_setup *setup)
{
	FILE *github = form == JOB_EXPORT_GITHUB ? open_commands("GITHUB_ENV") : NULL;
	int closed, r = 0;

	if (form == JOB_EXPORT_NONE)
		return 0;
	if (form == JOB_EXPORT_GITHUB && !github)
		return -EIO;
	for (size_t i = 0; r == 0 && i < setup->environment_count; i++)
		r = export_one(form, setup->environment[i], github);
	closed = github ? close_commands(github, "GITHUB_ENV") : output_flush_stdout();
	return r < 0 ? r : closed;
}
