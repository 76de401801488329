/* Inside of child.c: what the new process does between its first instruction and exec */
#pragma once

#include "run/child.h"

/* The child of a clone may not allocate: everything it needs is laid out before. */
struct child_exec {
	const struct child_spec *spec;
	char **paths; /* what to try, in PATH's order */
	char **sh_argv; /* "/bin/sh", a path (filled in on the way), the arguments */
	char **environment;
	bool ignore_sigchld; /* as the caller did when it was started */
	int go_fd; /* released by one byte; the end of file means give up */
	int other_fds[2]; /* the caller's ends of the pipes */
	int result_fd; /* takes a failure; closed by a successful exec */
};

/* What goes through result_fd. */
struct child_exec_failure {
	enum child_stage stage;
	int err;
};

void child_exec_prepare(const struct child_spec *spec, const struct child *child, int result_fd,
			struct child_exec *ret);
void child_exec_free(struct child_exec *exec);

/* The child's whole life until exec. Only async-signal-safe calls. */
void child_exec_run(struct child_exec *exec) __attribute__((noreturn));

/* Pure: environment with extra's and the user's variables; the strings belong to the result. */
char **child_exec_environment(char *const *environment, char *const *extra,
			      const struct user_spec *user);
void child_exec_free_strings(char **strings);
