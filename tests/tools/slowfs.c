/* A file system (fuse3) over a directory: chosen operations on chosen paths take a known time, or fail. */
#define FUSE_USE_VERSION 31

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fuse.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "tool.h"

/*
 *   slowfs [--direct-io] [--delay OP:PATTERN=DURATION[,once]]... SOURCE MOUNTPOINT
 *
 * In place of a DURATION may be the name of an error: the operation fails with it.
 * PATTERN is matched by fnmatch(3) against the path below the mount point ("*" crosses slashes).
 * Stdout tells what happens, one event a line: "ready", "begin OP MONOTONIC_NS PATH",
 * "end OP SLEPT_NS PATH".
 * Unmounts and ends when stdin does, so that a test that dies leaves no mount behind.
 * Nothing is cached by the kernel but pages, and those only until the next open.
 */

struct delay {
	char op[16];
	const char *pattern;
	uint64_t ns;
	int error; /* 0: none */
	int once, used;
};

static const struct {
	const char *name;
	int number;
} errors[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}};

struct handle {
	int fd;
	DIR *dir;
	char path[];
};

static struct delay delays[64];
static size_t n_delays;
static pthread_mutex_t delays_lock = PTHREAD_MUTEX_INITIALIZER;
static int root_fd = -1, direct_io;
static const char *mountpoint;

static struct delay take_delay(const char *op, const char *path)
{
	struct delay taken = {.ns = 0};

	pthread_mutex_lock(&delays_lock);
	for (size_t i = 0; i < n_delays && taken.ns == 0 && taken.error == 0; i++) {
		struct delay *d = &delays[i];

		if (strcmp(d->op, op) != 0 || fnmatch(d->pattern, path, 0) != 0 ||
		    (d->once && d->used))
			continue;
		d->used = 1;
		taken = *d;
	}
	pthread_mutex_unlock(&delays_lock);
	return taken;
}

/* Sleeps if so configured. -EINTR when the caller was interrupted, as on a network file system. */
static int slow(const char *op, const char *path)
{
	struct delay taken = take_delay(op, path);
	uint64_t begin_ns;
	struct timespec until;
	int r;

	if (taken.ns == 0)
		return -taken.error;
	begin_ns = now_ns();
	emit("begin %s %llu %s", op, (unsigned long long)begin_ns, path);
	until = to_timespec(begin_ns + taken.ns);
	do
		r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	while (r == EINTR && !fuse_interrupted());
	emit("end %s %llu %s", op, (unsigned long long)(now_ns() - begin_ns), path);
	return -r;
}

#define SLOW(op, path)                           \
	do {                                     \
		int slow_r = slow((op), (path)); \
		if (slow_r < 0)                  \
			return slow_r;           \
	} while (0)

