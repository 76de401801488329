/* Does file operations by their system call names and says when, as whom and with what result. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tool.h"

/*
 *   fileop [OPTION]... OPERATION PATH [PATH2] [+ OPERATION PATH [PATH2]]...
 *
 *   --comm-hex HEX       be called so
 *   --chdir DIR          before anything else
 *   --cpu N              pinned there
 *   --size N --offset N  of reads and writes (4096, 0)
 *   --alarm DURATION     SIGALRM arrives then, and its handler says so; --restart: with SA_RESTART
 *   --unlink             unlink PATH between opening it and the operation
 *   --rename NEW         rename PATH to NEW between opening it and the operation
 *
 * Several operations run in a thread each, at once. Each writes a line {"begin"...} just before and
 * a line with the result after it: the call lies strictly between before_ns and after_ns. System
 * calls are made raw, so that the name is certain.
 */

struct job {
	const char *operation, *path, *path2;
	uint64_t before_ns, after_ns;
	long result;
	int error;
	pid_t pid; /* who made the call */
	pthread_t thread;
};

static size_t size = 4096;
static off_t offset;
static char buffer[1 << 20];
static const char *rename_to;
static int unlink_after_open;

static void announce(const struct job *j)
{
	emit("{\"begin\": \"%s\", \"pid\": %d, \"tid\": %d}", j->operation, getpid(), gettid());
}

/* The call itself and nothing else between the two readings of the clock. */
#define TIMED(j, call)                      \
	do {                                \
		announce(j);                \
		(j)->before_ns = now_ns();  \
		(j)->result = (long)(call); \
		(j)->error = errno;         \
		(j)->after_ns = now_ns();   \
		if ((j)->result != -1)      \
			(j)->error = 0;     \
	} while (0)

