/* Remove a directory and its content by descriptors: another directory may have its name by then */
#include "system/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define DEPTH_MAX      16
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool is_on_device(int fd, dev_t device)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == device;
}

/* Empties the directory fd and closes fd. Stays on the device: a mount belongs to somebody else. */
static void empty(int fd, dev_t device, unsigned depth)
{
	DIR *stream = fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		close_fd(fd);
		return;
	}
	while ((entry = readdir(stream))) {
		int below;

		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0 || (errno != EISDIR && errno != EPERM))
			continue;
		below = openat(fd, entry->d_name, OPEN_DIRECTORY);
		if (below >= 0 && depth && is_on_device(below, device))
			empty(below, device, depth - 1);
		else
			close_fd(below);
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(stream);
}

void remove_tree_content(int dir_fd)
{
	struct stat st;
	/* readdir() needs a file position of its own. */
	int content = openat(dir_fd, ".", OPEN_DIRECTORY);

	if (content >= 0 && fstat(dir_fd, &st) == 0)
		empty(steal_fd(&content), st.st_dev, DEPTH_MAX);
	close_fd(content);
}

void remove_tree(int parent_fd, int fd, const char *name)
{
	remove_tree_content(fd);
	unlinkat(parent_fd, name, AT_REMOVEDIR);
}
