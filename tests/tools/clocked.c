/* Runs a command and appends to a file when it began and ended, and the CPU time of all below it. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tool.h"

/* clocked FILE NAME COMMAND [ARGUMENT...]: below whatever watches it, so that the watcher's start does not count. */
extern char **environ;

static long long time_ns(struct timeval time)
{
	return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

int main(int argc, char **argv)
{
	uint64_t began_ns = now_ns(), ended_ns;
	struct rusage usage;
	char line[512];
	int status, fd, length;
	pid_t pid;

	if (argc < 4)
		die("usage: clocked FILE NAME COMMAND...");
	errno = posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ);
	if (errno)
		die("cannot run %s", argv[3]);
	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait");
	ended_ns = now_ns();
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	length = snprintf(
		line, sizeof(line),
		"{\"workload\": \"%s\", \"began_ns\": %llu, \"ended_ns\": %llu, \"user_ns\": %lld, "
		"\"system_ns\": %lld, \"status\": %d}\n",
		argv[2], (unsigned long long)began_ns, (unsigned long long)ended_ns,
		time_ns(usage.ru_utime), time_ns(usage.ru_stime), status);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		die("cannot write %s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