static int open_first(const struct job *j, int flags)
{
	int fd = open(j->path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		die("cannot open %s", j->path);
	if (unlink_after_open && unlink(j->path) < 0)
		die("cannot unlink %s", j->path);
	if (rename_to && rename(j->path, rename_to) < 0)
		die("cannot rename %s", j->path);
	return fd;
}

static int open_second(const struct job *j)
{
	int fd = open(j->path2, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		die("cannot open %s", j->path2);
	return fd;
}

static char *map_first(const struct job *j, int prot, int flags)
{
	int fd = open_first(j, prot & PROT_WRITE ? O_RDWR : O_RDONLY);
	char *p = mmap(NULL, 4096, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		die("cannot map %s", j->path);
	return p;
}

static const struct iovec *io_vector(void)
{
	static struct iovec vector[2];

	vector[0] = (struct iovec){.iov_base = buffer, .iov_len = size / 2};
	vector[1] = (struct iovec){.iov_base = buffer + size / 2, .iov_len = size - size / 2};
	return vector;
}

static struct flock whole_file(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

#define OP(name) static void op_##name(struct job *j)
/* An operation on the path, or on a descriptor fd of it. */
#define OP_PATH(name, call)     \
	OP(name)                \
	{                       \
		TIMED(j, call); \
	}
#define OP_FD(name, flags, call)               \
	OP(name)                               \
	{                                      \
		int fd = open_first(j, flags); \
		TIMED(j, call);                \
	}

/* clang-format off */
OP_PATH(openat, syscall(SYS_openat, AT_FDCWD, j->path, O_RDONLY | O_CLOEXEC))
OP_PATH(openat_create,
	syscall(SYS_openat, AT_FDCWD, j->path, O_WRONLY | O_CREAT | O_EXCL, 0640))
OP_PATH(openat_append,
	syscall(SYS_openat, AT_FDCWD, j->path, O_RDWR | O_APPEND | O_NONBLOCK | O_SYNC))
OP(openat2)
{
	struct open_how how = { .flags = O_RDONLY };

	TIMED(j, syscall(SYS_openat2, AT_FDCWD, j->path, &how, sizeof(how)));
}
OP_FD(read, O_RDONLY, syscall(SYS_read, fd, buffer, size))
OP_FD(pread64, O_RDONLY, syscall(SYS_pread64, fd, buffer, size, offset))
OP_FD(readv, O_RDONLY, syscall(SYS_readv, fd, io_vector(), 2))
OP_FD(preadv, O_RDONLY, syscall(SYS_preadv, fd, io_vector(), 2, offset, 0))
OP_FD(preadv2, O_RDONLY, syscall(SYS_preadv2, fd, io_vector(), 2, offset, 0, 0))
OP_FD(write, O_WRONLY, syscall(SYS_write, fd, buffer, size))
OP_FD(pwrite64, O_WRONLY, syscall(SYS_pwrite64, fd, buffer, size, offset))
OP_FD(writev, O_WRONLY, syscall(SYS_writev, fd, io_vector(), 2))
OP_FD(pwritev, O_WRONLY, syscall(SYS_pwritev, fd, io_vector(), 2, offset, 0))
OP_FD(pwritev2, O_WRONLY, syscall(SYS_pwritev2, fd, io_vector(), 2, offset, 0, 0))
OP_FD(fsync, O_RDWR, syscall(SYS_fsync, fd))
OP_FD(fdatasync, O_RDWR, syscall(SYS_fdatasync, fd))
OP_FD(syncfs, O_RDWR, syscall(SYS_syncfs, fd))
OP(sync_file_range)
{
	int fd = open_first(j, O_RDWR), flags = SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

	TIMED(j, syscall(SYS_sync_file_range, fd, 0, 0, flags));
}
OP(msync)
{
	char *p = map_first(j, PROT_READ | PROT_WRITE, MAP_SHARED);

	*(volatile char *) p = 'x';
	TIMED(j, syscall(SYS_msync, p, 4096, MS_SYNC));
}
OP_PATH(truncate, syscall(SYS_truncate, j->path, 100))
OP_FD(ftruncate, O_RDWR, syscall(SYS_ftruncate, fd, 100))
OP_FD(fallocate, O_RDWR, syscall(SYS_fallocate, fd, 0, 0, 8192))
OP_PATH(renameat, syscall(SYS_renameat, AT_FDCWD, j->path, AT_FDCWD, j->path2))
OP_PATH(renameat2,
	syscall(SYS_renameat2, AT_FDCWD, j->path, AT_FDCWD, j->path2, RENAME_NOREPLACE))
OP_PATH(unlinkat, syscall(SYS_unlinkat, AT_FDCWD, j->path, 0))
OP_PATH(unlinkat_dir, syscall(SYS_unlinkat, AT_FDCWD, j->path, AT_REMOVEDIR))
OP_PATH(linkat, syscall(SYS_linkat, AT_FDCWD, j->path, AT_FDCWD, j->path2, 0))
OP_PATH(symlinkat, syscall(SYS_symlinkat, "target", AT_FDCWD, j->path))
OP_PATH(mkdirat, syscall(SYS_mkdirat, AT_FDCWD, j->path, 0755))
OP_PATH(mknodat, syscall(SYS_mknodat, AT_FDCWD, j->path, S_IFIFO | 0644, 0))
OP_FD(getdents64, O_RDONLY | O_DIRECTORY, syscall(SYS_getdents64, fd, buffer, size))
OP_PATH(newfstatat, syscall(SYS_newfstatat, AT_FDCWD, j->path, buffer, 0))
OP_FD(fstat, O_RDONLY, syscall(SYS_fstat, fd, buffer))
OP_PATH(statx, syscall(SYS_statx, AT_FDCWD, j->path, 0, STATX_ALL, buffer))
OP_PATH(statfs, syscall(SYS_statfs, j->path, buffer))
OP_FD(fstatfs, O_RDONLY, syscall(SYS_fstatfs, fd, buffer))
OP_PATH(faccessat, syscall(SYS_faccessat, AT_FDCWD, j->path, R_OK))
OP_PATH(faccessat2, syscall(SYS_faccessat2, AT_FDCWD, j->path, R_OK, 0))
OP_PATH(readlinkat, syscall(SYS_readlinkat, AT_FDCWD, j->path, buffer, size))
OP_FD(fchmod, O_RDONLY, syscall(SYS_fchmod, fd, 0600))
OP_PATH(fchmodat, syscall(SYS_fchmodat, AT_FDCWD, j->path, 0600))
OP_FD(fchown, O_RDONLY, syscall(SYS_fchown, fd, 0, 0))
OP_PATH(fchownat, syscall(SYS_fchownat, AT_FDCWD, j->path, 0, 0, 0))
OP_PATH(utimensat, syscall(SYS_utimensat, AT_FDCWD, j->path, NULL, 0))
OP_FD(lseek, O_RDONLY, syscall(SYS_lseek, fd, 0, SEEK_HOLE))
OP_FD(close, O_RDWR, syscall(SYS_close, fd))
OP_PATH(chdir, syscall(SYS_chdir, j->path))
OP(copy_file_range)
{
	int in = open_first(j, O_RDONLY), out = open_second(j);

	TIMED(j, syscall(SYS_copy_file_range, in, NULL, out, NULL, size, 0));
}
OP(sendfile)
{
	int in = open_first(j, O_RDONLY), out = open_second(j);

	TIMED(j, syscall(SYS_sendfile, out, in, NULL, size));
}
OP(splice)
{
	int in = open_first(j, O_RDONLY), ends[2];

	if (pipe(ends) < 0)
		die("pipe");
	TIMED(j, syscall(SYS_splice, in, NULL, ends[1], NULL, size, 0));
}
OP_FD(flock, O_RDWR, syscall(SYS_flock, fd, LOCK_EX))
OP(fcntl_setlkw)
{
	int fd = open_first(j, O_RDWR);
	struct flock lock = whole_file(F_WRLCK);

	TIMED(j, syscall(SYS_fcntl, fd, F_SETLKW, &lock));
}
OP(fcntl_ofd_setlkw)
{
	int fd = open_first(j, O_RDWR);
	struct flock lock = whole_file(F_WRLCK);

	TIMED(j, syscall(SYS_fcntl, fd, F_OFD_SETLKW, &lock));
}
/* Not system calls: the page is read when it is touched. */
OP(touch_page)
{
	const char *p = map_first(j, PROT_READ, MAP_PRIVATE);

	TIMED(j, *(volatile const char *) p);
}
OP(touch_shared_page)
{
	const char *p = map_first(j, PROT_READ | PROT_WRITE, MAP_SHARED);

	TIMED(j, *(volatile const char *) p);
}
OP_FD(mmap_populate, O_RDONLY,
      syscall(SYS_mmap, NULL, 4096UL, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0L))
/* The page is read by a call that is none on a file. */
OP(mlock)
{
	char *p = map_first(j, PROT_READ, MAP_PRIVATE);

	TIMED(j, syscall(SYS_mlock, p, 4096));
}
OP(mlockall)
{
	map_first(j, PROT_READ, MAP_PRIVATE);
	TIMED(j, syscall(SYS_mlockall, 1 /* MCL_CURRENT */));
}
OP(madvise)
{
	char *p = map_first(j, PROT_READ, MAP_PRIVATE);

	TIMED(j, syscall(SYS_madvise, p, 4096, 22 /* MADV_POPULATE_READ, Linux 5.14 */));
}
OP(write_page)
{
	char *p = map_first(j, PROT_READ, MAP_PRIVATE);
	int pipes[2];

	if (pipe(pipes) < 0)
		die("pipe");
	TIMED(j, syscall(SYS_write, pipes[1], p, 1));
}
OP(copy_page)
{
	char *p = map_first(j, PROT_READ, MAP_PRIVATE);
	int to = open_second(j);

	TIMED(j, syscall(SYS_write, to, p, 1));
}
OP(send_page)
{
	char *p = map_first(j, PROT_READ, MAP_PRIVATE);
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) < 0)
		die("socketpair");
	TIMED(j, syscall(SYS_sendto, sockets[0], p, 1, 0, NULL, 0));
}
OP(read_own_memory)
{
	char *p = map_first(j, PROT_READ, MAP_PRIVATE), byte;
	struct iovec to = {&byte, 1}, from = {p, 1};

	TIMED(j, syscall(SYS_process_vm_readv, getpid(), &to, 1UL, &from, 1UL, 0UL));
}
/* By the kernel: Linux AIO without O_DIRECT does all of the work in the call that submits it. */
OP(io_submit)
{
	struct iocb block = {.aio_lio_opcode = IOCB_CMD_PREAD}, *list[] = {&block};
	aio_context_t context = 0;
	struct io_event event;

	block.aio_fildes = (unsigned)open_first(j, O_RDONLY);
	block.aio_buf = (uintptr_t)buffer;
	block.aio_nbytes = size;
	if (syscall(SYS_io_setup, 1, &context) < 0)
		die("io_setup");
	TIMED(j, syscall(SYS_io_submit, context, 1L, list));
	if (syscall(SYS_io_getevents, context, 1L, 1L, &event, NULL) != 1)
		die("io_getevents");
}
/* After the page the pipe has no room for another byte, until a child reads, a second later. */
OP(write_full)
{
	const struct timespec second = {.tv_sec = 1};
	char *p = map_first(j, PROT_READ, MAP_PRIVATE);
	const struct iovec parts[] = {{p, 4096}, {p, 1}};
	int pipes[2];

	if (pipe(pipes) < 0 || fcntl(pipes[1], F_SETPIPE_SZ, 4096) < 0)
		die("pipe");
	if (fork() == 0) {
		char *page = malloc(4096);

		close(pipes[1]);
		nanosleep(&second, NULL);
		while (page && read(pipes[0], page, 4096) > 0)
			;
		_exit(0);
	}
	close(pipes[0]);
	TIMED(j, syscall(SYS_writev, pipes[1], parts, 2UL));
}
/* In a child, as there is no way back from it. */
OP(execve)
{
	char *const argv[] = { (char *) (uintptr_t) j->path, NULL };
	pid_t pid;
	int status;

	announce(j);
	j->before_ns = now_ns();
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execve, j->path, argv, NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	j->after_ns = now_ns();
	j->result = status;
	j->pid = pid;
}
/* The old names exist on x86 only; programs still use them there. */
#ifdef SYS_open
OP_PATH(open, syscall(SYS_open, j->path, O_RDONLY))
OP_PATH(creat, syscall(SYS_creat, j->path, 0600))
OP_PATH(rename, syscall(SYS_rename, j->path, j->path2))
OP_PATH(unlink, syscall(SYS_unlink, j->path))
OP_PATH(rmdir, syscall(SYS_rmdir, j->path))
OP_PATH(link, syscall(SYS_link, j->path, j->path2))
OP_PATH(symlink, syscall(SYS_symlink, "target", j->path))
OP_PATH(mkdir, syscall(SYS_mkdir, j->path, 0755))
OP_PATH(mknod, syscall(SYS_mknod, j->path, S_IFIFO | 0644, 0))
OP_PATH(stat, syscall(SYS_stat, j->path, buffer))
OP_PATH(lstat, syscall(SYS_lstat, j->path, buffer))
OP_PATH(access, syscall(SYS_access, j->path, R_OK))
OP_PATH(readlink, syscall(SYS_readlink, j->path, buffer, size))
OP_PATH(chmod, syscall(SYS_chmod, j->path, 0600))
OP_PATH(chown, syscall(SYS_chown, j->path, 0, 0))
OP_PATH(lchown, syscall(SYS_lchown, j->path, 0, 0))
#define OLD_OPS                                                                                   \
	X(open) X(creat) X(rename) X(unlink) X(rmdir) X(link) X(symlink) X(mkdir) X(mknod) X(stat) \
	X(lstat) X(access) X(readlink) X(chmod) X(chown) X(lchown)
#else
#define OLD_OPS
#endif

#define X(name) { #name, op_##name },
static const struct {
	const char *name;
	void (*run)(struct job *j);
} operations[] = {
	X(openat) X(openat_create) X(openat_append) X(openat2) X(read) X(pread64) X(readv) X(preadv)
	X(preadv2) X(write) X(pwrite64) X(writev) X(pwritev) X(pwritev2) X(fsync) X(fdatasync) X(syncfs)
	X(sync_file_range) X(msync) X(truncate) X(ftruncate) X(fallocate) X(renameat) X(renameat2)
	X(unlinkat) X(unlinkat_dir) X(linkat) X(symlinkat) X(mkdirat) X(mknodat) X(getdents64)
	X(newfstatat) X(fstat) X(statx) X(statfs) X(fstatfs) X(faccessat) X(faccessat2) X(readlinkat)
	X(fchmod) X(fchmodat) X(fchown) X(fchownat) X(utimensat) X(lseek) X(close) X(chdir)
	X(copy_file_range) X(sendfile) X(splice) X(flock) X(fcntl_setlkw) X(fcntl_ofd_setlkw)
	X(touch_page) X(touch_shared_page) X(mmap_populate) X(mlock) X(mlockall) X(madvise) X(write_page) X(copy_page)
	X(send_page) X(read_own_memory) X(io_submit) X(write_full) X(execve) OLD_OPS
};

/* clang-format on */

static void *run_job(void *arg)
{
	struct job *j = arg;

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (strcmp(operations[i].name, j->operation) != 0)
			continue;
		j->pid = getpid();
		operations[i].run(j);
		emit("{\"op\": \"%s\", \"pid\": %d, \"tid\": %d, \"before_ns\": %llu, \"after_ns\": %llu,"
		     " \"result\": %ld, \"errno\": %d}",
		     j->operation, j->pid, j->pid == getpid() ? gettid() : j->pid,
		     (unsigned long long)j->before_ns, (unsigned long long)j->after_ns, j->result,
		     j->error);
		return NULL;
	}
	die("unknown operation %s", j->operation);
}

static void on_alarm(int signal_number)
{
	static const char line[] = "{\"alarm\": true}\n";

	(void)signal_number;
	if (write(STDOUT_FILENO, line, sizeof(line) - 1) < 0)
		_exit(101);
}

static void set_alarm(uint64_t ns, int restart)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
	struct itimerval timer = {
		.it_value = {(time_t)(ns / NS_PER_S), (suseconds_t)(ns % NS_PER_S / 1000)}};

	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &timer, NULL) < 0)
		die("cannot set an alarm");
}

