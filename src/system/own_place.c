/* Directories that only root (for root) or only the user can write to: where what the command's environment names lives. */
#include "system/own_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "system/passwd.h"

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)
#define OPEN_DIRECTORY     (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* -- Which ----------------------------------------------------------------------------------------- */

struct candidates {
	char *path[2]; /* owned */
	unsigned count;
};

/* Takes path over. The XDG Base Directory Specification wants a path that is not absolute to be ignored. */
static void add(struct candidates *candidates, char *path)
{
	if (path && *path == '/')
		candidates->path[candidates->count++] = path;
	else
		free(path);
}

static char *below_variable(const char *name, const char *rest)
{
	const char *value = secure_getenv(name);

	return value && *value == '/' ? xasprintf("%s/%s", value, rest) : NULL;
}

static char *below_data(const char *rest)
{
	_cleanup_free_ char *home = NULL, *from_home = xasprintf(".local/share/%s", rest);
	char *path = below_variable("XDG_DATA_HOME", rest);

	if (!path)
		path = below_variable("HOME", from_home);
	if (path)
		return path;
	home = passwd_home(getuid());
	return home ? xasprintf("%s/%s", home, from_home) : NULL;
}

static void list(enum own_place_kind kind, struct candidates *ret)
{
	bool is_root = geteuid() == 0;

	*ret = (struct candidates){0};
	if (kind == OWN_PLACE_LASTING) {
		add(ret, is_root ? xstrdup("/var/lib/latwrap") : below_data("latwrap"));
		add(ret, is_root ? xstrdup("/run/latwrap")
				 : below_variable("XDG_RUNTIME_DIR", "latwrap"));
	} else {
		add(ret, is_root ? xstrdup("/run/latwrap")
				 : below_variable("XDG_RUNTIME_DIR", "latwrap"));
		add(ret, is_root ? xstrdup("/var/lib/latwrap/run") : below_data("latwrap/run"));
	}
}

/* -- Opening --------------------------------------------------------------------------------------- */

/* Takes the parts of path in turn; what is there already may be a symbolic link of whoever owns what is around it. */
static int make_all(const char *path)
{
	mode_t mask = umask(WRITABLE_BY_OTHERS);
	int r = 0;

	for (const char *slash = strchr(path + 1, '/'); r == 0 && path;
	     slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *part = slash ? xstrndup(path, (size_t)(slash - path))
						  : xstrdup(path);

		/* A read-only file system says so even of what is there. */
		if (mkdir(part, 0755) < 0 && errno != EEXIST && access(part, F_OK) < 0)
			r = -errno;
		if (!slash)
			break;
	}
	umask(mask);
	return r;
}

static int check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & WRITABLE_BY_OTHERS)
		       ? 0
		       : -EPERM;
}

/* Of a path without symbolic links: each part is looked at once it is open, and so cannot be exchanged. */
static int open_checked(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	_cleanup_close_ int fd = open("/", O_PATH | OPEN_DIRECTORY);
	char *rest = NULL;
	int r = fd < 0 ? -errno : check(fd);

	for (char *name = strtok_r(copy, "/", &rest); r == 0 && name;
	     name = strtok_r(NULL, "/", &rest)) {
		int below = openat(fd, name, O_PATH | OPEN_DIRECTORY);

		close_fd(fd);
		fd = below;
		r = fd < 0 ? -errno : check(fd);
	}
	return r == 0 ? steal_fd(&fd) : r;
}

/* A descriptor, and the path without symbolic links, which the caller frees; or -errno. */
static int open_place(const char *path, char **ret_path)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *real = NULL;
	int opened, r = make_all(path);

	if (r < 0)
		return r;
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	/* It would divide a list of directories. */
	if (strchr(real, ':'))
		return -EINVAL;
	fd = open_checked(real);
	if (fd < 0)
		return fd;
	opened = own_place_open_below(fd, ".");
	if (opened >= 0)
		*ret_path = steal_ptr(real);
	return opened;
}

int own_place_open_below(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | OPEN_DIRECTORY);
	struct stat st;
	int r = fd < 0 ? -errno : check(fd);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() ? steal_fd(&fd) : -EPERM;
}

/* -- Finding --------------------------------------------------------------------------------------- */

static const char *reason(int error)
{
	switch (-error) {
	case EPERM:
		return "a part of it belongs to somebody else, or others can write to it";
	case ENOEXEC:
		return "no program in it can be executed (noexec)";
	case EINVAL:
		return "it has a ':' in it";
	default:
		return strerror(-error);
	}
}

static void complain(char **complaint, const char *path, int error)
{
	char *longer = xasprintf("%s%s%s: %s", *complaint ? *complaint : "", *complaint ? "; " : "",
				 path, reason(error));

	free(*complaint);
	*complaint = longer;
}

int own_place_find(enum own_place_kind kind, int (*use)(void *context, int fd, const char *path),
		   void *context, char **ret_complaint)
{
	struct candidates candidates;
	int r = -ENOENT;

	*ret_complaint = NULL;
	list(kind, &candidates);
	for (unsigned i = 0; i < candidates.count; i++) {
		_cleanup_free_ char *wanted = candidates.path[i], *path = NULL;
		_cleanup_close_ int fd = r == 0 ? -1 : open_place(wanted, &path);

		if (r == 0)
			continue;
		r = fd < 0 ? fd : use(context, fd, path);
		if (r < 0)
			complain(ret_complaint, wanted, r);
	}
	if (r == 0)
		free(steal_ptr(*ret_complaint));
	else if (!*ret_complaint)
		*ret_complaint = xstrdup("neither XDG_DATA_HOME nor HOME names a directory");
	return r;
}
