/* The processes in the cgroup of the run and below it: list, signal, kill and move them */
#include "run/cgroup_procs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "system/cgroup_find.h"
#include "system/procfs.h"

#define EVACUATE_NS          (2 * NSEC_PER_SEC)
#define EVACUATE_FREE_PASSES 4
#define KILL_NS              (2 * NSEC_PER_SEC)

/* -- Listing ---------------------------------------------------------------------------------- */

struct pid_list {
	pid_t *pid;
	size_t count, room;
};

static void pid_list_add(struct pid_list *list, pid_t pid)
{
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 64;
		list->pid = xreallocarray(list->pid, list->room, sizeof(*list->pid));
	}
	list->pid[list->count++] = pid;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static void pid_list_sort(struct pid_list *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->pid, list->count, sizeof(*list->pid), compare_pids);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list->pid[kept - 1] != list->pid[i])
			list->pid[kept++] = list->pid[i];
	list->count = kept;
}

/* Returns the process of a thread, or 0 if it is gone. */
static pid_t thread_process(pid_t tid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)procfs_number(tid));
	_cleanup_free_ char *text = NULL;
	const char *line;

	if (read_file(path, &text, NULL) < 0)
		return 0;
	line = strstr(text, "\nTgid:");
	return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : 0;
}

/*
 * Adds the processes of one directory. In a threaded cgroup cgroup.procs cannot be read
 * (EOPNOTSUPP), only the threads. Skips 0, which stands for a process of another PID namespace:
 * writing it to cgroup.procs would move the caller, and kill(0) would signal the whole process
 * group of the caller.
 */
static int list_directory(int fd, const char *path, bool threads, struct pid_list *list)
{
	_cleanup_free_ char *file = xasprintf("%s/cgroup.%s", path, threads ? "threads" : "procs");
	_cleanup_free_ char *text = NULL;
	char *state = NULL;
	int r;

	r = read_file_at(fd, file, &text, NULL);
	if (r < 0)
		return r;
	for (char *s = strtok_r(text, "\n", &state); s; s = strtok_r(NULL, "\n", &state)) {
		pid_t pid = (pid_t)strtol(s, NULL, 10);

		if (threads && pid > 0)
			pid = thread_process(pid);
		if (pid > 0)
			pid_list_add(list, pid);
	}
	return 0;
}

static int list_pids(int fd, struct pid_list *ret)
{
	struct cgroup_tree tree;
	bool threads = false;
	int r;

	*ret = (struct pid_list){0};
	r = cgroup_tree_list(fd, &tree);
	for (size_t i = 0; i < tree.count && r == 0; i++) {
		r = list_directory(fd, tree.path[i], threads, ret);
		if (r == -EOPNOTSUPP && i == 0) {
			threads = true;
			r = list_directory(fd, tree.path[i], threads, ret);
		}
		/* A threaded directory inside: the root of its domain lists its processes. */
		if (r == -ENOENT || r == -ENODEV || (r == -EOPNOTSUPP && i > 0))
			r = 0;
	}
	cgroup_tree_free(&tree);
	if (r < 0) {
		free(ret->pid);
		*ret = (struct pid_list){0};
		return r;
	}
	pid_list_sort(ret);
	return 0;
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_count)
{
	struct pid_list list;
	int r;

	r = list_pids(cg->fd, &list);
	if (r < 0)
		return r;
	*ret = list.pid;
	*ret_count = list.count;
	return 0;
}

/* -- Signals ---------------------------------------------------------------------------------- */

bool cgroup_has(const struct cgroup *cg, pid_t pid)
{
	_cleanup_free_ char *path = NULL;

	return procfs_cgroup(pid, &path) == 0 && cgroup_path_within(path, cg->path);
}

static int signal_process(const struct cgroup *cg, pid_t pid, int sig, pid_t except_group)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	long r;

	if (pidfd < 0 && errno == ESRCH)
		return -ESRCH;
	/*
	 * Check after opening the pidfd: then the answer holds for the process that the signal will
	 * hit.
	 */
	if (!cgroup_has(cg, pid) || (except_group && getpgid(pid) == except_group))
		return -ESRCH;
	/*
	 * Without pidfds (before Linux 5.3, or refused by seccomp) the PID can be reused before
	 * kill().
	 */
	r = pidfd >= 0 ? syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) : kill(pid, sig);
	return r < 0 ? -errno : 0;
}

static int signal_list(const struct cgroup *cg, const struct pid_list *list, int sig,
		       pid_t except_group)
{
	int failure = 0, count = 0;

	for (size_t i = 0; i < list->count; i++) {
		int r = signal_process(cg, list->pid[i], sig, except_group);

		if (r == 0)
			count++;
		else if (r != -ESRCH && failure == 0)
			failure = r;
	}
	return failure < 0 ? failure : count;
}

