/* The disturbance of a frozen cgroup: all its processes stand still */
#include "run/disturb_freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/disturb_wait.h"

#define FREEZE_FILE        "cgroup.freeze"
/* A process in uninterruptible sleep does not freeze. */
#define FREEZE_PATIENCE_NS (20 * NSEC_PER_MSEC)

int disturb_freeze_probe(const int *cgroup_fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *frozen = NULL;
		int r = read_file_at(cgroup_fds[i], FREEZE_FILE, &frozen, NULL);

		if (r == 0 && *frozen == '1') {
			log_error("the cgroup is frozen already: thaw it first");
			return -EBUSY;
		}
		if (r == 0)
			r = write_file_at(cgroup_fds[i], FREEZE_FILE, "0");
		if (r < 0)
			return log_errno(r, "cannot freeze the cgroup (cgroup.freeze)");
	}
	return 0;
}

static bool is_frozen(int events_fd)
{
	char text[256];
	ssize_t n = pread(events_fd, text, sizeof(text) - 1, 0);

	text[MAX(n, (ssize_t)0)] = '\0';
	return strstr(text, "frozen 1");
}

/* cgroup.events tells of a change by POLLPRI once it has been read. */
static void wait_until_frozen(int cgroup_fd, int fd, uint64_t until_ns)
{
	_cleanup_close_ int events_fd = openat(cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);

	while (events_fd >= 0 && !is_frozen(events_fd))
		if (!disturb_wait_for(fd, events_fd, POLLPRI, until_ns))
			return;
}

void disturb_thaw(const int *cgroup_fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		write_file_at(cgroup_fds[i], FREEZE_FILE, "0");
}

void disturb_freeze(const int *cgroup_fds, size_t count, int fd, uint64_t length_ns,
		    struct disturb_times *ret)
{
	uint64_t patience_ns = MAX(length_ns, (uint64_t)FREEZE_PATIENCE_NS), frozen_ns;
	bool all = true;

	ret->start_ns = kernel_now_ns();
	for (size_t i = 0; i < count; i++)
		all &= write_file_at(cgroup_fds[i], FREEZE_FILE, "1") == 0;
	for (size_t i = 0; i < count; i++)
		wait_until_frozen(cgroup_fds[i], fd, ret->start_ns + patience_ns);
	frozen_ns = kernel_now_ns();
	all &= frozen_ns < ret->start_ns + patience_ns;
	disturb_wait(fd, frozen_ns + (all ? length_ns : 0));
	ret->end_ns = kernel_now_ns();
	disturb_thaw(cgroup_fds, count);
	ret->done_ns = all ? ret->end_ns - frozen_ns : 0;
}
