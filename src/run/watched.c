/* Find the cgroups to watch beside the run (--also): a daemon that the tests wait for */
#include "run/watched.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "system/cgroup_find.h"
#include "system/procfs.h"

#define SEARCH_DEPTH 8

/*
 * Searches below fd for directories called name, and closes fd. *ret is the path of the first one,
 * relative to the start. Returns how many there are.
 */
static unsigned search(int fd, const char *below, const char *name, int levels, char **ret)
{
	unsigned found = 0;
	DIR *directory = fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		close_fd(fd);
		return 0;
	}
	while ((entry = readdir(directory))) {
		_cleanup_free_ char *path = NULL;
		int child;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		path = xasprintf("%s/%s", below, entry->d_name);
		if (streq(entry->d_name, name)) {
			found++;
			if (!*ret)
				*ret = xstrdup(path);
		}
		child = openat(dirfd(directory), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0 && levels)
			found += search(child, path, name, levels - 1, ret);
		else
			close_fd(child);
	}
	closedir(directory);
	return found;
}

/* The cgroup of a unit has the name of the unit; "x" means "x.service", as for systemctl(1). */
static int find_unit(const char *root_dir, const char *text, char **ret_path, char **ret_message)
{
	_cleanup_free_ char *name = strchr(text, '.') ? xstrdup(text)
						      : xasprintf("%s.service", text);
	int fd = open(root_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned found = fd < 0 ? 0 : search(fd, "", name, SEARCH_DEPTH, ret_path);

	if (found == 1)
		return 0;
	free(*ret_path);
	*ret_path = NULL;
	if (found)
		*ret_message = xasprintf(
			"--also '%s' names %u cgroups: give the path of one, as in /proc/PID/cgroup",
			text, found);
	else
		*ret_message = xasprintf(
			"--also: no cgroup is called '%s': give its path, as in /proc/PID/cgroup",
			name);
	return found ? -EEXIST : -ENOENT;
}

int watched_cgroup_resolve(const char *text, struct watched_cgroup *ret, char **ret_message)
{
	_cleanup_free_ char *mountinfo = NULL, *own_path = NULL, *dir = NULL, *path = NULL;
	struct stat status;
	int r;

	if (geteuid() != 0) {
		*ret_message = xasprintf(
			"--also '%s' shows what other users run: run latwrap as root", text);
		return -EPERM;
	}
	r = read_file("/proc/self/mountinfo", &mountinfo, NULL);
	if (r == 0)
		r = procfs_own_cgroup(&own_path);
	if (r == 0 && text[0] == '/')
		path = xstrdup(text);
	else if (r == 0 && cgroup_directory(mountinfo, "/", &dir) == 0)
		r = find_unit(dir, text, &path, ret_message);
	if (*ret_message)
		return r;
	free(dir);
	dir = NULL;
	if (r == 0)
		r = path ? cgroup_directory(mountinfo, path, &dir) : -ENOENT;
	if (r == 0 && (stat(dir, &status) < 0 || !S_ISDIR(status.st_mode)))
		r = -ENOENT;
	if (r != 0) {
		*ret_message = xasprintf(
			"--also: there is no cgroup '%s' (%s): give its path, as in /proc/PID/cgroup",
			text, strerror(-r));
		return r;
	}
	*ret = (struct watched_cgroup){
		.name = xstrdup(text),
		.path = steal_ptr(path),
		.id = status.st_ino,
	};
	ret->levels_below = cgroup_depth(ret->path) - cgroup_depth(own_path);
	return 0;
}

void watched_cgroup_done(struct watched_cgroup *cgroup)
{
	free(cgroup->name);
	free(cgroup->path);
	*cgroup = (struct watched_cgroup){0};
}