int cgroup_signal(const struct cgroup *cg, int sig, pid_t except_group)
{
	struct pid_list list;
	int r;

	r = list_pids(cg->fd, &list);
	if (r < 0)
		return r;
	r = signal_list(cg, &list, sig, except_group);
	free(list.pid);
	return r;
}

static bool pid_list_within(const struct pid_list *list, const struct pid_list *other)
{
	for (size_t i = 0; i < list->count; i++)
		if (!other->count || !bsearch(&list->pid[i], other->pid, other->count,
					      sizeof(*other->pid), compare_pids))
			return false;
	return true;
}

/*
 * A process with SIGKILL pending cannot fork (copy_process() in kernel/fork.c): when a listing has
 * only processes that were killed before, no process was missed. Freezing makes this happen soon,
 * and SIGKILL still ends a frozen process.
 */
static int kill_by_signal(const struct cgroup *cg)
{
	uint64_t deadline_ns = now_ns(CLOCK_MONOTONIC) + KILL_NS;
	struct pid_list killed = {0};
	bool done = false;
	int r = 0;

	write_file_at(cg->fd, "cgroup.freeze", "1");
	while (!done && r >= 0) {
		struct pid_list list;

		r = list_pids(cg->fd, &list);
		if (r < 0)
			break;
		done = pid_list_within(&list, &killed);
		if (!done) {
			r = signal_list(cg, &list, SIGKILL, 0);
			if (r >= 0 && now_ns(CLOCK_MONOTONIC) >= deadline_ns)
				r = -ETIMEDOUT;
		}
		free(killed.pid);
		killed = list;
	}
	free(killed.pid);
	write_file_at(cg->fd, "cgroup.freeze", "0");
	return r < 0 ? r : 0;
}

int cgroup_kill(const struct cgroup *cg)
{
	int r;

	r = write_file_at(cg->fd, "cgroup.kill", "1");
	/* A threaded cgroup refuses with EOPNOTSUPP. */
	if (r == -ENOENT || r == -EOPNOTSUPP)
		r = kill_by_signal(cg);
	return r;
}

/* -- Moving away ------------------------------------------------------------------------------ */

/* Returns 0 if any process was moved or had died, otherwise the first error. */
static int move_list(int procs_fd, const struct pid_list *list)
{
	bool progress = false;
	int failure = 0;

	for (size_t i = 0; i < list->count; i++) {
		char text[16];
		int length = snprintf(text, sizeof(text), "%d", (int)list->pid[i]);

		if (write(procs_fd, text, (size_t)length) == length || errno == ESRCH)
			progress = true;
		else if (failure == 0)
			failure = -errno;
	}
	return progress ? 0 : failure;
}

static int evacuate_pass(const struct cgroup *cg, bool *ret_empty)
{
	_cleanup_close_ int procs_fd = -1;
	struct pid_list list;
	int r;

	r = list_pids(cg->fd, &list);
	if (r < 0)
		return r;
	*ret_empty = list.count == 0;
	if (!*ret_empty) {
		procs_fd = openat(cg->parent_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		r = procs_fd < 0 ? -errno : move_list(procs_fd, &list);
	}
	free(list.pid);
	return r;
}

int cgroup_evacuate_until(const struct cgroup *cg, uint64_t deadline_ns)
{
	_cleanup_close_ int events_fd = cgroup_events_open(cg);
	bool empty = false, frozen = false;
	int r = events_fd < 0 ? events_fd : 0;

	/* Somebody removed the cgroup, so it was empty. */
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	for (unsigned pass = 0; r == 0; pass++) {
		/*
		 * A main thread that ended before the other threads stays listed here when they
		 * move.
		 */
		if (cgroup_events_populated(events_fd) == 0)
			break;
		r = evacuate_pass(cg, &empty);
		if (r < 0 || empty)
			break;
		if (now_ns(CLOCK_MONOTONIC) >= deadline_ns)
			r = -ETIMEDOUT;
		/* A process that is moved out thaws at once (cgroup_freezer_migrate_task()). */
		else if (pass == EVACUATE_FREE_PASSES)
			frozen = write_file_at(cg->fd, "cgroup.freeze", "1") == 0;
		/*
		 * The remaining processes were forked meanwhile, or are dying and cannot be moved.
		 */
		if (r == 0 && pass > 0)
			cgroup_wait_for_change(events_fd);
	}
	if (frozen)
		write_file_at(cg->fd, "cgroup.freeze", "0");
	return r;
}

int cgroup_evacuate(const struct cgroup *cg)
{
	return cgroup_evacuate_until(cg, now_ns(CLOCK_MONOTONIC) + EVACUATE_NS);
}
