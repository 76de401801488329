/* A cgroup (v2): its directories, and whether it has processes */
#include "run/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define WAIT_MS 5

static void drop_fd(int *fd)
{
	*fd = close_fd(*fd);
}

void cgroup_close(struct cgroup *cg)
{
	drop_fd(&cg->fd);
	drop_fd(&cg->parent_fd);
	free(cg->dir);
	free(cg->path);
	*cg = CGROUP_NONE;
}

/* -- Directories ------------------------------------------------------------------------------ */

static void tree_add(struct cgroup_tree *tree, char *path)
{
	tree->path = grow_array(tree->path, tree->count, sizeof(*tree->path));
	tree->path[tree->count++] = path;
}

static bool is_directory(int fd, const struct dirent *entry)
{
	struct stat st;

	if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int tree_add_children(int fd, size_t i, struct cgroup_tree *tree)
{
	_cleanup_close_ int dir_fd = -1;
	struct dirent *entry;
	DIR *stream;

	dir_fd = openat(fd, tree->path[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir_fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	stream = fdopendir(dir_fd);
	if (!stream)
		return -errno;
	while ((entry = readdir(stream)))
		if (is_directory(dir_fd, entry))
			tree_add(tree, i ? xasprintf("%s/%s", tree->path[i], entry->d_name)
					 : xstrdup(entry->d_name));
	steal_fd(&dir_fd);
	closedir(stream);
	return 0;
}

int cgroup_tree_list(int fd, struct cgroup_tree *ret)
{
	*ret = (struct cgroup_tree){0};
	tree_add(ret, xstrdup("."));
	for (size_t i = 0; i < ret->count; i++) {
		int r = tree_add_children(fd, i, ret);

		if (r < 0) {
			cgroup_tree_free(ret);
			return r;
		}
	}
	return 0;
}

void cgroup_tree_free(struct cgroup_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->path[i]);
	free(tree->path);
	*tree = (struct cgroup_tree){0};
}

/* -- cgroup.events ---------------------------------------------------------------------------- */

int cgroup_events_open(const struct cgroup *cg)
{
	int fd = openat(cg->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int cgroup_events_populated(int events_fd)
{
	char text[256];
	const char *line;
	ssize_t n;

	/* A read tells the kernel which changes the reader knows (kernfs_fop_poll()). */
	n = pread(events_fd, text, sizeof(text) - 1, 0);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	line = strstr(text, "populated ");
	return line ? line[strlen("populated ")] == '1' : -ENODATA;
}

int cgroup_populated(const struct cgroup *cg)
{
	_cleanup_close_ int fd = cgroup_events_open(cg);

	return fd < 0 ? fd : cgroup_events_populated(fd);
}

void cgroup_wait_for_change(int events_fd)
{
	struct pollfd pfd = {.fd = events_fd, .events = POLLPRI};

	cgroup_events_populated(events_fd);
	poll(&pfd, 1, WAIT_MS);
}
