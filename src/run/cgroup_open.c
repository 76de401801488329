/* Open an existing cgroup: that of the caller, or one by its path; and leave one */
#include "run/cgroup_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/util.h"
#include "system/cgroup_find.h"
#include "system/procfs.h"

static const char not_mounted[] =
	"no cgroup2 file system is mounted: mount one (mount -t cgroup2 none "
	"/sys/fs/cgroup)";

/* -- Opening --------------------------------------------------------------------------------------- */

/* Returns whether fd is on that mount. Assumes so if the kernel does not tell (before 5.8). */
static bool is_on_mount(int fd, int mount_id)
{
	struct statx stx;

	return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 ||
	       !(stx.stx_mask & STATX_MNT_ID) || stx.stx_mnt_id == (uint64_t)mount_id;
}

/*
 * Opens the directory if its path leads to the mount that it was found by. Returns a descriptor or
 * -errno.
 */
static int open_place(const struct cgroup_place *place)
{
	_cleanup_close_ int fd = -1;
	struct statfs fs;

	fd = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !is_on_mount(fd, place->mount_id))
		return -ENOENT;
	return steal_fd(&fd);
}

static char *no_place_message(const char *mountinfo, const char *own_path)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(own_path);

	if (!cgroup_mounted(mountinfo))
		return xstrdup(not_mounted);
	/* The kernel appends this (proc_cgroup_show()). */
	if (length > strlen(deleted) && streq(own_path + length - strlen(deleted), deleted))
		return xasprintf("the cgroup of this process, %s, was removed: move the process "
				 "to another one",
				 own_path);
	return xasprintf("the cgroup of this process, %s, is in no cgroup2 mount that can be "
			 "reached: mount cgroup2 in this namespace (mount -t cgroup2 none "
			 "/sys/fs/cgroup)",
			 own_path);
}

static int read_proc(const char *path, char **ret, char **ret_message)
{
	int r = read_file(path, ret, NULL);

	if (r < 0)
		*ret_message = xasprintf("/proc cannot be read (%s): mount it", strerror(-r));
	return r;
}

/* Opens the first of the places that can be reached. Returns 0 or -errno. */
static int open_first(const struct cgroup_place *places, size_t count, struct cgroup *ret)
{
	struct stat st;

	for (size_t i = 0; i < count && ret->fd < 0; i++) {
		ret->fd = open_place(&places[i]);
		if (ret->fd >= 0)
			ret->dir = xstrdup(places[i].dir);
	}
	if (ret->fd < 0)
		return -ENOENT;
	if (fstat(ret->fd, &st) < 0)
		return -errno;
	ret->id = st.st_ino;
	return 0;
}

int cgroup_open_own(struct cgroup *ret, char **ret_message)
{
	_cleanup_free_ char *proc_cgroup = NULL, *mountinfo = NULL;
	struct cgroup_place *places = NULL;
	size_t count = 0;
	int r;

	*ret = CGROUP_NONE;
	r = read_proc("/proc/self/cgroup", &proc_cgroup, ret_message);
	if (r == 0)
		r = read_proc("/proc/self/mountinfo", &mountinfo, ret_message);
	if (r < 0)
		return r;
	r = cgroup_own_path(proc_cgroup, &ret->path);
	if (r < 0) {
		*ret_message = xstrdup(not_mounted);
		return r;
	}
	r = cgroup_places(mountinfo, ret->path, &places, &count);
	if (r < 0) {
		*ret_message = xasprintf("this process's cgroup, %s, is outside its cgroup "
					 "namespace: start latwrap from a cgroup inside it",
					 ret->path);
		return r;
	}
	r = open_first(places, count, ret);
	cgroup_places_free(places, count);
	if (r < 0)
		*ret_message = no_place_message(mountinfo, ret->path);
	return r;
}

int cgroup_open_path(const char *path, struct cgroup *ret, char **ret_message)
{
	_cleanup_free_ char *mountinfo = NULL;
	struct cgroup_place *places = NULL;
	size_t count = 0, length = strlen(path);
	int r = read_proc("/proc/self/mountinfo", &mountinfo, ret_message);

	*ret = CGROUP_NONE;
	if (r < 0)
		return r;
	while (length > 1 && path[length - 1] == '/')
		length--;
	ret->path = xstrndup(path, length);
	r = *path == '/' ? cgroup_places(mountinfo, ret->path, &places, &count) : -ENOENT;
	if (r == 0)
		r = open_first(places, count, ret);
	cgroup_places_free(places, count);
	if (r < 0)
		*ret_message = xasprintf(
			"there is no cgroup '%s' (%s): give its path, as in /proc/PID/cgroup", path,
			strerror(-r));
	return r;
}

bool cgroup_exists(const struct cgroup *cg)
{
	return faccessat(cg->fd, "cgroup.procs", F_OK, 0) == 0;
}

/* -- The caller ------------------------------------------------------------------------------------ */

bool cgroup_has_caller(const struct cgroup *cg)
{
	_cleanup_free_ char *own = NULL;

	return procfs_own_cgroup(&own) == 0 && cgroup_path_within(own, cg->path);
}

int cgroup_levels_below_caller(const struct cgroup *cg)
{
	_cleanup_free_ char *own = NULL;

	return procfs_own_cgroup(&own) == 0 ? cgroup_depth(cg->path) - cgroup_depth(own) : 0;
}

/* 0 stands for the caller (cgroups(7)). */
static bool enter(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
	       write_file_at(fd, "cgroup.procs", "0") == 0;
}

int cgroup_leave(const struct cgroup *cg)
{
	_cleanup_free_ char *dir = xstrdup(cg->dir);
	int before = cgroup_levels_below_caller(cg);
	bool has_left = !cgroup_has_caller(cg);

	for (char *slash; !has_left && (slash = strrchr(dir, '/')) && slash > dir;) {
		*slash = '\0';
		has_left = enter(dir);
	}
	return cgroup_levels_below_caller(cg) - before;
}
