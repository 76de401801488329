/* Runs a program and appends to a file when it began and ended, its CPU time, and its peak of resident memory. */
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tool.h"

/*
 * footprint FILE COMMAND [ARGUMENT...]. ru_maxrss will not do: it is the largest of the program's own, of what
 * forked it and of the children that it waited for. So its memory is looked at in the moment of its exit, in
 * which ptrace(2) stops it; the CPU time has that of the children that it waited for.
 */
static long long time_ns(struct timeval time)
{
	return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

static long long peak_bytes(pid_t pid)
{
	char path[64], line[256];
	long long kib = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		die("cannot read %s", path);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %lld", &kib) == 1)
			break;
	fclose(status);
	return kib * 1024;
}

/* Returns the program's status; all stops but the last are passed on as if nobody traced it. */
static int follow(pid_t pid, long long *ret_peak_bytes, struct rusage *ret_usage)
{
	int status, event;

	for (;;) {
		if (wait4(pid, &status, __WALL, ret_usage) != pid)
			die("wait");
		if (!WIFSTOPPED(status))
			return status;
		event = status >> 16;
		if (event == PTRACE_EVENT_EXIT)
			*ret_peak_bytes = peak_bytes(pid);
		if (ptrace(PTRACE_CONT, pid, NULL, event ? 0 : WSTOPSIG(status)) < 0 &&
		    errno != ESRCH)
			die("PTRACE_CONT");
	}
}

static pid_t start(char **argv)
{
	int go[2];
	pid_t pid;
	char c;

	if (pipe2(go, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		if (read(go[0], &c, 1) != 1)
			die("nobody traces this");
		execvp(argv[0], argv);
		die("cannot run %s", argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0)
		die("PTRACE_SEIZE");
	if (write(go[1], "", 1) != 1)
		die("write");
	close(go[0]);
	close(go[1]);
	return pid;
}

int main(int argc, char **argv)
{
	long long peak = 0;
	uint64_t began_ns, ended_ns;
	struct rusage usage;
	char line[512];
	int status, fd, length;

	if (argc < 3)
		die("usage: footprint FILE COMMAND...");
	began_ns = now_ns();
	status = follow(start(argv + 2), &peak, &usage);
	ended_ns = now_ns();
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	length = snprintf(line, sizeof(line),
			  "{\"began_ns\": %llu, \"ended_ns\": %llu, \"user_ns\": %lld, "
			  "\"system_ns\": %lld, \"peak_bytes\": %lld, \"status\": %d}\n",
			  (unsigned long long)began_ns, (unsigned long long)ended_ns,
			  time_ns(usage.ru_utime), time_ns(usage.ru_stime), peak, status);
	if (fd < 0 || write(fd, line, (size_t)length) != length)
		die("cannot write %s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
