/* Find processes in /proc, which may be of another PID namespace */
#include "system/procfs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "system/cgroup_find.h"

/* include/linux/proc_ns.h: PROC_USER_INIT_INO, PROC_PID_INIT_INO */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDul
#define FIRST_PID_NAMESPACE  0xEFFFFFFCul

static struct {
	bool known;
	bool ours; /* /proc shows our PID namespace */
	bool first; /* /proc shows the initial PID namespace */
} proc;

/* NSpid lists our ID in each namespace, from that of /proc down to our own. */
static void look_up_namespace(void)
{
	_cleanup_free_ char *status = NULL;
	const char *line = NULL;
	struct stat st;

	if (proc.known)
		return;
	proc.known = true;
	if (read_file("/proc/self/status", &status, NULL) == 0)
		line = strstr(status, "\nNSpid:\t");
	if (line) {
		line += strlen("\nNSpid:\t");
		proc.ours = strcspn(line, "\t") > strcspn(line, "\n");
	}
	proc.first = stat(proc.ours ? "/proc/self/ns/pid" : "/proc/1/ns/pid", &st) == 0 &&
		     st.st_ino == FIRST_PID_NAMESPACE;
}

/* fdinfo shows the ID of a pidfd in the namespace of the /proc that is read. */
static pid_t pidfd_number(int fd)
{
	_cleanup_free_ char *name = xasprintf("/proc/self/fdinfo/%d", fd);
	_cleanup_free_ char *text = NULL;
	const char *line;

	if (read_file(name, &text, NULL) < 0)
		return 0;
	line = strstr(text, "\nPid:\t");
	return line ? (pid_t)MAX(strtol(line + strlen("\nPid:\t"), NULL, 10), 0L) : 0;
}

pid_t procfs_number(pid_t pid)
{
	_cleanup_close_ int fd = -1;

	look_up_namespace();
	if (proc.ours)
		return pid;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? 0 : pidfd_number(fd);
}

static int read_cgroup(const char *file, char **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = read_file(file, &text, NULL);

	return r < 0 ? r : cgroup_own_path(text, ret);
}

int procfs_cgroup(pid_t pid, char **ret)
{
	_cleanup_free_ char *file = xasprintf("/proc/%d/cgroup", (int)procfs_number(pid));

	return read_cgroup(file, ret);
}

int procfs_own_cgroup(char **ret)
{
	return read_cgroup("/proc/self/cgroup", ret);
}

pid_t procfs_parent(pid_t number)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", (int)number);
	_cleanup_free_ char *status = NULL;
	const char *line;

	if (read_file(path, &status, NULL) < 0)
		return 0;
	line = strstr(status, "\nPPid:\t");
	return line ? (pid_t)strtol(line + strlen("\nPPid:\t"), NULL, 10) : 0;
}

bool procfs_descends(pid_t pid, pid_t ancestor)
{
	pid_t number = pid > 0 ? procfs_number(pid) : 0;
	pid_t wanted = procfs_number(ancestor);

	while (number > 1 && wanted > 0) {
		number = procfs_parent(number);
		if (number == wanted)
			return true;
	}
	return false;
}

uint32_t procfs_host_number(uint32_t host_pid)
{
	look_up_namespace();
	return proc.first ? host_pid : 0;
}

bool procfs_in_first_user_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) < 0 || st.st_ino == FIRST_USER_NAMESPACE;
}
