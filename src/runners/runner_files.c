/* The wrappers (wrappers/), which the program carries with it and unpacks for a run. */
#include "runners/runner_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

/* Made by the Makefile from wrappers/. */
static const struct {
	const char *path; /* below wrappers/ */
	const unsigned char *data;
	size_t size;
} files[] = {
#include <wrappers.inc>
};

/* "a/b/c" below dir_fd: makes a and a/b. */
static int make_parents(int dir_fd, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *parent = xasprintf("%.*s", (int)(slash - path), path);

		/* Whatever the umask: the command may be another user. */
		if (mkdirat(dir_fd, parent, 0755) == 0 ? fchmodat(dir_fd, parent, 0755, 0) < 0
						       : errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_file(int dir_fd, const char *path, const unsigned char *data, size_t size)
{
	_cleanup_close_ int fd = -1;
	mode_t mode = size > 2 && data[0] == '#' && data[1] == '!' ? 0755 : 0644;
	int r = make_parents(dir_fd, path);

	if (r < 0)
		return r;
	fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += MAX(n, 0);
		size -= MAX(n, 0);
	}
	return fchmod(fd, mode) ? -errno : 0;
}

int runner_files_write(int dir_fd, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *rest = startswith(files[i].path, name);
		int r;

		if (!rest || *rest != '/')
			continue;
		r = write_file(dir_fd, files[i].path, files[i].data, files[i].size);
		if (r < 0)
			return r;
	}
	return 0;
}
