/* The command's life: started in its cgroup, held until released, signalled, reaped */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "run/user.h"

/*
 * Standard streams, controlling terminal, session, process group, working directory, umask, nice
 * value and signal dispositions are the caller's, untouched: the command is to run as if bare.
 * So the caller must not have changed any of them, and its own descriptors must be O_CLOEXEC.
 */
struct child_spec {
	char *const *argv; /* NULL-terminated, at least one */
	const char *file; /* the program, if it is not what argv begins with; or NULL */
	char *const *env_extra; /* "NAME=VALUE", NULL-terminated: replace or add; may be NULL */
	const struct user_spec *user; /* NULL or "current": as the caller */
	const sigset_t *sigmask; /* the mask the command gets; NULL: the caller's */
	const struct rlimits *limits; /* what the caller changed for itself; may be NULL */
	int cgroup_fd; /* directory of the cgroup; -1: the caller's */
	bool force_fork; /* as if the kernel had no CLONE_INTO_CGROUP */
};

enum child_way {
	CHILD_IN_PLACE, /* no cgroup was asked for */
	CHILD_CLONED_INTO, /* clone3(CLONE_INTO_CGROUP): never anywhere else */
	CHILD_MOVED_INTO, /* fork(), then moved before it was released */
};

/* What went wrong between release and the command's first instruction. */
enum child_stage {
	CHILD_STAGE_NONE,
	CHILD_STAGE_LIMIT,
	CHILD_STAGE_GROUPS,
	CHILD_STAGE_GID,
	CHILD_STAGE_UID,
	CHILD_STAGE_DROP, /* capabilities or the old user would have been left to it */
	CHILD_STAGE_EXEC,
};

struct child {
	pid_t pid;
	int pidfd; /* readable once it has ended (zombie), not when it stops; O_CLOEXEC. -1 if the
			kernel has none (before 5.3) or seccomp refuses: then there is SIGCHLD */
	int exec_fd; /* readable once child_wait_exec() will not block; -1 after that */
	enum child_way way;
	enum child_stage failed_stage; /* set by child_wait_exec() */
	bool reaped;
	bool sigchld_was_ignored; /* by the caller, until child_start() */
	int go_fd, go_read_fd; /* private */
};

#define CHILD_NONE \
	((struct child){.pid = -1, .pidfd = -1, .exec_fd = -1, .go_fd = -1, .go_read_fd = -1})

struct child_exit {
	int code; /* -1 if a signal ended it */
	int signal; /* 0 if it exited */
	bool core_dumped;
	struct rusage rusage; /* with all descendants it waited for (getrusage(2)) */
};

/*
 * Makes the process, inside the cgroup from its first instruction or moved there, and leaves it
 * blocked: it runs nothing of the command until child_release(), and exits if the caller dies or
 * calls child_close() before. If SIGCHLD is ignored (inherited from whoever started us) it becomes
 * the default for the caller, who could not reap otherwise, and is ignored in the command.
 * PATH is searched as by execvp(3), in the command's environment, by the command's user; a file
 * without an interpreter line goes to /bin/sh.
 * Only for single-threaded callers. Returns 0 or -errno, and nothing is left running then.
 */
int child_start(const struct child_spec *spec, struct child *ret);

/* Lets it go on to exec. Once. Returns 0 or -errno. */
int child_release(struct child *child);

/*
 * Blocks until the command's program runs: 0, also if a signal ended the child before (child_reap()
 * tells). Otherwise -errno, with failed_stage set, and the child exits at once by itself.
 * An exec can take long (a slow file system): a loop should wait for exec_fd first.
 */
int child_wait_exec(struct child *child);

/*
 * For a failure of child_wait_exec(): what latwrap exits with, as env(1) and timeout(1) do: 127 not
 * found, 126 found but not to be run, 125 for failures before the exec.
 */
int child_exec_exit_status(const struct child *child, int err);
/* A sentence about it for the user, which the caller frees. err in either sign. */
char *child_exec_error_message(const struct child *child, const char *argv0, int err);

/* 0, or -ESRCH once it was reaped: the PID may be somebody else's by then. */
int child_signal(const struct child *child, int sig);
/* Passes on a signal that the caller got, with the value that sigqueue(3) gave it. */
int child_pass_on(const struct child *child, const struct signalfd_siginfo *info);
/* Between child_start() and child_release(). */
bool child_is_held(const struct child *child);
/* Whether it has been sent that signal, and has it blocked. */
bool child_has_pending(const struct child *child, int sig);

/*
 * Collects the ended child, with what it and its descendants used. -EAGAIN while it runs, unless
 * wait is true. Does not tell of stops.
 */
int child_reap(struct child *child, bool wait, struct child_exit *ret);

/*
 * Reaps every other child that ended. The first process of a PID namespace, as in a container, gets all orphans as
 * its children, which would stay zombies. Between the command's end and its own reaping some may be left over.
 */
void child_reap_others(const struct child *child);

/*
 * 1 while the child is stopped by job control (*ret_signal: SIGTSTP, SIGTTIN, SIGTTOU or SIGSTOP),
 * 0 if it is not, or -errno. SIGCHLD announces it (leave SA_NOCLDSTOP off); the pidfd does not.
 * Peeks only (WNOWAIT): the kernel forgets the state when the child continues, so the answer is
 * always about now. run/jobctl.h says what to do then.
 */
int child_poll_stop(const struct child *child, int *ret_signal);

/* Closes everything, ignores SIGCHLD again if the caller did. A child not yet released is killed and reaped; a
 * running one is left alone. */
void child_close(struct child *child);
