/* Threads of which each waits for the one before it: A for us, B for A, C for B, D for C, and we for D. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tool.h"

/*
 *   chain CPU [FILE]
 *
 * A is pinned to CPU, and reads a byte of FILE before it passes on what it got. The others are on another
 * CPU, where they are SCHED_FIFO: nothing but A can make them late. A line on stdin sets it off; each time
 * it answers when that was and when each of them ran. Between two all of them sleep.
 */
#define LINKS 4

struct passed {
	uint64_t begin_ns;
	uint64_t ran_ns[LINKS];
};

static const char *file;

static void pass_on(int from, int to, int at)
{
	struct passed passed;
	int fd = at == 0 && file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	char c;

	while (read(from, &passed, sizeof(passed)) == sizeof(passed)) {
		if (at == 0 && file && pread(fd, &c, 1, 0) != 1)
			die("cannot read %s", file);
		passed.ran_ns[at] = now_ns();
		if (write(to, &passed, sizeof(passed)) != sizeof(passed))
			break;
	}
	_exit(0);
}

static pid_t start_link(int at, int from, int to, int cpu)
{
	char name[2] = {(char)('A' + at), '\0'};
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	if (at > 0)
		set_fifo(20, 0);
	pin_to_cpu(at > 0 ? !cpu : cpu);
	pass_on(from, to, at);
	return 0;
}

int main(int argc, char **argv)
{
	struct passed passed = {0};
	int pipes[LINKS + 1][2];
	pid_t pids[LINKS];
	char c;

	if (argc != 2 && argc != 3)
		die("usage: chain CPU [FILE]");
	file = argv[2];
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i <= LINKS; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			die("pipe");
	for (int i = 0; i < LINKS; i++)
		pids[i] = start_link(i, pipes[i][0], pipes[i + 1][1], atoi(argv[1]));
	pin_to_cpu(atoi(argv[1]) == 0 ? 1 : 0);
	/* Once round without a delay: afterwards each sleeps in its read. */
	for (int rounds = 0; rounds == 0 || read(STDIN_FILENO, &c, 1) == 1; rounds++) {
		if (rounds > 0 && c != '\n')
			continue;
		passed.begin_ns = now_ns();
		if (write(pipes[0][1], &passed, sizeof(passed)) != sizeof(passed) ||
		    read(pipes[LINKS][0], &passed, sizeof(passed)) != sizeof(passed))
			die("the chain is broken");
		emit("{\"begin_ns\": %llu, \"pids\": [%d, %d, %d, %d],"
		     " \"ran_ns\": [%llu, %llu, %llu, %llu]}",
		     (unsigned long long)passed.begin_ns, pids[0], pids[1], pids[2], pids[3],
		     (unsigned long long)passed.ran_ns[0], (unsigned long long)passed.ran_ns[1],
		     (unsigned long long)passed.ran_ns[2], (unsigned long long)passed.ran_ns[3]);
	}
	for (int i = 0; i < LINKS; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
