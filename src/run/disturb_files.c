/* The disturbance of slow files: what the run opens and reads is answered late */
#include "run/disturb_files.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/cgroup_procs.h"

#define EVENTS       (FAN_OPEN_PERM | FAN_ACCESS_PERM | FAN_ONDIR)
#define BATCH        64 /* events of one read() */
#define HELD_MAX     256
/* Each event comes with a descriptor. The kernel denies the access if there is none left. */
#define FILES_NEEDED (BATCH + HELD_MAX + 64)

/* -- The group ------------------------------------------------------------------------------------- */

static int open_group(void)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE,
			       O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * Those with a block device are found in /proc/filesystems. Overlayfs is not marked: since Linux 6.5, an open of its file is an
 * event of the file system below, too, and the open that the kernel does for an event of overlayfs would wait for our answer,
 * while we wait for that open.
 */
static bool has_own_files(const char *type)
{
	return streq(type, "tmpfs") || streq(type, "zfs");
}

/* Of FUSE, root may not open what a user mounted: the kernel would deny the user's access, too. */
static bool has_block_device(const char *filesystems, const char *type)
{
	_cleanup_free_ char *line = xasprintf("\n\t%s\n", type);

	return strstr(filesystems, line) && !streq(type, "fuseblk");
}

/*
 * Marks all file systems of a disk or of memory, and not mounts: the run may have mounts of its own.
 * Network file systems are left out: root, who opens each file for the event, may not be allowed to.
 * Returns how many it marked, or -errno if none.
 */
static int mark_all(int group)
{
	_cleanup_free_ char *filesystems = NULL;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int marked = 0, r = -ENOENT;

	read_file("/proc/filesystems", &filesystems, NULL);
	while (mounts && (mount = getmntent(mounts))) {
		if (!has_own_files(mount->mnt_type) &&
		    !(filesystems && has_block_device(filesystems, mount->mnt_type)))
			continue;
		if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, EVENTS, AT_FDCWD,
				  mount->mnt_dir) == 0)
			marked++;
		else
			r = -errno;
	}
	if (mounts)
		endmntent(mounts);
	return marked ? marked : r;
}

static const char *reason(int r)
{
	return r == -EPERM                    ? "permission is refused (it needs CAP_SYS_ADMIN)"
	       : r == -EINVAL || r == -ENOSYS ? "this kernel has no permission events of fanotify "
						"(CONFIG_FANOTIFY_ACCESS_PERMISSIONS)"
					      : strerror(-r);
}

int disturb_files_probe(void)
{
	_cleanup_close_ int group = open_group();
	int r = group < 0 ? group : mark_all(group);
	struct rlimit files;

	if (r < 0) {
		log_error("cannot slow files down: %s", reason(r));
		return r;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_NEEDED) {
		log_error("cannot slow files down: that takes %d open files, and the limit is %llu "
			  "(ulimit -Hn)",
			  FILES_NEEDED, (unsigned long long)files.rlim_cur);
		return -EMFILE;
	}
	return 0;
}

/* -- Its events ------------------------------------------------------------------------------------ */

/* What is held up keeps its descriptor until the group is closed: the kernel knows it by the number. */
struct hold {
	int group;
	int fds[HELD_MAX];
	size_t count;
	uint64_t since_ns;
	bool all; /* false: something went on that should be held up */
};

static void allow(int group, int fd)
{
	const struct fanotify_response response = {fd, FAN_ALLOW};
	ssize_t n = write(group, &response, sizeof(response));

	(void)n; /* It fails if the process has been killed. */
	close_fd(fd);
}

static void take_event(struct hold *hold, const struct cgroup *cgroup,
		       const struct fanotify_event_metadata *event)
{
	/* PID 0: of a PID namespace outside this one, and so not of the run */
	bool is_member = event->pid > 0 && cgroup_has(cgroup, event->pid);

	if (!is_member || hold->count == HELD_MAX) {
		hold->all &= !is_member;
		allow(hold->group, event->fd);
		return;
	}
	if (!hold->count)
		hold->since_ns = kernel_now_ns();
	hold->fds[hold->count++] = event->fd;
}

static void take_events(struct hold *hold, const struct cgroup *cgroup)
{
	struct fanotify_event_metadata events[BATCH], *event = events;
	ssize_t n = read(hold->group, events, sizeof(events));

	for (; n > 0 && FAN_EVENT_OK(event, n); event = FAN_EVENT_NEXT(event, n))
		if (event->fd >= 0)
			take_event(hold, cgroup, event);
}

/* The kernel allows all that has no answer yet. */
static void let_go(struct hold *hold)
{
	for (size_t i = 0; i < hold->count; i++)
		close_fd(hold->fds[i]);
	close_fd(hold->group);
}

bool disturb_files(const struct cgroup *cgroup, int fd, uint64_t length_ns,
		   struct disturb_times *ret)
{
	struct hold hold = {.group = open_group(), .all = true};
	uint64_t until_ns = UINT64_MAX;
	bool ready = hold.group >= 0 && mark_all(hold.group) > 0;

	while (disturb_wait_any(fd, hold.count ? 0 : POLLIN, ready ? hold.group : -1, POLLIN,
				until_ns) == DISTURB_OTHER) {
		take_events(&hold, cgroup);
		if (hold.count)
			until_ns = hold.since_ns + MIN(length_ns, UINT64_MAX - hold.since_ns);
	}
	ret->start_ns = hold.since_ns;
	ret->end_ns = kernel_now_ns();
	ret->done_ns = hold.all ? ret->end_ns - ret->start_ns : 0;
	let_go(&hold);
	return hold.count > 0;
}
