/* Job control of a shell, with latwrap between the shell and the command */
#include "run/jobctl.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "run/signals.h"

/* Opens the controlling terminal. Returns a descriptor or -errno. */
static int open_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

/* Returns the process group of the child if it is not ours, otherwise 0. */
static pid_t own_group(const struct child *child)
{
	pid_t group = getpgid(child->pid);

	return group > 0 && group != getpgrp() ? group : 0;
}

bool jobctl_should_stop(const struct child *child, int sig)
{
	_cleanup_close_ int terminal = open_terminal();
	pid_t group = own_group(child), foreground;

	if (terminal < 0)
		return false;
	switch (sig) {
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return true;
	case SIGSTOP:
		foreground = tcgetpgrp(terminal);
		return (foreground == getpgrp() || (group && foreground == group)) &&
		       getsid(0) != getpid();
	default:
		return false;
	}
}

static bool is_stopped(const struct child *child)
{
	int sig;

	return child_poll_stop(child, &sig) > 0;
}

/* Consumes a blocked signal if it is pending; returns whether it was. */
static bool take_pending(int sig)
{
	const struct timespec at_once = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, NULL, &at_once) == sig;
}

/*
 * sig must be blocked, with its default disposition. A stop signal and SIGCONT remove each other
 * from the pending set (prepare_signal(), kernel/signal.c). So make the stop pending first, then
 * look at the child: a SIGCONT sent before has continued the child, which shows, and a SIGCONT sent
 * later removes our stop.
 */
static void stop_self(const struct child *child, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	if (sig == SIGSTOP) {
		/* SIGSTOP cannot be blocked: a SIGCONT between check and stop is lost. */
		if (is_stopped(child))
			raise(sig);
		return;
	}
	raise(sig);
	if (!is_stopped(child))
		take_pending(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Sets up what stop_self() needs and stops. Returns 1 if SIGCONT came, 0 if not, or -errno. */
static int stop_by_default(const struct child *child, int sig)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	struct sigaction action;
	sigset_t block, mask;
	int r = 0;

	sigemptyset(&block);
	sigaddset(&block, SIGCONT);
	sigaddset(&block, sig);
	if (sigprocmask(SIG_BLOCK, &block, &mask) < 0)
		return -errno;
	if (sig != SIGSTOP && sigaction(sig, &by_default, &action) < 0)
		r = -errno;
	if (r == 0) {
		/*
		 * A blocked SIGCONT stays pending, which tells whether we were stopped and
		 * continued.
		 */
		take_pending(SIGCONT);
		stop_self(child, sig);
		r = take_pending(SIGCONT);
		if (sig != SIGSTOP)
			sigaction(sig, &action, NULL);
	}
	signals_set_mask(&mask);
	return r;
}

int jobctl_stop(const struct child *child, int sig)
{
	_cleanup_close_ int terminal = open_terminal();
	pid_t group = own_group(child);
	bool had_terminal = group && terminal >= 0 && tcgetpgrp(terminal) == group;
	int r;

	r = stop_by_default(child, sig);
	if (r <= 0 || !is_stopped(child))
		return r;
	/* "fg" gave the terminal to our group; bare, the group of the command would have got it. */
	if (had_terminal && tcgetpgrp(terminal) == getpgrp())
		tcsetpgrp(terminal, group);
	if (group)
		kill(-group, SIGCONT);
	else
		child_signal(child, SIGCONT);
	return 1;
}

/* The fallback without a witness */
static bool looks_like_group(const struct signalfd_siginfo *si)
{
	/*
	 * At first only the session leader gets the hangup (tty_signal_session_leader(),
	 * drivers/tty/tty_jobctrl.c).
	 */
	if (si->ssi_signo == SIGHUP && getsid(0) == getpid())
		return false;
	return si->ssi_code == SI_KERNEL;
}

bool jobctl_reached_child(const struct signalfd_siginfo *si, const struct child *child,
			  struct witness *witness)
{
	bool heard = witness_heard(witness, (int)si->ssi_signo);

	/*
	 * While the child is held, it blocks all signals: each signal it received is pending. It
	 * may be younger than the witness.
	 */
	if (child_is_held(child))
		return child_has_pending(child, (int)si->ssi_signo);
	if (!witness_is_there(witness))
		heard = looks_like_group(si);
	return heard && getpgid(child->pid) == getpgrp();
}

bool jobctl_is_own(const struct signalfd_siginfo *si, const struct child *child)
{
	pid_t sender = (pid_t)si->ssi_pid;

	if (si->ssi_code > 0)
		return si->ssi_signo == SIGXCPU && si->ssi_code == SI_KERNEL;
	/*
	 * Before its exec, the process was the caller, who may have sent itself any other signal.
	 */
	if (sender == getpid())
		return si->ssi_signo == SIGPIPE || si->ssi_signo == SIGXFSZ;
	return sender == child->pid;
}
