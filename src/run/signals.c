/* Block the signals that latwrap handles, and read them from a descriptor */
#include "run/signals.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define KERNEL_SET_BYTES (SIGNAL_COUNT / 8)

static const int not_blocked[] = {SIGKILL, SIGSTOP, SIGCONT};
static const int only_blocked[] = {SIGTSTP, SIGTTIN, SIGTTOU};
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/*
 * sigfillset(3) leaves out 32 and 33, but these end a single-threaded process like any other
 * signal.
 */
static sigset_t all_but(const int *numbers, size_t count)
{
	sigset_t set;

	memset(&set, 0xff, sizeof(set));
	for (size_t i = 0; i < count; i++)
		sigdelset(&set, numbers[i]);
	return set;
}

static void change_mask(int how, const sigset_t *set, sigset_t *ret_old)
{
	if (ret_old)
		sigemptyset(ret_old);
	syscall(SYS_rt_sigprocmask, how, set, ret_old, KERNEL_SET_BYTES);
}

void signals_set_mask(const sigset_t *mask)
{
	change_mask(SIG_SETMASK, mask, NULL);
}

int signals_open(void)
{
	sigset_t set = all_but(not_blocked, ARRAY_SIZE(not_blocked));
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(only_blocked); i++)
		sigdelset(&set, only_blocked[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int signals_open_ending(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&set, ending[i]);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void block(sigset_t *ret_old_mask)
{
	sigset_t set = all_but(not_blocked, ARRAY_SIZE(not_blocked));

	change_mask(SIG_BLOCK, &set, ret_old_mask);
}

void signals_block(void)
{
	block(NULL);
}

int signals_take(sigset_t *ret_old_mask)
{
	block(ret_old_mask);
	return signals_open();
}

static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

bool signals_asks_to_end(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (ending[i] == number)
			return !is_ignored(number);
	return false;
}

int signals_pending_end(void)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&pending, ending[i]) > 0 && signals_asks_to_end(ending[i]))
			return ending[i];
	return 0;
}
