/* The process of the command: start it in its cgroup, hold it, release, signal and reap it */
#include "run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "system/procfs.h"

static void drop_fd(int *fd)
{
	*fd = close_fd(*fd);
}

/* -- Start ------------------------------------------------------------------------------------ */

/*
 * Like fork(), as it uses neither CLONE_VM nor a new stack. But glibc does not know about it: the
 * child may only make system calls. Returns the PID or -errno.
 */
static pid_t clone_into(int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	long r;

	r = syscall(SYS_clone3, &args, sizeof(args));
	return r < 0 ? -errno : (pid_t)r;
}

/* Errors that fork_and_move() would get too */
static bool is_exhausted(int err)
{
	return err == EAGAIN || err == ENOMEM || err == EMFILE || err == ENFILE;
}

static int move_into(int cgroup_fd, pid_t pid)
{
	_cleanup_free_ char *text = xasprintf("%d", (int)pid);

	return write_file_at(cgroup_fd, "cgroup.procs", text);
}

/* Starts the child with fork() and moves it into the cgroup. Does not return in the child. */
static int fork_and_move(const struct child_spec *spec, struct child_exec *exec,
			 struct child *child)
{
	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (child->pid == 0)
		child_exec_run(exec);
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd < 0)
		child->pidfd = -1;
	if (spec->cgroup_fd < 0)
		return 0;
	child->way = CHILD_MOVED_INTO;
	return move_into(spec->cgroup_fd, child->pid);
}

static int make_process(const struct child_spec *spec, struct child_exec *exec, struct child *child)
{
	pid_t pid = -ENOSYS;

	if (!spec->force_fork) {
		pid = clone_into(spec->cgroup_fd, &child->pidfd);
		if (pid == 0)
			child_exec_run(exec);
	}
	if (pid > 0) {
		child->pid = pid;
		child->way = spec->cgroup_fd >= 0 ? CHILD_CLONED_INTO : CHILD_IN_PLACE;
		return 0;
	}
	if (is_exhausted(-pid))
		return pid;
	/*
	 * ENOSYS: before Linux 5.3, or seccomp; E2BIG, EINVAL: before 5.7; others: this cgroup
	 * refuses.
	 */
	child->pidfd = -1;
	return fork_and_move(spec, exec, child);
}

/*
 * An ignored SIGCHLD survives exec, and makes the kernel reap children itself: then nobody gets
 * their exit status. The command must inherit what the caller had. Returns whether SIGCHLD was
 * ignored.
 */
static bool unignore_sigchld(void)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, &action) < 0 || action.sa_handler != SIG_IGN)
		return false;
	signal(SIGCHLD, SIG_DFL);
	return true;
}

int child_start(const struct child_spec *spec, struct child *ret)
{
	struct child child = CHILD_NONE;
	struct child_exec exec;
	int go[2], result[2], r;

	*ret = CHILD_NONE;
	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	child.go_read_fd = go[0];
	child.go_fd = go[1];
	if (pipe2(result, O_CLOEXEC) < 0) {
		r = -errno;
		child_close(&child);
		return r;
	}
	child.exec_fd = result[0];

	child_exec_prepare(spec, &exec);
	exec.go_fd = go[0];
	exec.other_fds[0] = go[1];
	exec.other_fds[1] = result[0];
	exec.result_fd = result[1];
	exec.ignore_sigchld = child.sigchld_was_ignored = unignore_sigchld();
	r = make_process(spec, &exec, &child);
	child_exec_free(&exec);
	close_fd(result[1]);
	if (r < 0) {
		child_close(&child);
		return r;
	}
	*ret = child;
	return 0;
}