/* Relative to the source directory; the mount's own root is ".". */
static const char *rel(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int negative_errno(long r)
{
	return r < 0 ? -errno : 0;
}

static struct handle *handle_of(struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

/* With an open file at hand libfuse gives no path; the one it was opened by serves. */
static const char *path_of(const char *path, struct fuse_file_info *fi)
{
	return fi ? handle_of(fi)->path : path;
}

static int keep_handle(int fd, const char *path, struct fuse_file_info *fi)
{
	struct handle *h;

	if (fd < 0)
		return -errno;
	h = calloc(1, sizeof(*h) + strlen(path) + 1);
	if (!h)
		die("calloc");
	h->fd = fd;
	strcpy(h->path, path);
	fi->fh = (uintptr_t)h;
	fi->direct_io = direct_io;
	return 0;
}

static int op_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	SLOW("getattr", path_of(path, fi));
	if (fi)
		return negative_errno(fstat(handle_of(fi)->fd, st));
	return negative_errno(fstatat(root_fd, rel(path), st, AT_SYMLINK_NOFOLLOW));
}

static int op_readlink(const char *path, char *buf, size_t size)
{
	ssize_t n;

	SLOW("readlink", path);
	n = readlinkat(root_fd, rel(path), buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static int op_mknod(const char *path, mode_t mode, dev_t dev)
{
	SLOW("mknod", path);
	return negative_errno(mknodat(root_fd, rel(path), mode, dev));
}

static int op_mkdir(const char *path, mode_t mode)
{
	SLOW("mkdir", path);
	return negative_errno(mkdirat(root_fd, rel(path), mode));
}

static int op_unlink(const char *path)
{
	SLOW("unlink", path);
	return negative_errno(unlinkat(root_fd, rel(path), 0));
}

static int op_rmdir(const char *path)
{
	SLOW("rmdir", path);
	return negative_errno(unlinkat(root_fd, rel(path), AT_REMOVEDIR));
}

static int op_symlink(const char *target, const char *path)
{
	SLOW("symlink", path);
	return negative_errno(symlinkat(target, root_fd, rel(path)));
}

static int op_rename(const char *from, const char *to, unsigned int flags)
{
	SLOW("rename", from);
	return negative_errno(renameat2(root_fd, rel(from), root_fd, rel(to), flags));
}

static int op_link(const char *from, const char *to)
{
	SLOW("link", from);
	return negative_errno(linkat(root_fd, rel(from), root_fd, rel(to), 0));
}

static int op_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	SLOW("chmod", path_of(path, fi));
	if (fi)
		return negative_errno(fchmod(handle_of(fi)->fd, mode));
	return negative_errno(fchmodat(root_fd, rel(path), mode, 0));
}

static int op_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	SLOW("chown", path_of(path, fi));
	if (fi)
		return negative_errno(fchown(handle_of(fi)->fd, uid, gid));
	return negative_errno(fchownat(root_fd, rel(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int op_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	int fd, r;

	SLOW("truncate", path_of(path, fi));
	if (fi)
		return negative_errno(ftruncate(handle_of(fi)->fd, size));
	fd = openat(root_fd, rel(path), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = negative_errno(ftruncate(fd, size));
	close(fd);
	return r;
}

static int op_utimens(const char *path, const struct timespec ts[2], struct fuse_file_info *fi)
{
	SLOW("utimens", path_of(path, fi));
	if (fi)
		return negative_errno(futimens(handle_of(fi)->fd, ts));
	return negative_errno(utimensat(root_fd, rel(path), ts, AT_SYMLINK_NOFOLLOW));
}

/* The kernel does O_APPEND itself and may read what was opened for writing only. Buffers here are not aligned as O_DIRECT asks. */
static int open_flags(int flags)
{
	flags &= ~(O_APPEND | O_DIRECT);
	if ((flags & O_ACCMODE) == O_WRONLY)
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	return flags | O_CLOEXEC;
}

static int op_open(const char *path, struct fuse_file_info *fi)
{
	SLOW("open", path);
	return keep_handle(openat(root_fd, rel(path), open_flags(fi->flags)), path, fi);
}

static int op_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	SLOW("create", path);
	return keep_handle(openat(root_fd, rel(path), open_flags(fi->flags) | O_CREAT, mode), path,
			   fi);
}

static int op_read(const char *path, char *buf, size_t size, off_t offset,
		   struct fuse_file_info *fi)
{
	ssize_t n;

	(void)path;
	SLOW("read", handle_of(fi)->path);
	n = pread(handle_of(fi)->fd, buf, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int op_write(const char *path, const char *buf, size_t size, off_t offset,
		    struct fuse_file_info *fi)
{
	ssize_t n;

	(void)path;
	SLOW("write", handle_of(fi)->path);
	n = pwrite(handle_of(fi)->fd, buf, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int op_statfs(const char *path, struct statvfs *st)
{
	SLOW("statfs", path);
	return negative_errno(fstatvfs(root_fd, st));
}

static int op_flush(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	SLOW("flush", handle_of(fi)->path);
	return 0;
}

static int op_release(const char *path, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	(void)path;
	close(h->fd);
	free(h);
	return 0;
}

static int op_fsync(const char *path, int datasync, struct fuse_file_info *fi)
{
	(void)path;
	(void)datasync;
	SLOW("fsync", handle_of(fi)->path);
	return 0;
}

static int op_fallocate(const char *path, int mode, off_t offset, off_t length,
			struct fuse_file_info *fi)
{
	(void)path;
	SLOW("fallocate", handle_of(fi)->path);
	return negative_errno(fallocate(handle_of(fi)->fd, mode, offset, length));
}

static ssize_t op_copy_file_range(const char *path_in, struct fuse_file_info *in, off_t offset_in,
				  const char *path_out, struct fuse_file_info *out,
				  off_t offset_out, size_t size, int flags)
{
	ssize_t n;

	(void)path_in;
	(void)path_out;
	SLOW("copy_file_range", handle_of(in)->path);
	n = copy_file_range(handle_of(in)->fd, &offset_in, handle_of(out)->fd, &offset_out, size,
			    (unsigned int)flags);
	return n < 0 ? -errno : n;
}

static off_t op_lseek(const char *path, off_t offset, int whence, struct fuse_file_info *fi)
{
	off_t at;

	(void)path;
	SLOW("lseek", handle_of(fi)->path);
	at = lseek(handle_of(fi)->fd, offset, whence);
	return at < 0 ? -errno : at;
}

static int op_opendir(const char *path, struct fuse_file_info *fi)
{
	int fd, r;

	SLOW("opendir", path);
	fd = openat(root_fd, rel(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = keep_handle(fd, path, fi);
	fi->direct_io = 0;
	if (r < 0)
		return r;
	handle_of(fi)->dir = fdopendir(fd);
	return handle_of(fi)->dir ? 0 : -errno;
}

static int op_readdir(const char *path, void *buf, fuse_fill_dir_t filler, off_t offset,
		      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	struct handle *h = handle_of(fi);
	struct dirent *entry;

	(void)path;
	(void)offset;
	(void)flags;
	SLOW("readdir", h->path);
	rewinddir(h->dir);
	while ((entry = readdir(h->dir)))
		if (filler(buf, entry->d_name, NULL, 0, 0))
			break;
	return 0;
}

static int op_releasedir(const char *path, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	(void)path;
	closedir(h->dir);
	free(h);
	return 0;
}

static int op_access(const char *path, int mask)
{
	SLOW("access", path);
	return negative_errno(faccessat(root_fd, rel(path), mask, 0));
}

/* Nothing is cached, so that each call of a test reaches us; deleted files keep their handle. */
static void *op_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	(void)conn;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	config->hard_remove = 1;
	config->nullpath_ok = 1;
	config->intr = 1;
	config->intr_signal = SIGUSR1;
	config->use_ino = 1;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = op_init,
	.getattr = op_getattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.chmod = op_chmod,
	.chown = op_chown,
	.truncate = op_truncate,
	.utimens = op_utimens,
	.open = op_open,
	.create = op_create,
	.read = op_read,
	.write = op_write,
	.statfs = op_statfs,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.fallocate = op_fallocate,
	.copy_file_range = op_copy_file_range,
	.lseek = op_lseek,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.releasedir = op_releasedir,
	.access = op_access,
};

static void on_interrupt(int signal_number)
{
	(void)signal_number;
}

static void add_delay(char *spec)
{
	struct delay *d = &delays[n_delays++];
	char *pattern = strchr(spec, ':'), *time, *once;

	time = pattern ? strrchr(pattern, '=') : NULL;
	if (!time || n_delays > sizeof(delays) / sizeof(delays[0]))
		die("bad --delay %s", spec);
	*pattern++ = '\0';
	*time++ = '\0';
	once = strchr(time, ',');
	if (once)
		*once++ = '\0';
	if (strlen(spec) >= sizeof(d->op) || (once && strcmp(once, "once") != 0))
		die("bad --delay %s", spec);
	strcpy(d->op, spec);
	d->pattern = pattern;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(time, errors[i].name) == 0)
			d->error = errors[i].number;
	d->ns = d->error ? 0 : parse_ns(time);
	d->once = once != NULL;
}

/* Ends whatever still waits in us: closing /dev/fuse, as exiting does, aborts all its requests. */
static void *end_with_stdin(void *unused)
{
	char buf[64];

	while (read(STDIN_FILENO, buf, sizeof(buf)) > 0)
		;
	umount2(mountpoint, MNT_DETACH);
	_exit(0);
	return unused;
}

int main(int argc, char **argv)
{
	char *fuse_argv[] = {argv[0], (char *)"-oallow_other,default_permissions,fsname=slowfs",
			     NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, fuse_argv);
	struct fuse *fuse;
	pthread_t thread;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--direct-io") == 0)
			direct_io = 1;
		else if (strcmp(argv[i], "--delay") == 0 && i + 1 < argc)
			add_delay(argv[++i]);
		else
			die("unknown option %s", argv[i]);
	}
	if (argc - i != 2)
		die("usage: slowfs [--direct-io] [--delay OP:PATTERN=DURATION[,once]]... SOURCE MOUNTPOINT");
	root_fd = open(argv[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		die("cannot open %s", argv[i]);
	mountpoint = argv[i + 1];
	umask(0);
	/* libfuse sends this to the thread whose caller was interrupted: it must end its sleep. */
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_interrupt}, NULL);

	fuse = fuse_new(&args, &operations, sizeof(operations), NULL);
	if (!fuse || fuse_mount(fuse, mountpoint) < 0)
		die("cannot mount on %s", mountpoint);
	if (pthread_create(&thread, NULL, end_with_stdin, NULL) != 0)
		die("pthread_create");
	/* Mounted: whoever calls now waits for us until the loop runs. */
	emit("ready");
	fuse_loop_mt(fuse, 0);
	fuse_unmount(fuse);
	return 0;
}
