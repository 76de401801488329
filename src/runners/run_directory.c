/* A run's directory below the temporary directory, for its socket and what test runners load; taken away by fd. */
#include "runners/run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define PREFIX         "latwrap-run-"
#define RANDOM_DIGITS  16
#define ATTEMPTS       16
#define DEPTH_MAX      16
#define BASE_MAX_BYTES 60 /* the address of a socket has room for 108 (unix(7)) */

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* -- Taking away ----------------------------------------------------------------------------------- */

static bool is_on_device(int fd, dev_t device)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == device;
}

/* Below fd, which it closes. Never across a mount: that is somebody else's. */
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

static void remove_directory(int parent_fd, int fd, const char *name)
{
	struct stat st;
	/* An own position for readdir(). */
	int content = openat(fd, ".", OPEN_DIRECTORY);

	if (content >= 0 && fstat(fd, &st) == 0)
		empty(steal_fd(&content), st.st_dev, DEPTH_MAX);
	close_fd(content);
	unlinkat(parent_fd, name, AT_REMOVEDIR);
}

void run_directory_remove(struct run_directory *directory)
{
	if (directory->fd >= 0)
		remove_directory(directory->parent_fd, directory->fd,
				 strrchr(directory->path, '/') + 1);
	close_fd(directory->fd);
	close_fd(directory->parent_fd);
	free(directory->path);
	*directory = RUN_DIRECTORY_NONE;
}

/* -- What killed runs left ------------------------------------------------------------------------- */

static bool is_run_name(const char *name)
{
	const char *digits = startswith(name, PREFIX);

	return digits && strlen(digits) == RANDOM_DIGITS &&
	       strspn(digits, "0123456789abcdef") == RANDOM_DIGITS;
}

/* The directory, which is ours and locked; -EWOULDBLOCK while its run lives, or another -errno. */
static int claim(int parent_fd, const char *name)
{
	_cleanup_close_ int fd = openat(parent_fd, name, OPEN_DIRECTORY);
	struct stat by_fd, by_name;

	if (fd < 0 || fstat(fd, &by_fd) < 0)
		return -errno;
	if (by_fd.st_uid != geteuid())
		return -EPERM;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 ||
	    fstatat(parent_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev ? steal_fd(&fd)
										: -ENOENT;
}

static void clean_left_behind(const char *base)
{
	DIR *stream = opendir(base);
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		int fd = is_run_name(entry->d_name) ? claim(dirfd(stream), entry->d_name) : -1;

		if (fd >= 0)
			remove_directory(dirfd(stream), fd, entry->d_name);
		close_fd(fd);
	}
	if (stream)
		closedir(stream);
}

/* -- Making ---------------------------------------------------------------------------------------- */

static int make_below(const char *base, struct run_directory *ret)
{
	_cleanup_close_ int parent_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (parent_fd < 0)
		return -errno;
	for (int i = 0; i < ATTEMPTS; i++) {
		_cleanup_free_ char *name = NULL;
		uint64_t random;
		int fd;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		name = xasprintf(PREFIX "%016llx", (unsigned long long)random);
		if (mkdirat(parent_fd, name, 0700) < 0) {
			if (errno == EEXIST)
				continue;
			return -errno;
		}
		/* Another latwrap may have taken it for left behind: then take another name. */
		fd = claim(parent_fd, name);
		if (fd == -EWOULDBLOCK || fd == -ENOENT)
			continue;
		if (fd >= 0 && fchmod(fd, 0711) < 0) {
			close_fd(fd);
			fd = -EPERM;
		}
		if (fd < 0) {
			unlinkat(parent_fd, name, AT_REMOVEDIR);
			return fd;
		}
		*ret = (struct run_directory){
			.fd = fd,
			.parent_fd = steal_fd(&parent_fd),
			.path = xasprintf("%s/%s", base, name),
		};
		return 0;
	}
	return -EEXIST;
}

int run_directory_make(struct run_directory *ret)
{
	static const char *const fallbacks[] = {"/tmp", "/run", "/dev/shm"};
	const char *wanted = secure_getenv("TMPDIR");
	int r = -ENOENT;

	*ret = RUN_DIRECTORY_NONE;
	for (size_t i = 0; i <= ARRAY_SIZE(fallbacks); i++) {
		const char *base = i ? fallbacks[i - 1] : wanted;

		if (!base || *base != '/' || strlen(base) > BASE_MAX_BYTES)
			continue;
		clean_left_behind(base);
		r = make_below(base, ret);
		if (r == 0)
			return 0;
	}
	return r;
}