static void set_comm(const char *hex)
{
	char comm[16] = "";
	unsigned int byte;

	for (size_t i = 0; i < 15 && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		comm[i] = (char)byte;
	prctl(PR_SET_NAME, comm);
}

static void run_all(char **words, int n_words)
{
	struct job jobs[16] = {0};
	size_t n = 0;

	for (int i = 0; i < n_words; n++) {
		if (n == sizeof(jobs) / sizeof(jobs[0]) || i + 1 >= n_words)
			die("usage: fileop [OPTION]... OPERATION PATH [PATH2] [+ ...]");
		jobs[n].operation = words[i++];
		jobs[n].path = words[i++];
		if (i < n_words && strcmp(words[i], "+") != 0)
			jobs[n].path2 = words[i++];
		if (i < n_words)
			i++;
	}
	if (n == 1) {
		run_job(&jobs[0]);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) != 0)
			die("pthread_create");
	for (size_t i = 0; i < n; i++)
		pthread_join(jobs[i].thread, NULL);
}

int main(int argc, char **argv)
{
	uint64_t alarm_ns = 0;
	int i, restart = 0;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--restart") == 0) {
			restart = 1;
			continue;
		}
		if (strcmp(argv[i], "--unlink") == 0) {
			unlink_after_open = 1;
			continue;
		}
		if (strcmp(argv[i], "--comm-hex") == 0)
			set_comm(value);
		else if (strcmp(argv[i], "--chdir") == 0 && chdir(value) < 0)
			die("cannot enter %s", value);
		else if (strcmp(argv[i], "--cpu") == 0)
			pin_to_cpu(atoi(value));
		else if (strcmp(argv[i], "--size") == 0)
			size = strtoul(value, NULL, 10);
		else if (strcmp(argv[i], "--offset") == 0)
			offset = atol(value);
		else if (strcmp(argv[i], "--alarm") == 0)
			alarm_ns = parse_ns(value);
		else if (strcmp(argv[i], "--rename") == 0)
			rename_to = value;
		else if (strcmp(argv[i], "--chdir") != 0)
			die("unknown option %s", argv[i]);
		i++;
	}
	if (size > sizeof(buffer))
		die("--size too large");
	if (alarm_ns)
		set_alarm(alarm_ns, restart);
	run_all(argv + i, argc - i);
	return 0;
}
