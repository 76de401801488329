/* Which signals latwrap takes from a descriptor while the command runs. */
#include "run/signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "base/util.h"

static const int blocked[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGUSR1, SIGUSR2,
			      SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGXFSZ};
static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static sigset_t set_of(const int *numbers, size_t count)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < count; i++)
		sigaddset(&set, numbers[i]);
	return set;
}

int signals_take(sigset_t *ret_old_mask)
{
	sigset_t set = set_of(blocked, ARRAY_SIZE(blocked));
	int fd;

	sigprocmask(SIG_BLOCK, &set, ret_old_mask);
	set = set_of(taken, ARRAY_SIZE(taken));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

bool signals_asks_to_end(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (ending[i] == number)
			return true;
	return false;
}

int signals_pending_end(void)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&pending, ending[i]) > 0)
			return ending[i];
	return 0;
}
