/* Find directories that only root or only the user can write to, for files the command uses */
#include "system/own_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "system/passwd.h"

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)
#define OVERFLOW_UID       65534 /* /proc/sys/fs/overflowuid */
#define OPEN_DIRECTORY     (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* -- Candidates -------------------------------------------------------------------------------- */

struct candidates {
	char *path[3]; /* owned */
	unsigned count;
};

/*
 * Takes ownership of path. Ignores a path that is not absolute, as the XDG Base Directory
 * Specification asks.
 */
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

/*
 * Returns whether some users of the machine have no ID in our user namespace. All of them appear as
 * the overflow user there, and so does root of the machine, who owns the parents of our directories
 * (user_namespaces(7)).
 */
static bool has_unnumbered(void)
{
	_cleanup_free_ char *map = NULL;

	if (read_file("/proc/self/uid_map", &map, NULL) < 0)
		return false;
	/* Each line is "INSIDE OUTSIDE COUNT". */
	for (char *at = map, *end; *at; at = end + strspn(end, " \n")) {
		unsigned long inside = strtoul(at, &end, 10), count;

		if (end == at)
			return false;
		strtoul(end, &end, 10);
		count = strtoul(end, &end, 10);
		if (OVERFLOW_UID >= inside && OVERFLOW_UID - inside < count)
			return false;
	}
	return true;
}

/*
 * root of a user namespace also gets the directory of the user: the others belong to the machine.
 */
static void list(enum own_place_kind kind, struct candidates *ret)
{
	bool is_root = geteuid() == 0, is_runtime = kind == OWN_PLACE_RUNTIME;

	*ret = (struct candidates){0};
	if (is_root) {
		add(ret, xstrdup(is_runtime ? "/run/latwrap" : "/var/lib/latwrap"));
		add(ret, xstrdup(is_runtime ? "/var/lib/latwrap/run" : "/run/latwrap"));
	} else if (is_runtime) {
		add(ret, below_variable("XDG_RUNTIME_DIR", "latwrap"));
	}
	if (!is_root || has_unnumbered())
		add(ret, below_data(is_runtime ? "latwrap/run" : "latwrap"));
	if (!is_root && !is_runtime)
		add(ret, below_variable("XDG_RUNTIME_DIR", "latwrap"));
}

/* -- Opening --------------------------------------------------------------------------------------- */

static int check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_mode & WRITABLE_BY_OTHERS)
		return -EPERM;
	return st.st_uid == 0 || st.st_uid == geteuid() ||
			       (st.st_uid == OVERFLOW_UID && has_unnumbered())
		       ? 0
		       : -EPERM;
}

/*
 * Opens a path that has no symbolic links. Checks each component after opening it, so that nobody
 * can replace it between check and use. Returns a descriptor or -errno.
 */
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

/*
 * Returns the existing part of path with symbolic links resolved, or NULL with errno set; the
 * caller frees it. *ret_rest is the missing part.
 */
static char *existing_part(const char *path, const char **ret_rest)
{
	_cleanup_free_ char *part = xstrdup(path);
	char *real;

	while (!(real = realpath(part, NULL)) && errno == ENOENT) {
		char *slash = strrchr(part, '/');

		slash[slash == part] = '\0';
	}
	*ret_rest = path + strlen(part);
	return real;
}

/*
 * Makes the directories of path below fd, which has been checked. Ignores the umask of the caller:
 * the command may run as another user.
 */
static int make(int fd, const char *path)
{
	mode_t mask = umask(WRITABLE_BY_OTHERS);
	int r = 0;

	path += strspn(path, "/");
	for (const char *end = path; r == 0 && *end; end += strspn(end, "/")) {
		_cleanup_free_ char *part = NULL;

		end += strcspn(end, "/");
		part = xstrndup(path, (size_t)(end - path));
		if (mkdirat(fd, part, 0755) < 0 && errno != EEXIST)
			r = -errno;
	}
	umask(mask);
	return r;
}

/*
 * Makes the missing directories of path. *ret_real is the path with symbolic links resolved; the
 * caller frees it. Returns 0 or -errno.
 */
static int make_place(const char *path, char **ret_real)
{
	const char *missing;
	_cleanup_free_ char *real = existing_part(path, &missing);
	_cleanup_close_ int fd = -1;
	int r;

	if (!real)
		return -errno;
	fd = open_checked(real);
	r = fd < 0 ? fd : 0;
	if (r == 0 && *missing) {
		r = make(fd, missing);
		free(real);
		real = realpath(path, NULL);
		if (r == 0 && !real)
			r = -errno;
	}
	if (r == 0)
		*ret_real = steal_ptr(real);
	return r;
}

/*
 * Makes and opens path. Returns a descriptor and sets *ret_path to the resolved path, or returns
 * -errno.
 */
static int open_place(const char *path, char **ret_path)
{
	_cleanup_free_ char *real = NULL;
	_cleanup_close_ int fd = -1;
	/* Reject a ":", which separates directories in a list such as PATH. */
	int opened, r = strchr(path, ':') ? -EINVAL : make_place(path, &real);

	if (r < 0)
		return r;
	if (!real || strchr(real, ':'))
		return -EINVAL;
	fd = open_checked(real);
	opened = fd < 0 ? fd : own_place_open_below(fd, ".");
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
