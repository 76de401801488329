/* Inside of child.c: what the new process does between its first instruction and exec */
#pragma once

#include <sys/time.h>

#include "run/child.h"

/* struct sched_attr as of Linux 3.14, which C libraries name or do not. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/*
 * What a process keeps across exec(2), and its child does not have: the command gets it all the same, as it
 * would have had it bare.
 */
struct kept {
	pid_t parent;
	int death_signal; /* PR_SET_PDEATHSIG; 0: none */
	int subreaper; /* PR_SET_CHILD_SUBREAPER */
	struct itimerval timers[3]; /* ITIMER_REAL, _VIRTUAL, _PROF: no longer latwrap's */
	struct scheduling scheduling;
	bool resets_scheduling; /* SCHED_RESET_ON_FORK: the child has lost its policy and nice value */
};

/* The child of a clone may not allocate: everything it needs is laid out before. */
struct child_exec {
	const struct child_spec *spec;
	char **paths; /* what to try, in PATH's order */
	char **sh_argv; /* "/bin/sh", a path (filled in on the way), the arguments */
	char **environment;
	struct kept kept;
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
