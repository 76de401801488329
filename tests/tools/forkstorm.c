/* Many short-lived processes, never more than a given number at once. */
#include <spawn.h>
#include <sys/wait.h>

#include "tool.h"

/* forkstorm COUNT PARALLEL [PROGRAM]: forks only, or starts PROGRAM each time. */
#define MAX_COUNT    200000
#define MAX_PARALLEL 64

static void reap(void)
{
	int status;

	if (waitpid(-1, &status, 0) < 0)
		die("waitpid");
	if (status != 0)
		die("a child failed: %d", status);
}

static void start(char *program)
{
	char *const argv[] = {program, NULL};
	pid_t pid;

	if (program) {
		errno = posix_spawn(&pid, program, NULL, NULL, argv, environ);
		if (errno)
			die("cannot start %s", program);
		return;
	}
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		die("fork");
}

int main(int argc, char **argv)
{
	long count, parallel, alive = 0;

	if (argc < 3)
		die("usage: forkstorm COUNT PARALLEL [PROGRAM]");
	count = atol(argv[1]);
	parallel = atol(argv[2]);
	if (count < 0 || count > MAX_COUNT || parallel < 1 || parallel > MAX_PARALLEL)
		die("out of bounds");
	for (long i = 0; i < count; i++) {
		if (alive == parallel) {
			reap();
			alive--;
		}
		start(argv[3]);
		alive++;
	}
	while (alive-- > 0)
		reap();
	emit("{\"pid\": %d, \"children\": %ld}", getpid(), count);
	return 0;
}
