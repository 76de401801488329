/* Tells of every signal that arrives, and from whom; ends with a given status at a given signal. */
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tool.h"

/*
 * sigcatch EXIT_SIGNAL STATUS: "ready PID PGRP", then lines "SIGNAL kernel|user|queue SENDER_PID [VALUE]".
 * With a third argument, a child of it sends signals to their process group: a line "group NUMBER" on standard
 * input is answered by "sent", and with "gone NUMBER" the sender has ended by then.
 */
static const int left_alone[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD};

#define KERNEL_SET_BYTES 8

/* All 64, those of the C library too, so by the kernel's own calls. */
static uint64_t all_caught(void)
{
	uint64_t set = ~UINT64_C(0);

	for (size_t i = 0; i < sizeof(left_alone) / sizeof(left_alone[0]); i++)
		set &= ~(UINT64_C(1) << (left_alone[i] - 1));
	return set;
}

static void print_signal(int number, const siginfo_t *info)
{
	const char *name = sigabbrev_np(number);
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", number);
	if (info->si_code == SI_QUEUE)
		emit("%s queue %d %d", name ? name : digits, info->si_pid, info->si_int);
	else
		emit("%s %s %d", name ? name : digits,
		     info->si_code == SI_KERNEL ? "kernel" : "user", info->si_pid);
}

static void obey(void)
{
	char line[64], word[16];
	int number;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %d", word, &number) != 2)
			die("no order: %s", line);
		if (strcmp(word, "group") == 0) {
			kill(0, number);
		} else {
			pid_t pid = fork();

			if (pid == 0)
				_exit(kill(0, number));
			waitpid(pid, NULL, 0);
		}
		emit("sent");
	}
}

int main(int argc, char **argv)
{
	uint64_t set = all_caught();
	int exit_signal, status;

	if (argc != 3 && argc != 4)
		die("usage: sigcatch EXIT_SIGNAL STATUS [obey]");
	exit_signal = atoi(argv[1]);
	status = atoi(argv[2]);
	/* Blocked and taken one by one, which tells the sender without a handler. */
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, KERNEL_SET_BYTES);
	if (argc == 4 && fork() == 0) {
		obey();
		_exit(0);
	}
	emit("ready %d %d", getpid(), getpgrp());
	for (;;) {
		siginfo_t info;
		int n = (int)syscall(SYS_rt_sigtimedwait, &set, &info, NULL, KERNEL_SET_BYTES);

		if (n < 0)
			continue;
		print_signal(n, &info);
		if (n == exit_signal)
			return status;
	}
}
