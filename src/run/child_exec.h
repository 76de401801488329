/* What the new process does between its first instruction and exec */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#include "run/user.h"

struct rlimits;

/*
 * The command inherits the standard streams, controlling terminal, session, process group, working
 * directory, umask, nice value and signal dispositions of the caller, so that it runs as if bare.
 * So the caller must not have changed any of these, and its own descriptors must be O_CLOEXEC.
 */
struct child_spec {
	char *const *argv; /* NULL-terminated, at least one */
	const char *file; /* the program, if it differs from argv[0]; or NULL */
	char *const *env_extra; /* "NAME=VALUE", NULL-terminated: replace or add; may be NULL */
	const struct user_spec *user; /* NULL or "current": the user of the caller */
	const sigset_t *sigmask; /* for the command; NULL: the mask of the caller */
	const struct rlimits *limits; /* the limits before the caller changed them; may be NULL */
	int cgroup_fd; /* directory of the cgroup; -1: stay in the cgroup of the caller */
	bool force_fork; /* as if the kernel had no CLONE_INTO_CGROUP */
};

/* The step between release and the first instruction of the command that failed */
enum child_stage {
	CHILD_STAGE_NONE,
	CHILD_STAGE_LIMIT,
	CHILD_STAGE_GROUPS,
	CHILD_STAGE_GID,
	CHILD_STAGE_UID,
	CHILD_STAGE_DROP, /* capabilities or the old user would remain */
	CHILD_STAGE_EXEC,
};

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

/* The caller then sets the descriptors and ignore_sigchld. */
void child_exec_prepare(const struct child_spec *spec, struct child_exec *ret);
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
