/* Where a report goes: a file in one piece or not at all, or a stream */
#include "report/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/outlet.h"
#include "report/growing_file.h"

#define BUFFER_BYTES (256u << 10)

/* -- Acting as the user -------------------------------------------------------------------------- */

struct fs_user {
	bool changed;
	uid_t old_uid;
	gid_t old_gid;
};

/*
 * setfsuid(2) to a user other than 0 also takes away the capabilities that override file
 * permissions, and setting it back returns them (capabilities(7)); unlike seteuid(), it changes
 * nothing else. It reports no errors: a call with an invalid id returns the current one.
 */
static int become_fs_user(uid_t uid, gid_t gid, struct fs_user *ret)
{
	*ret = (struct fs_user){0};
	if (uid == (uid_t)-1 || geteuid() != 0 || uid == 0)
		return 0;
	*ret = (struct fs_user){
		.changed = true,
		.old_gid = (gid_t)setfsgid(gid == (gid_t)-1 ? getegid() : gid),
		.old_uid = (uid_t)setfsuid(uid),
	};
	return (uid_t)setfsuid((uid_t)-1) == uid ? 0 : -EPERM;
}

static void leave_fs_user(struct fs_user *user)
{
	if (!user->changed)
		return;
	/* Set the uid first: setting the gid may need the capabilities that return with it. */
	setfsuid(user->old_uid);
	setfsgid(user->old_gid);
	user->changed = false;
}

#define _cleanup_fs_user_ _cleanup_(leave_fs_user)

/* -- Opening a target ---------------------------------------------------------------------------- */

struct report_target {
	char *path, *directory, *name;
	uid_t uid;
	gid_t gid;
	struct outlet descriptor; /* the descriptor that path names; fd -1: none */
	int pinned_fd; /* the directory (O_PATH) if the user may not write there; else -1 */
	bool give; /* new files there are given to the user */
	bool stream; /* path was a stream when it was opened */
	bool hurry; /* do not wait long for the reader */
	int said; /* the error that was logged last; 0: none */
};

/*
 * Returns the descriptor that path names, or -1. Opening /dev/stdout would start a redirected file
 * from its beginning again, and fails for a socket: use the descriptor itself.
 */
static int descriptor_in_path(const char *path)
{
	const char *number;
	uint64_t fd;

	if (streq(path, "-") || streq(path, "/dev/stdout"))
		return STDOUT_FILENO;
	if (streq(path, "/dev/stderr"))
		return STDERR_FILENO;
	number = startswith(path, "/dev/fd/");
	if (!number)
		number = startswith(path, "/proc/self/fd/");
	if (!number || parse_u64(number, &fd) < 0 || fd > INT32_MAX)
		return -1;
	return (int)fd;
}

static int open_directory(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * Whether path goes through no symbolic link. A link that somebody else put there must not decide
 * which directory gets a file of the user. Before Linux 5.6 the answer is no.
 */
static bool is_direct(const char *path)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_NO_SYMLINKS};
	_cleanup_close_ int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd >= 0;
}

/*
 * What exists at the place of the file decides how to write: returns 0 for a file (or nothing), 1
 * for a stream, or -errno.
 */
