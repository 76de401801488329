/* Starts a program in an unusual way: from a second thread, by vfork or execveat, as a daemon or an orphan. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tool.h"

/*
 *   execer thread|vfork|daemon|orphan|fd|cloexec|path|directory|fexecve PROGRAM [ARGUMENT]...
 *
 * fd, cloexec, path and directory are the ways to name a program to execveat(2): an open file, one that closes on exec,
 * a path, a name in an open directory.
 * thread and vfork end as the program does. daemon (setsid, double fork) and orphan (its parent
 * ends, no new session) let it go on alone with stdout and stderr to /dev/null, print
 * {"daemon": PID} and end.
 */

static char **program;

static void __attribute__((noreturn)) become_program(void)
{
	execvp(program[0], program);
	_exit(127);
}

static void *exec_in_thread(void *unused)
{
	become_program();
	return unused;
}

static int by_thread(void)
{
	pthread_t thread;

	emit("{\"pid\": %d}", getpid());
	if (pthread_create(&thread, NULL, exec_in_thread, NULL) != 0)
		die("pthread_create");
	pthread_join(thread, NULL);
	return 127;
}

static int by_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execvp(program[0], program);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("vfork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void __attribute__((noreturn)) second_child(int report_fd)
{
	pid_t self = getpid();
	int null_fd = open("/dev/null", O_RDWR);

	if (write(report_fd, &self, sizeof(self)) != sizeof(self) || null_fd < 0)
		_exit(126);
	dup2(null_fd, STDOUT_FILENO);
	dup2(null_fd, STDERR_FILENO);
	become_program();
}

static int alone(int new_session)
{
	int report[2];
	pid_t child, daemon_pid;
	char end;

	if (pipe2(report, O_CLOEXEC) < 0)
		die("pipe");
	child = fork();
	if (child == 0) {
		if (new_session)
			setsid();
		if (fork() == 0)
			second_child(report[1]);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		die("fork");
	/* The end of input comes with its exec, which closes the last other end. */
	close(report[1]);
	if (read(report[0], &daemon_pid, sizeof(daemon_pid)) != sizeof(daemon_pid) ||
	    read(report[0], &end, 1) != 0)
		die("the daemon did not start");
	emit("{\"daemon\": %d}", daemon_pid);
	return 0;
}

static void by_execveat(const char *way)
{
	const char *path = program[0], *name = strrchr(path, '/');
	int flags = 0, fd = AT_FDCWD;

	if (strcmp(way, "fd") == 0 || strcmp(way, "cloexec") == 0) {
		fd = open(path, O_RDONLY | (strcmp(way, "cloexec") == 0 ? O_CLOEXEC : 0));
		path = "";
		flags = AT_EMPTY_PATH;
	} else if (strcmp(way, "directory") == 0 && name && chdir("/") == 0) {
		fd = open(strndupa(path, (size_t)(name - path)), O_RDONLY | O_DIRECTORY);
		path = name + 1;
	}
	syscall(SYS_execveat, fd, path, program, environ, flags);
	die("execveat");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		die("usage: execer thread|vfork|daemon|orphan|fd|cloexec|path|directory|fexecve PROGRAM"
		    " [ARGUMENT]...");
	program = argv + 2;
	if (strcmp(argv[1], "thread") == 0)
		return by_thread();
	if (strcmp(argv[1], "vfork") == 0)
		return by_vfork();
	if (strcmp(argv[1], "daemon") == 0)
		return alone(1);
	if (strcmp(argv[1], "orphan") == 0)
		return alone(0);
	if (strcmp(argv[1], "fexecve") == 0)
		fexecve(open(program[0], O_RDONLY | O_CLOEXEC), program, environ);
	else
		by_execveat(argv[1]);
	die("cannot start %s", program[0]);
}
