/* Tells of every signal that arrives, and from whom; ends with a given status at a given signal. */
#include <signal.h>

#include "tool.h"

/* sigcatch EXIT_SIGNAL STATUS: "ready PID PGRP", then lines "SIGNAL kernel|user SENDER_PID". */
static const int caught[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

int main(int argc, char **argv)
{
	int exit_signal, status;
	sigset_t set;

	if (argc != 3)
		die("usage: sigcatch EXIT_SIGNAL STATUS");
	exit_signal = atoi(argv[1]);
	status = atoi(argv[2]);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaddset(&set, caught[i]);
	/* Blocked and taken one by one, which tells the sender without a handler. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	emit("ready %d %d", getpid(), getpgrp());
	for (;;) {
		siginfo_t info;
		int n = sigwaitinfo(&set, &info);

		if (n < 0)
			continue;
		emit("%s %s %d", sigabbrev_np(n), info.si_code == SI_KERNEL ? "kernel" : "user",
		     info.si_pid);
		if (n == exit_signal)
			return status;
	}
}