static int examine_place(int directory_fd, const char *name)
{
	struct stat st;

	if (fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		return 1;
	if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
}

/*
 * In a sticky directory (/tmp) only the owner of the file or of the directory may replace the file.
 */
static bool sticky_forbids(int directory_fd, const char *name)
{
	struct stat directory, st;
	uid_t self = (uid_t)setfsuid((uid_t)-1);

	return self != 0 && fstat(directory_fd, &directory) == 0 && directory.st_mode & S_ISVTX &&
	       directory.st_uid != self &&
	       fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid != self;
}

/* Like examine_place(), but also returns an error if the current user cannot write there. */
static int check_place(int directory_fd, const char *name)
{
	int r = examine_place(directory_fd, name);

	if (r < 0)
		return r;
	/* With AT_EACCESS the check is for the fsuid; access(2) checks the real uid. */
	if (faccessat(directory_fd, r ? name : ".", r ? W_OK : W_OK | X_OK, AT_EACCESS) < 0)
		return -errno;
	return r == 0 && sticky_forbids(directory_fd, name) ? -EPERM : r;
}

/* Whether the file is the caller's or the user's. A file of a third user must not be replaced. */
static bool is_ours(const struct report_target *target, const struct stat *st)
{
	return st->st_uid == geteuid() || st->st_uid == target->uid;
}

/* Uses the caller's rights where the user's rights do not suffice. */
static int pin_place(struct report_target *target)
{
	_cleanup_close_ int fd = open_directory(target->directory);
	int r = fd < 0 ? fd : check_place(fd, target->name);
	struct stat st;

	if (r < 0)
		return r;
	if (fstatat(fd, target->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !is_ours(target, &st)) {
		log_error("'%s' belongs to UID %u: remove it, or name another file", target->path,
			  st.st_uid);
		return target->said = -EPERM;
	}
	target->give = is_direct(target->directory);
	target->pinned_fd = steal_fd(&fd);
	return r;
}

static int open_place(struct report_target *target)
{
	_cleanup_close_ int fd = -1;
	struct fs_user user;
	bool changed;
	int r;

	r = become_fs_user(target->uid, target->gid, &user);
	changed = user.changed;
	if (r >= 0) {
		fd = open_directory(target->directory);
		r = fd < 0 ? fd : check_place(fd, target->name);
	}
	leave_fs_user(&user);

	if (changed && (r == -EACCES || r == -EPERM))
		r = pin_place(target);
	if (r == -ENOENT) {
		log_warning("%s does not exist: no report unless the command makes it",
			    target->directory);
		r = 0;
	}
	target->stream = r > 0;
	return r;
}

int report_target_open(const char *path, uid_t uid, gid_t gid, struct report_target **ret)
{
	_cleanup_(report_target_closep) struct report_target *target = xcalloc(1, sizeof(*target));
	const char *slash = strrchr(path, '/');
	int fd, r;

	*target = (struct report_target){
		.path = xstrdup(path),
		.directory = !slash ? xstrdup(".")
				    : xstrndup(path, MAX((size_t)(slash - path), (size_t)1)),
		.name = xstrdup(slash ? slash + 1 : path),
		.uid = uid,
		.gid = gid,
		.descriptor = OUTLET_NONE,
		.pinned_fd = -1,
	};

	fd = descriptor_in_path(path);
	if (fd >= 0) {
		target->stream = true;
		r = outlet_open(fd, &target->descriptor);
	} else if (target->name[0] == '\0') {
		r = *path ? -EISDIR : -ENOENT;
	} else {
		r = open_place(target);
	}
	if (r < 0)
		return r == target->said ? r : log_errno(r, "cannot write to '%s'", path);
	*ret = steal_ptr(target);
	return 0;
}

struct report_target *report_target_close(struct report_target *target)
{
	if (!target)
		return NULL;
	outlet_close(&target->descriptor);
	close_fd(target->pinned_fd);
	free(target->path);
	free(target->directory);
	free(target->name);
	free(target);
	return NULL;
}

bool report_target_is_stream(const struct report_target *target)
{
	return target->stream;
}

/* -- Writing --------------------------------------------------------------------------------------- */

struct filler {
	int (*fill)(FILE *out, void *userdata);
	void *userdata;
	bool failed; /* fill() failed, and has logged why */
};

/* Closes out. */
static int fill_file(FILE *out, struct filler *filler)
{
	int r;

	/* Few large writes are half the work of many small ones. */
	setvbuf(out, NULL, _IOFBF, BUFFER_BYTES);
	r = filler->fill(out, filler->userdata);
	filler->failed = r < 0;
	errno = 0;
	if (r >= 0 && (fflush(out) == EOF || ferror(out)))
		r = errno ? -errno : -EIO;
	/* NFS and quotas may report a full disk only now. */
	if (fclose(out) == EOF && r >= 0)
		r = -errno;
	return MIN(r, 0);
}

/* Prints through a FILE of its own, so that fd stays open for the caller. */
static int fill_fd(int fd, struct filler *filler)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

	if (!out) {
		int r = -errno;

		close_fd(copy);
		return r;
	}
	return fill_file(out, filler);
}

struct stream {
	const struct outlet *outlet;
	uint64_t patience_ns;
	int error;
};

static ssize_t write_stream(void *cookie, const char *data, size_t size)
{
	struct stream *stream = cookie;

	if (stream->error == 0)
		stream->error = outlet_write(stream->outlet, data, size, stream->patience_ns);
	return stream->error ? 0 : (ssize_t)size;
}

static int fill_stream(const struct outlet *outlet, uint64_t patience_ns, struct filler *filler)
{
	const cookie_io_functions_t functions = {.write = write_stream};
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	struct stream stream = {.outlet = outlet, .patience_ns = patience_ns};
	FILE *out = fopencookie(&stream, "w", functions);
	int r;

	if (!out)
		return -errno;
	/*
	 * A reader that has left is an error to report: it must not end latwrap, which has the
	 * command's exit status to return.
	 */
	sigaction(SIGPIPE, &ignore, &old);
	r = fill_file(out, filler);
	sigaction(SIGPIPE, &old, NULL);
	return stream.error ? stream.error : r;
}

static int write_special(int directory_fd, const char *name, struct filler *filler)
{
	/*
	 * O_NONBLOCK: opening a FIFO without a reader would wait for a reader forever. Now it fails
	 * with ENXIO.
	 */
	_cleanup_close_ int fd = openat(directory_fd, name,
					O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct outlet outlet = outlet_take(fd);
	struct stat st;

	if (fd < 0)
		return -errno;
	/* The file may have been replaced since it was examined. */
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return -EBUSY;
	return fill_stream(&outlet, OUTLET_PATIENCE_NS, filler);
}

/*
 * A name that is not longer than name can be: NAME_MAX is 255 on all usual file systems. NULL with
 * errno set on error.
 */
static char *temporary_name(const char *name)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return NULL;
	return xasprintf(".%.200s.%016" PRIx64, name, random);
}

/*
 * Creates a file in the directory: without a name (*ret_name NULL), so that nothing remains if
 * latwrap is killed; or, where the file system does not support that, with a name that did not
 * exist before.
 */
static int create_temporary(int directory_fd, const char *name, char **ret_name)
{
	/* linkat() of the path in /proc gives the file its name. */
	int unnamed = access("/proc/self/fd", X_OK) < 0
			      ? -1
			      : openat(directory_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644);

	*ret_name = NULL;
	if (unnamed >= 0)
		return unnamed;
	for (int attempt = 0; attempt < 100; attempt++) {
		_cleanup_free_ char *temporary = temporary_name(name);
		int fd;

		if (!temporary)
			return -errno;
		fd = openat(directory_fd, temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd >= 0) {
			*ret_name = steal_ptr(temporary);
			return fd;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Gives a file without a name one: the report's own name if it is free, else a temporary one. */
static int name_file(int fd, int directory_fd, const char *name, char **ret_temporary)
{
	_cleanup_free_ char *link = xasprintf("/proc/self/fd/%d", fd);
	_cleanup_free_ char *temporary = NULL;

	if (linkat(AT_FDCWD, link, directory_fd, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	temporary = temporary_name(name);
	if (!temporary)
		return -errno;
	if (linkat(AT_FDCWD, link, directory_fd, temporary, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	*ret_temporary = steal_ptr(temporary);
	return 0;
}

static int write_file(struct report_target *target, int directory_fd, struct filler *filler)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_close_ int fd = create_temporary(directory_fd, target->name, &temporary);
	int r = 0;

	if (fd < 0)
		return fd;
	if (directory_fd == target->pinned_fd && target->give &&
	    fchown(fd, target->uid, target->gid) < 0)
		r = -errno;
	/*
	 * Does not call fsync(). SIGKILL and OOM, the usual ends of a run, do not lose the page
	 * cache. fsync() would protect only against a crash of the kernel, and it would force a
	 * journal commit of everything that the command has written, in the middle of the run (for
	 * a checkpoint): a stall that latwrap causes. After such a crash the file may be empty;
	 * report_load() says so.
	 */
	if (r >= 0)
		r = fill_fd(fd, filler);
	if (r >= 0 && !temporary)
		r = name_file(fd, directory_fd, target->name, &temporary);
	if (r >= 0 && temporary &&
	    renameat(directory_fd, temporary, directory_fd, target->name) < 0)
		r = -errno;
	if (r < 0 && temporary)
		unlinkat(directory_fd, temporary, 0);
	return r;
}

static int write_place(struct report_target *target, int directory_fd, struct filler *filler)
{
	int r = examine_place(directory_fd, target->name);

	if (r < 0)
		return r;
	/*
	 * Only what was a stream before the command began is a stream: the command may put a FIFO
	 * there that nobody reads.
	 */
	return r > 0 && target->stream ? write_special(directory_fd, target->name, filler)
				       : write_file(target, directory_fd, filler);
}

static int write_to_directory(struct report_target *target, struct filler *filler)
{
	_cleanup_fs_user_ struct fs_user user = {0};
	_cleanup_close_ int fd = -1;
	int r;

	if (target->pinned_fd >= 0) {
		r = write_place(target, target->pinned_fd, filler);
		/* The pinned directory was removed, and perhaps made again. */
		if (r != -ENOENT)
			return r;
	}
	/*
	 * The command may have changed where path leads. So the path is followed only with the
	 * rights of the command's user.
	 */
	r = become_fs_user(target->uid, target->gid, &user);
	if (r < 0)
		return r;
	fd = open_directory(target->directory);
	return fd < 0 ? fd : write_place(target, fd, filler);
}

int report_target_write(struct report_target *target, int (*fill)(FILE *out, void *userdata),
			void *userdata)
{
	struct filler filler = {.fill = fill, .userdata = userdata};
	int r;

	r = target->descriptor.fd >= 0
		    ? fill_stream(&target->descriptor,
				  target->hurry ? OUTLET_PATIENCE_NS : OUTLET_NO_HURRY, &filler)
		    : write_to_directory(target, &filler);
	if (r < 0 && !filler.failed && r != target->said)
		log_error("cannot write the report to '%s': %s", target->path, outlet_reason(r));
	target->said = MIN(r, 0);
	return r;
}

void report_target_last_time(struct report_target *target, bool hurry)
{
	target->said = 0;
	target->hurry = hurry;
}

/* -- Files that grow ----------------------------------------------------------------------------- */

/* O_NONBLOCK: opening a FIFO without a reader is an error, and must not wait for a reader. */
#define OPEN_GROWING (O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Do not follow a link that the user may have made to another file. */
static int empty_file(const struct report_target *target, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!is_ours(target, &st))
		return -EPERM;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_nlink != 1)
		return -EMLINK;
	return ftruncate(fd, 0) < 0 ? -errno : 1;
}

/*
 * Uses the caller's rights where the user's rights do not suffice: an existing file must belong to
 * one of them.
 */
static int open_pinned(const struct report_target *target)
{
	_cleanup_close_ int fd =
		openat(target->pinned_fd, target->name, OPEN_GROWING | O_CREAT | O_EXCL, 0644);
	int r = 1;

	if (fd < 0 && errno == EEXIST) {
		fd = openat(target->pinned_fd, target->name, OPEN_GROWING);
		r = fd < 0 ? -errno : empty_file(target, fd);
	} else if (fd < 0) {
		r = -errno;
	}
	if (r > 0 && target->give && fchown(fd, target->uid, target->gid) < 0)
		r = -errno;
	return r < 0 ? r : steal_fd(&fd);
}

static int open_growing(const char *name, int directory_fd)
{
	int fd = openat(directory_fd, name, OPEN_GROWING | O_CREAT | O_TRUNC, 0644);

	return fd < 0 ? -errno : fd;
}

static int open_place_growing(struct report_target *target)
{
	_cleanup_fs_user_ struct fs_user user = {0};
	_cleanup_close_ int directory_fd = -1;
	int r;

	if (target->pinned_fd >= 0)
		return open_pinned(target);
	r = become_fs_user(target->uid, target->gid, &user);
	if (r < 0)
		return r;
	directory_fd = open_directory(target->directory);
	return directory_fd < 0 ? directory_fd : open_growing(target->name, directory_fd);
}

int report_growing_open(const char *path, uid_t uid, gid_t gid, struct growing_file **ret_file,
			FILE **ret, struct stat *ret_st)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	struct outlet outlet;
	int r = report_target_open(path, uid, gid, &target);

	if (!target)
		return r;
	outlet = target->descriptor;
	target->descriptor = OUTLET_NONE;
	if (outlet.fd < 0)
		outlet = outlet_take(open_place_growing(target));
	if (outlet.fd < 0)
		return log_errno(outlet.fd, "cannot write to '%s'", path);
	if (fstat(outlet.fd, ret_st) < 0)
		*ret_st = (struct stat){0};
	*ret = growing_file_open(outlet, ret_file);
	return *ret ? 0 : log_errno(errno, "cannot write to '%s'", path);
}
