/* Distinguish signals sent to the whole process group from signals sent to latwrap alone */
#include "run/witness.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "run/close_others.h"

/* A witness that somebody keeps stopped in spite of our SIGCONT must not hold up the run. */
#define ANSWER_MS    1000
#define FIRST_QUEUED 32 /* the kernel's SIGRTMIN */

struct told {
	uint8_t count[SIGNAL_COUNT + 1];
	bool is_answer;
};

/* -- In the witness ------------------------------------------------------------------------------- */

static void take_signals(int signal_fd, struct told *told)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo <= SIGNAL_COUNT && told->count[info.ssi_signo] < UINT8_MAX)
			told->count[info.ssi_signo]++;
}

/* Runs the witness until latwrap closes the other end or dies. */
static void run_witness(int fd)
{
	int signal_fd = signals_open();
	int needed[] = {fd, signal_fd};

	prctl(PR_SET_NAME, "latwrap-signals");
	if (signal_fd < 0)
		_exit(1);
	close_others(needed, ARRAY_SIZE(needed));
	for (;;) {
		struct pollfd ready[] = {{.fd = fd, .events = POLLIN},
					 {.fd = signal_fd, .events = POLLIN}};
		struct told told = {0};
		char question;

		if (poll(ready, ARRAY_SIZE(ready), -1) < 0)
			continue;
		/*
		 * Read the question before the signals: the answer must count all signals that came
		 * before the question.
		 */
		if (ready[0].revents) {
			if (recv(fd, &question, 1, 0) != 1)
				_exit(0);
			told.is_answer = true;
		}
		take_signals(signal_fd, &told);
		if (send(fd, &told, sizeof(told), 0) < 0)
			_exit(0);
	}
}

/* -- In latwrap ----------------------------------------------------------------------------------- */

int witness_start(struct witness *ret)
{
	struct witness witness = WITNESS_NONE;
	int ends[2];

	*ret = WITNESS_NONE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	witness.fd = ends[0];
	witness.pid = fork();
	if (witness.pid == 0)
		run_witness(ends[1]);
	if (witness.pid < 0) {
		int err = errno;

		close_fd(ends[0]);
		close_fd(ends[1]);
		return -err;
	}
	close_fd(ends[1]);
	witness.pidfd = (int)syscall(SYS_pidfd_open, witness.pid, 0);
	*ret = witness;
	return 0;
}

void witness_stop(struct witness *witness)
{
	witness->fd = close_fd(witness->fd);
	/*
	 * The witness ends by itself unless it is stopped. Without a pidfd (before Linux 5.3) do
	 * not kill it.
	 */
	if (witness->pidfd >= 0 &&
	    syscall(SYS_pidfd_send_signal, witness->pidfd, SIGKILL, NULL, 0) == 0)
		waitpid(witness->pid, NULL, 0);
	witness->pidfd = close_fd(witness->pidfd);
	witness->pid = -1;
}

bool witness_is_there(const struct witness *witness)
{
	return witness->fd >= 0;
}

static void note(struct witness *witness, const struct told *told)
{
	for (int number = 1; number <= SIGNAL_COUNT; number++)
		witness->heard[number] += told->count[number];
}

/*
 * The kernel sends a signal to the processes of a group one after the other, holding tasklist_lock
 * for reading (kill_something_info(), kernel/signal.c). setpgid(2) takes this lock for writing: when
 * it returns, a signal that one process of the group has received has reached all others. The call
 * changes nothing, or fails in a session leader.
 */
static void await_group(void)
{
	setpgid(0, getpgrp());
}

/*
 * Asks the witness for its signals. If it answers, `heard` has all signals that the group has
 * received so far.
 */
static bool ask(struct witness *witness)
{
	struct pollfd ready = {.fd = witness->fd, .events = POLLIN};
	struct told told;

	await_group();
	if (witness->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, witness->pidfd, SIGCONT, NULL, 0);
	if (send(witness->fd, "", 1, MSG_DONTWAIT) != 1)
		return false;
	while (poll(&ready, 1, ANSWER_MS) > 0 &&
	       recv(witness->fd, &told, sizeof(told), 0) == sizeof(told)) {
		note(witness, &told);
		if (told.is_answer)
			return true;
	}
	return false;
}

static bool has_answered(struct witness *witness)
{
	if (!witness_is_there(witness))
		return false;
	if (ask(witness))
		return true;
	witness_stop(witness);
	return false;
}

/*
 * Forgets what the witness heard, except of signals that are pending here: latwrap reads these next.
 * Signals to the witness alone must not be taken for the group's when latwrap gets the same later.
 */
static void keep_pending(struct witness *witness)
{
	sigset_t pending;

	await_group();
	sigemptyset(&pending);
	sigpending(&pending);
	for (int number = 1; number <= SIGNAL_COUNT; number++)
		if (sigismember(&pending, number) <= 0)
			witness->heard[number] = 0;
}

bool witness_heard(struct witness *witness, int number)
{
	bool heard;

	if (!has_answered(witness))
		return false;
	heard = witness->heard[number] > 0;
	/*
	 * Two standard signals that came while the witness did not run are one to it. If the second
	 * is still pending here, the one count is for both.
	 */
	witness->heard[number] -= heard && number >= FIRST_QUEUED;
	keep_pending(witness);
	return heard;
}

void witness_forget(struct witness *witness)
{
	if (has_answered(witness))
		keep_pending(witness);
}
