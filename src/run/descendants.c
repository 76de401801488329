/* Find the processes that the command started when there is no cgroup: all descendants */
#include "run/descendants.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "system/procfs.h"

/* Without a limit, a process that forks faster than it is found would keep us here. */
#define PASSES_MOST 100

void descendants_keep(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static bool is_zombie(const char *number)
{
	_cleanup_free_ char *path = xasprintf("/proc/%s/status", number);
	_cleanup_free_ char *status = NULL;
	const char *state;

	if (read_file(path, &status, NULL) < 0)
		return true;
	state = strstr(status, "\nState:\t");
	return !state || state[strlen("\nState:\t")] == 'Z' || state[strlen("\nState:\t")] == 'X';
}

/* Signals a process if it is a living descendant. Returns whether it is one. */
static bool signal_one(const char *name, pid_t except, int sig)
{
	_cleanup_close_ int pidfd = -1;
	uint64_t pid;

	if (parse_u64(name, &pid) < 0 || (pid_t)pid == except)
		return false;
	/*
	 * Check after opening the pidfd: then the answer holds for the process that the signal will
	 * hit.
	 */
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (!procfs_descends((pid_t)pid, getpid()) || is_zombie(name))
		return false;
	if (sig && pidfd >= 0)
		syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
	else if (sig)
		kill((pid_t)pid, sig);
	return true;
}

static size_t signal_once(pid_t except, int sig)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	/* Use /proc only if it shows the PIDs of our namespace. */
	while (proc && procfs_number(getpid()) == getpid() && (entry = readdir(proc)))
		count += signal_one(entry->d_name, except, sig);
	if (proc)
		closedir(proc);
	return count;
}

size_t descendants_signal(pid_t except, int sig)
{
	size_t first = signal_once(except, sig), left = first;

	for (int i = 1; sig == SIGKILL && left && i < PASSES_MOST; i++)
		left = signal_once(except, sig);
	return first;
}
