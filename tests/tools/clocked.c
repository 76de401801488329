/* Runs a command and appends to a file when it began and ended, and the CPU time of all below it. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tool.h"

/*
 * clocked FILE NAME COMMAND [ARGUMENT...]: below whatever watches it, so that the watcher's start does not count.
 * The CPU time has that of a server, too, that nobody waited for: it becomes a child of this. What still runs
 * long after the command makes the measurement fail.
 */
#define ORPHANS_S 20

extern char **environ;

static long long time_ns(struct timeval time)
{
	return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

/*
 * Of who started this, at the end of the command; 0 if that is no business of ours. The proportional set size has each
 * page once; the resident size has one that is mapped twice, as a ring buffer is, twice.
 */
static void read_memory(pid_t pid, long long *ret_rss_kib, long long *ret_pss_kib)
{
	char path[64], line[256];
	FILE *sums;

	*ret_rss_kib = *ret_pss_kib = 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	sums = fopen(path, "re");
	while (sums && fgets(line, sizeof(line), sums)) {
		sscanf(line, "Rss: %lld", ret_rss_kib);
		sscanf(line, "Pss: %lld", ret_pss_kib);
	}
	if (sums)
		fclose(sums);
}

static void kill_children(void)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	int pid;

	while (children && fscanf(children, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (children)
		fclose(children);
}

static void stop_waiting(int signal_number)
{
	(void)signal_number;
}

/* Adds the CPU time of all that the command left behind, and returns how many of them there were. */
static int wait_for_orphans(long long *user_ns, long long *system_ns)
{
	struct sigaction interrupt = {.sa_handler = stop_waiting};
	struct rusage usage;
	int count = 0;

	sigaction(SIGALRM, &interrupt, NULL);
	alarm(ORPHANS_S);
	while (wait4(-1, NULL, 0, &usage) > 0) {
		*user_ns += time_ns(usage.ru_utime);
		*system_ns += time_ns(usage.ru_stime);
		count++;
	}
	if (errno != ECHILD) {
		kill_children();
		die("something still ran after the command");
	}
	return count;
}

int main(int argc, char **argv)
{
	uint64_t began_ns = now_ns(), ended_ns;
	long long user_ns, system_ns;
	struct rusage usage;
	struct rusage own;
	long long rss_kib, pss_kib;
	char line[512];
	int status, fd, length, orphans;
	pid_t pid;

	if (argc < 4)
		die("usage: clocked FILE NAME COMMAND...");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("PR_SET_CHILD_SUBREAPER");
	errno = posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ);
	if (errno)
		die("cannot run %s", argv[3]);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait");
	ended_ns = now_ns();
	read_memory(getppid(), &rss_kib, &pss_kib);
	user_ns = time_ns(usage.ru_utime);
	system_ns = time_ns(usage.ru_stime);
	orphans = wait_for_orphans(&user_ns, &system_ns);
	getrusage(RUSAGE_SELF, &own);
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	length = snprintf(
		line, sizeof(line),
		"{\"workload\": \"%s\", \"began_ns\": %llu, \"ended_ns\": %llu, \"user_ns\": %lld, "
		"\"system_ns\": %lld, \"orphans\": %d, \"clocked_ns\": %lld, "
		"\"watcher_rss_bytes\": %lld, \"watcher_pss_bytes\": %lld, \"status\": %d}\n",
		argv[2], (unsigned long long)began_ns, (unsigned long long)ended_ns, user_ns,
		system_ns, orphans, time_ns(own.ru_utime) + time_ns(own.ru_stime), rss_kib * 1024,
		pss_kib * 1024, status);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		die("cannot write %s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
