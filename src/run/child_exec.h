/* Internal to child.c: what the new process does between its first instruction and exec */
#pragma once

#include <sys/time.h>

#include "run/child.h"

/* struct sched_attr of Linux 3.14, which not all C libraries declare */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/*
 * Attributes that a process keeps across exec(2) but fork does not pass on to a child. The child
 * sets them again, so that the command has them as it would bare.
 */
struct kept {
	pid_t parent;
	int death_signal; /* PR_SET_PDEATHSIG; 0 if none */
	int subreaper; /* PR_SET_CHILD_SUBREAPER */
	struct itimerval timers[3]; /* disarmed in latwrap */
	struct scheduling scheduling;
	/* SCHED_RESET_ON_FORK: fork has reset the policy and the nice value */
	bool resets_scheduling;
};

/* A cloned child may not allocate: the parent prepares all that the child needs. */
struct child_exec {
	const struct child_spec *spec;
	char **paths; /* the paths to try, in the order of PATH */
	char **sh_argv; /* "/bin/sh", a path (set by try_paths()), the arguments */
	char **environment;
	struct kept kept;
	bool ignore_sigchld; /* as in the caller before child_start() */
	int go_fd; /* one byte means go; end of file means exit */
	int other_fds[2]; /* the ends of the pipes that belong to the caller */
	int result_fd; /* for struct child_exec_failure; a successful exec closes it */
};

/* The message through result_fd */
struct child_exec_failure {
	enum child_stage stage;
	int err;
};

void child_exec_prepare(const struct child_spec *spec, const struct child *child, int result_fd,
			struct child_exec *ret);
void child_exec_free(struct child_exec *exec);

/* Runs in the child until exec. Only async-signal-safe calls. */
void child_exec_run(struct child_exec *exec) __attribute__((noreturn));

/*
 * Returns environment with the variables of extra and user added or replaced; free it with
 * child_exec_free_strings(). Pure function.
 */
char **child_exec_environment(char *const *environment, char *const *extra,
			      const struct user_spec *user);
void child_exec_free_strings(char **strings);