int child_release(struct child *child)
{
	ssize_t n;

	/* Our own read end is still open, so there is no SIGPIPE even if the child was killed. */
	do {
		n = write(child->go_fd, "", 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	drop_fd(&child->go_fd);
	drop_fd(&child->go_read_fd);
	return 0;
}

int child_wait_exec(struct child *child)
{
	struct child_exec_failure failure;
	ssize_t n;

	/*
	 * The message is smaller than PIPE_BUF: read() returns all of it, or nothing when exec or
	 * death closed the other end.
	 */
	do {
		n = read(child->exec_fd, &failure, sizeof(failure));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	drop_fd(&child->exec_fd);
	if (n != (ssize_t)sizeof(failure))
		return 0;
	child->failed_stage = failure.stage;
	return -failure.err;
}

/* -- Messages --------------------------------------------------------------------------------- */

int child_exec_exit_status(const struct child *child, int err)
{
	if (child->failed_stage != CHILD_STAGE_EXEC)
		return 125;
	return abs(err) == ENOENT ? 127 : 126;
}

static char *exec_message(const char *argv0, int err)
{
	bool has_slash = strchr(argv0, '/') != NULL;
	const char *why = strerror(err);

	if (err == ENOENT && *argv0 == '\0')
		why = "the command's name is empty";
	else if (err == ENOENT && !has_slash)
		why = "command not found in PATH";
	else if (err == ENOENT && access(argv0, F_OK) == 0)
		why = "the file exists, but the interpreter that it names does not";
	else if (err == ENOEXEC)
		why = "not a program that this machine can run";
	return xasprintf("cannot run '%s': %s", argv0, why);
}

char *child_exec_error_message(const struct child *child, const char *argv0, int err)
{
	static const char *const step[] = {
		[CHILD_STAGE_NONE] = "latwrap cannot tell whether it started",
		[CHILD_STAGE_LIMIT] = "its resource limits cannot be restored",
		[CHILD_STAGE_GROUPS] = "the user's groups cannot be set",
		[CHILD_STAGE_GID] = "the user's group cannot be set",
		[CHILD_STAGE_UID] = "the user cannot be set",
		[CHILD_STAGE_DROP] = "the privileges of the caller cannot be dropped",
	};

	err = abs(err);
	if (child->failed_stage == CHILD_STAGE_EXEC)
		return exec_message(argv0, err);
	return xasprintf("cannot run '%s': %s: %s", argv0, step[child->failed_stage],
			 strerror(err));
}

/* -- Life and end ----------------------------------------------------------------------------- */

int child_signal(const struct child *child, int sig)
{
	long r;

	if (child->reaped || child->pid <= 0)
		return -ESRCH;
	/* The child is not reaped, so nobody else has its PID, even without a pidfd. */
	r = kill(child->pid, sig);
	return r < 0 ? -errno : 0;
}

int child_pass_on(const struct child *child, const struct signalfd_siginfo *info)
{
	const union sigval value = {.sival_ptr = (void *)(uintptr_t)info->ssi_ptr};

	if (info->ssi_code != SI_QUEUE || child->reaped || child->pid <= 0)
		return child_signal(child, (int)info->ssi_signo);
	return sigqueue(child->pid, (int)info->ssi_signo, value) < 0 ? -errno : 0;
}

bool child_is_held(const struct child *child)
{
	return child->pid > 0 && child->go_fd >= 0;
}

bool child_has_pending(const struct child *child, int sig)
{
	static const char field[] = "\nShdPnd:\t";
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)procfs_number(child->pid));
	_cleanup_free_ char *status = NULL;
	const char *line;

	if (read_file(path, &status, NULL) < 0)
		return false;
	line = strstr(status, field);
	return line && (strtoull(line + strlen(field), NULL, 16) >> (sig - 1) & 1);
}

int child_reap(struct child *child, bool wait, struct child_exit *ret)
{
	struct rusage rusage;
	int status;
	pid_t pid;

	if (child->reaped || child->pid <= 0)
		return -ECHILD;
	do {
		pid = wait4(child->pid, &status, wait ? 0 : WNOHANG, &rusage);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	if (pid == 0)
		return -EAGAIN;
	child->reaped = true;
	*ret = (struct child_exit){
		.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.core_dumped = WIFSIGNALED(status) && WCOREDUMP(status),
		.rusage = rusage,
	};
	return 0;
}

void child_reap_others(const struct child *child)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			return;
		if (info.si_pid == child->pid && !child->reaped)
			return;
		if (waitpid(info.si_pid, NULL, WNOHANG) <= 0)
			return;
	}
}

int child_poll_stop(const struct child *child, int *ret_signal)
{
	siginfo_t info = {0};

	if (child->reaped || child->pid <= 0)
		return 0;
	if (waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) < 0)
		return errno == ECHILD ? 0 : -errno;
	if (info.si_pid == 0 || info.si_code != CLD_STOPPED)
		return 0;
	*ret_signal = info.si_status;
	return 1;
}

void child_close(struct child *child)
{
	bool held = child->go_fd >= 0 && child->pid > 0;
	struct child_exit unused;

	/* The child would exit by itself unless somebody stopped it. */
	if (held)
		child_signal(child, SIGKILL);
	drop_fd(&child->go_fd);
	drop_fd(&child->go_read_fd);
	drop_fd(&child->exec_fd);
	if (held)
		child_reap(child, true, &unused);
	drop_fd(&child->pidfd);
	if (child->sigchld_was_ignored)
		signal(SIGCHLD, SIG_IGN);
	*child = CHILD_NONE;
}
