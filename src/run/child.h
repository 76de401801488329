/* The process of the command: start it in its cgroup, hold it, release, signal and reap it */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "run/child_exec.h"

enum child_way {
	CHILD_IN_PLACE, /* no cgroup requested */
	CHILD_CLONED_INTO, /* runs in its cgroup from the first instruction */
	CHILD_MOVED_INTO, /* fork(), then moved before it was released */
};

struct child {
	pid_t pid;
	/*
	 * Readable once the child has ended (zombie), not when it stops; O_CLOEXEC. -1 if the
	 * kernel has no pidfds (before 5.3) or seccomp refuses them: then use SIGCHLD
	 */
	int pidfd;
	int exec_fd; /* readable once child_wait_exec() will not block; -1 after that */
	enum child_way way;
	enum child_stage failed_stage; /* set by child_wait_exec() */
	bool reaped;
	bool sigchld_was_ignored; /* by the caller, before child_start() */
	int go_fd, go_read_fd; /* private */
};

#define CHILD_NONE \
	((struct child){.pid = -1, .pidfd = -1, .exec_fd = -1, .go_fd = -1, .go_read_fd = -1})

struct child_exit {
	int code; /* -1 if a signal ended it */
	int signal; /* 0 if it exited */
	bool core_dumped;
	struct rusage rusage; /* includes descendants that the child waited for (getrusage(2)) */
};

/*
 * Makes the process of the command, in the cgroup from its first instruction or moved there, and
 * holds it: the process runs nothing of the command until child_release(), and exits if the caller
 * dies or calls child_close() before that. If SIGCHLD is ignored (inherited), it becomes the
 * default in the caller, which could not reap otherwise, and stays ignored in the command. PATH is
 * searched as by execvp(3), with the environment and the user of the command; /bin/sh runs a file
 * without an interpreter line. The caller must be single-threaded. Returns 0, or -errno with no
 * process left.
 */
int child_start(const struct child_spec *spec, struct child *ret);

/* Lets the child exec the command; call it once. Returns 0 or -errno. */
int child_release(struct child *child);

/*
 * Blocks until the program of the command runs. Returns 0, also if a signal ended the child before
 * that (see child_reap()), or -errno with failed_stage set: then the child exits by itself. An exec
 * can take long on a slow file system: an event loop should wait for exec_fd first.
 */
int child_wait_exec(struct child *child);

/*
 * Returns the exit status of latwrap for a failure of child_wait_exec(), as env(1) and timeout(1)
 * do: 127 if the command was not found, 126 if it cannot be executed, 125 for failures before the
 * exec.
 */
int child_exec_exit_status(const struct child *child, int err);
/* Returns an error message for the user; the caller frees it. err may be positive or negative. */
char *child_exec_error_message(const struct child *child, const char *argv0, int err);

/*
 * Returns 0 or -errno; -ESRCH once the child was reaped, because another process may have its PID.
 */
int child_signal(const struct child *child, int sig);
/* Passes on a signal that the caller received, with the value of sigqueue(3). */
int child_pass_on(const struct child *child, const struct signalfd_siginfo *info);
/* Returns whether the child is between child_start() and child_release(). */
bool child_is_held(const struct child *child);
/* Returns whether the signal is blocked and pending in the child. */
bool child_has_pending(const struct child *child, int sig);

/*
 * Reaps the child, with the resource use of the child and its descendants. Returns -EAGAIN while
 * the child runs, unless wait is true. Does not report stops.
 */
int child_reap(struct child *child, bool wait, struct child_exit *ret);

/*
 * Reaps all other children that have ended. The init process of a PID namespace, as in a container,
 * becomes the parent of all orphans, which would stay zombies. If the command has ended and is not
 * reaped yet, some of them may remain.
 */
void child_reap_others(const struct child *child);

/*
 * Returns 1 while job control stops the child (*ret_signal is SIGTSTP, SIGTTIN, SIGTTOU or
 * SIGSTOP), 0 if it is not stopped, or -errno. SIGCHLD announces a stop (do not set SA_NOCLDSTOP);
 * the pidfd does not. Only peeks (WNOWAIT): the kernel forgets the stop when the child continues,
 * so the answer describes the present. See run/jobctl.h for what to do then.
 */
int child_poll_stop(const struct child *child, int *ret_signal);

/*
 * Closes all descriptors and ignores SIGCHLD again if the caller did. Kills and reaps a child that
 * was not released; does not touch a running one.
 */
void child_close(struct child *child);
