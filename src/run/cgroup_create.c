/* Create and remove the cgroup of the run, and clean up what killed runs left */
#include "run/cgroup_create.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "run/cgroup_open.h"
#include "run/cgroup_procs.h"

#define NAME_PREFIX     "latwrap-"
#define CREATE_ATTEMPTS 16
#define CLEAN_NS        (500 * NSEC_PER_MSEC)
/* A dying process cannot be moved, and may need some time on a slow machine. */
#define DESTROY_NS      (2 * NSEC_PER_SEC)

#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

/* -- What killed runs left -------------------------------------------------------------------- */

/* Accepts only names that make_name() makes: a "latwrap-tests.slice" belongs to somebody else. */
static bool is_run_name(const char *name)
{
	const char *s = startswith(name, NAME_PREFIX);
	size_t digits = s ? strspn(s, "0123456789") : 0;

	return digits > 0 && s[digits] == '-' && strlen(s + digits + 1) == 8 &&
	       strspn(s + digits + 1, "0123456789abcdef") == 8;
}

/*
 * Opens and locks the directory. Returns a descriptor, -EWOULDBLOCK while its owner lives, or
 * another -errno.
 */
static int open_left_behind(int parent_fd, const char *name)
{
	_cleanup_close_ int fd = -1;

	fd = openat(parent_fd, name, OPEN_DIRECTORY);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* A live run may be nested in the run of a latwrap that was killed. */
static bool holds_live_run(int fd)
{
	struct cgroup_tree tree;
	bool live = false;

	if (cgroup_tree_list(fd, &tree) < 0)
		return true;
	for (size_t i = 1; i < tree.count && !live; i++) {
		const char *slash = strrchr(tree.path[i], '/');
		_cleanup_close_ int nested_fd = -1;

		if (!is_run_name(slash ? slash + 1 : tree.path[i]))
			continue;
		nested_fd = open_left_behind(fd, tree.path[i]);
		live = nested_fd == -EWOULDBLOCK;
	}
	cgroup_tree_free(&tree);
	return live;
}

/* Removes children before parents. Returns -EBUSY while one of them has a process. */
static int remove_tree(const struct cgroup *cg)
{
	struct cgroup_tree tree;
	int r;

	r = cgroup_tree_list(cg->fd, &tree);
	if (r < 0)
		return r;
	for (size_t i = tree.count; i-- > 1 && r == 0;)
		if (unlinkat(cg->fd, tree.path[i], AT_REMOVEDIR) < 0 && errno != ENOENT)
			r = -errno;
	cgroup_tree_free(&tree);
	if (r < 0)
		return r;
	if (unlinkat(cg->parent_fd, strrchr(cg->dir, '/') + 1, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

static int remove_until(const struct cgroup *cg, uint64_t deadline_ns)
{
	_cleanup_close_ int events_fd = cgroup_events_open(cg);

	for (;;) {
		int r = remove_tree(cg);

		if (r != -EBUSY || events_fd < 0 || now_ns(CLOCK_MONOTONIC) >= deadline_ns)
			return r;
		cgroup_wait_for_change(events_fd);
	}
}

static bool clean_one(const struct cgroup *own, const char *name, uint64_t deadline_ns)
{
	_cleanup_free_ char *dir = xasprintf("%s/%s", own->dir, name);
	_cleanup_close_ int fd = open_left_behind(own->fd, name);
	struct cgroup left = {.fd = fd, .parent_fd = own->fd, .dir = dir};

	if (fd < 0 || holds_live_run(fd))
		return false;
	return cgroup_evacuate_until(&left, deadline_ns) == 0 &&
	       remove_until(&left, deadline_ns) == 0;
}

static unsigned clean_left_behind(const struct cgroup *own)
{
	uint64_t deadline_ns = now_ns(CLOCK_MONOTONIC) + CLEAN_NS;
	struct dirent *entry;
	unsigned cleaned = 0;
	DIR *stream;
	int fd;

	fd = openat(own->fd, ".", OPEN_DIRECTORY);
	stream = fd >= 0 ? fdopendir(fd) : NULL;
	if (!stream) {
		close_fd(fd);
		return 0;
	}
	while ((entry = readdir(stream)))
		if (is_run_name(entry->d_name))
			cleaned += clean_one(own, entry->d_name, deadline_ns);
	closedir(stream);
	return cleaned;
}

/* -- Made and removed ------------------------------------------------------------------------- */

static char *make_name(void)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		random = (uint32_t)now_ns(CLOCK_MONOTONIC);
	return xasprintf(NAME_PREFIX "%d-%08x", (int)getpid(), random);
}

/*
 * Locks the new directory. Between mkdir and this call another latwrap may have taken it as left
 * behind and be about to remove it (-EWOULDBLOCK), or have removed it (-ENOENT): then the caller
 * tries another name. After success nobody else can lock it.
 */
static int claim(int parent_fd, const char *name)
{
	_cleanup_close_ int fd = open_left_behind(parent_fd, name);
	struct stat by_fd, by_name;

	if (fd < 0)
		return fd;
	if (fstat(fd, &by_fd) < 0 || fstatat(parent_fd, name, &by_name, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return by_fd.st_ino == by_name.st_ino ? steal_fd(&fd) : -ENOENT;
}

static char *mkdir_message(int err, const char *dir)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return xasprintf("no permission to make a cgroup in %s: run latwrap as root, or in "
				 "a delegated cgroup (systemd-run --user --scope -p Delegate=yes "
				 "latwrap ...)",
				 dir);
	case EROFS:
		return xasprintf("cgroup2 is mounted read-only at %s: mount it writable (for a "
				 "container: --privileged, or a writable /sys/fs/cgroup)",
				 dir);
	case EAGAIN:
		return xasprintf("no more cgroups are allowed in %s: raise cgroup.max.depth or "
				 "cgroup.max.descendants there or above",
				 dir);
	case ENOENT:
	case ENODEV:
		return xasprintf("the cgroup of this process, %s, was removed: move the process to "
				 "another one",
				 dir);
	default:
		return xasprintf("cannot make a cgroup in %s: %s", dir, strerror(err));
	}
}

/*
 * In a threaded cgroup a new cgroup is "domain invalid" and no process can enter it (cgroups(7)).
 */
static int make_usable(int fd)
{
	_cleanup_free_ char *type = NULL;
	int r;

	/* The command may read its own statistics, whatever the umask of the caller is. */
	if (fchmod(fd, 0755) < 0)
		return -errno;
	r = read_file_at(fd, "cgroup.type", &type, NULL);
	if (r < 0)
		return r;
	return startswith(type, "domain invalid") ? write_file_at(fd, "cgroup.type", "threaded")
						  : 0;
}

/* Fills in fd, dir and path with a new, claimed directory below own. */
static int make_directory(const struct cgroup *own, struct cgroup *cg)
{
	int r = -EBUSY;

	for (unsigned i = 0; i < CREATE_ATTEMPTS; i++) {
		_cleanup_free_ char *name = make_name();

		if (mkdirat(own->fd, name, 0755) < 0) {
			if (errno == EEXIST)
				continue;
			return -errno;
		}
		r = claim(own->fd, name);
		if (r >= 0) {
			cg->fd = r;
			cg->dir = xasprintf("%s/%s", own->dir, name);
			cg->path = xasprintf("%s/%s", streq(own->path, "/") ? "" : own->path, name);
			return 0;
		}
		unlinkat(own->fd, name, AT_REMOVEDIR);
	}
	return r;
}

int cgroup_create(struct cgroup *ret, char **ret_message)
{
	struct cgroup own = CGROUP_NONE, cg = CGROUP_NONE;
	struct stat st = {0};
	int r;

	*ret = CGROUP_NONE;
	*ret_message = NULL;

	r = cgroup_open_own(&own, ret_message);
	if (r < 0)
		goto out;
	cg.cleaned = clean_left_behind(&own);
	r = make_directory(&own, &cg);
	if (r < 0) {
		*ret_message = mkdir_message(-r, own.dir);
		goto out;
	}
	cg.parent_fd = steal_fd(&own.fd);
	r = make_usable(cg.fd);
	if (r == 0 && fstat(cg.fd, &st) < 0)
		r = -errno;
	if (r < 0) {
		*ret_message = xasprintf("%s cannot be used: %s", cg.dir, strerror(-r));
		remove_tree(&cg);
		goto out;
	}
	cg.id = st.st_ino;
	*ret = cg;
	cg = CGROUP_NONE;
out:
	cgroup_close(&own);
	cgroup_close(&cg);
	return r;
}

int cgroup_destroy(struct cgroup *cg)
{
	int r;

	r = remove_until(cg, now_ns(CLOCK_MONOTONIC) + DESTROY_NS);
	if (r < 0)
		return r;
	cgroup_close(cg);
	return 0;
}
