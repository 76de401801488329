/* Makes file operations by raw system calls, without a C library: gcc [-m32] -nostdlib -static */
#include <asm/unistd.h>
#include <linux/aio_abi.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <linux/uio.h>

/*
 *   calls all     each operation of test_compat.py once, on the file "f" and others in the current directory
 *   calls read    reads "f" from offset 8 GiB + 1
 *   calls fault   reads a page of "f" by way of a mapping
 *   calls lock    waits for a lock of "f"
 *   calls nothing
 *
 * Ends with the number of the first call that failed and should not, or with 0.
 */

/* Above 4 GiB, so that the offset needs both registers in a 32-bit program. */
#define FAR 0x200000001ULL

#define PROT_READ   1
#define MAP_PRIVATE 2
#define LOCK_SH     1
#define KEEP_SIZE   1 /* fallocate(2) */

long raw(long number, ...);

/* The same call in both kinds of programs: by another name, and with 64-bit arguments in two registers. */
#ifdef __i386__
#define WIDE(value)   (long)(value), (long)((unsigned long long)(value) >> 32)
#define NR_STAT       __NR_stat64
#define NR_LSTAT      __NR_lstat64
#define NR_FSTAT      __NR_fstat64
#define NR_NEWFSTATAT __NR_fstatat64
#define NR_CHOWN      __NR_chown32
#define NR_FADVISE    __NR_fadvise64_64
#define NR_FCNTL      __NR_fcntl64
#define NR_TRUNCATE   __NR_truncate64
#define NR_FTRUNCATE  __NR_ftruncate64
#define NR_MMAP       __NR_mmap2
#define NR_UTIMENSAT  __NR_utimensat_time64
#define NR_SENDFILE   __NR_sendfile64
#define SET_LOCK      13 /* F_SETLK64 */
#define WAIT_FOR_LOCK 14 /* F_SETLKW64 */

__asm__(".globl raw, _start\n"
	"raw: push %ebp; push %ebx; push %esi; push %edi\n"
	"mov 20(%esp), %eax; mov 24(%esp), %ebx; mov 28(%esp), %ecx; mov 32(%esp), %edx\n"
	"mov 36(%esp), %esi; mov 40(%esp), %edi; mov 44(%esp), %ebp\n"
	"int $0x80\n"
	"pop %edi; pop %esi; pop %ebx; pop %ebp; ret\n"
	"_start: mov %esp, %eax; and $-16, %esp; sub $12, %esp; push %eax; call start\n");
#else
#define WIDE(value)   (long)(value)
#define NR_STAT       __NR_stat
#define NR_LSTAT      __NR_lstat
#define NR_FSTAT      __NR_fstat
#define NR_NEWFSTATAT __NR_newfstatat
#define NR_CHOWN      __NR_chown
#define NR_FADVISE    __NR_fadvise64
#define NR_FCNTL      __NR_fcntl
#define NR_TRUNCATE   __NR_truncate
#define NR_FTRUNCATE  __NR_ftruncate
#define NR_MMAP       __NR_mmap
#define NR_UTIMENSAT  __NR_utimensat
#define NR_SENDFILE   __NR_sendfile
#define SET_LOCK      F_SETLK
#define WAIT_FOR_LOCK F_SETLKW

__asm__(".globl raw, _start\n"
	"raw: mov %rdi, %rax; mov %rsi, %rdi; mov %rdx, %rsi; mov %rcx, %rdx; mov %r8, %r10\n"
	"mov %r9, %r8; mov 8(%rsp), %r9; syscall; ret\n"
	"_start: mov %rsp, %rdi; and $-16, %rsp; call start\n");
#endif

static int calls;
static char buffer[65536];
static struct iovec vector[2] = {{buffer, 4}, {buffer + 4, 6}};
static struct open_how how = {.flags = O_RDONLY};
/* struct flock with 64-bit offsets, in both kinds of programs: type, whence, start, length, process */
static struct {
	short type, whence;
#ifndef __i386__
	int unused;
#endif
	long long start, length;
	int pid;
} __attribute__((packed)) lock = {.type = F_WRLCK};

static void leave(int status)
{
	for (;;)
		raw(__NR_exit_group, status);
}

/* Calls that may fail: a file system need not have them. */
#define TRY(...) (calls++, raw(__VA_ARGS__))

#define DO(...)                                   \
	({                                        \
		long result;                      \
		calls++;                          \
		result = raw(__VA_ARGS__);        \
		if (result < 0 && result > -4096) \
			leave(calls);             \
		result;                           \
	})

static void move_bytes(long fd)
{
	DO(__NR_write, fd, buffer, 16);
	DO(__NR_writev, fd, vector, 2);
	DO(__NR_pwrite64, fd, buffer, 8, WIDE(FAR));
	DO(__NR_pread64, fd, buffer, 8, WIDE(FAR));
	DO(__NR_pwritev, fd, vector, 2, (long)FAR, (long)(FAR >> 32));
	DO(__NR_preadv, fd, vector, 2, (long)FAR, (long)(FAR >> 32));
	DO(__NR_pwritev2, fd, vector, 2, (long)FAR, (long)(FAR >> 32), 0);
	DO(__NR_preadv2, fd, vector, 2, (long)FAR, (long)(FAR >> 32), 0);
	raw(__NR_lseek, fd, 0, 0);
	DO(__NR_read, fd, buffer, 16);
	DO(__NR_readv, fd, vector, 2);
	TRY(__NR_readahead, fd, WIDE(FAR), 4096);
	DO(NR_FADVISE, fd, WIDE(FAR), WIDE(4096), 0);
	DO(__NR_sync_file_range, fd, WIDE(FAR), WIDE(4096), 0);
	TRY(__NR_fallocate, fd, KEEP_SIZE, WIDE(FAR), WIDE(4096));
	DO(NR_FTRUNCATE, fd, WIDE(FAR));
	DO(__NR_fsync, fd);
	DO(__NR_fdatasync, fd);
	DO(NR_MMAP, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
#ifdef __i386__
	DO(__NR_mmap, (long[]){0, 4096, PROT_READ, MAP_PRIVATE, fd, 0});
#else
	DO(__NR_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
#endif
	DO(NR_FCNTL, fd, SET_LOCK, &lock);
	raw(NR_FCNTL, fd, F_GETFD);
	DO(__NR_flock, fd, LOCK_SH);
}

static void request(long fd)
{
	struct iocb block = {.aio_lio_opcode = IOCB_CMD_PREAD,
			     .aio_fildes = (unsigned)fd,
			     .aio_buf = (unsigned long)buffer,
			     .aio_nbytes = 8};
	struct iocb *list[] = {&block};
	unsigned long context = 0;
	struct io_event event;

	DO(__NR_io_setup, 1, &context);
	DO(__NR_io_submit, context, 1, list);
	DO(__NR_io_getevents, context, 1, 1, &event, 0);
}

static void ask(long fd)
{
	DO(NR_STAT, "f", buffer);
	DO(NR_LSTAT, "f", buffer);
	DO(NR_FSTAT, fd, buffer);
	DO(NR_NEWFSTATAT, AT_FDCWD, "f", buffer, 0);
	DO(__NR_statx, AT_FDCWD, "f", 0, STATX_BASIC_STATS, buffer);
	DO(__NR_access, "f", 0);
	DO(__NR_faccessat, AT_FDCWD, "f", 0);
	TRY(__NR_getxattr, "f", "user.none", buffer, 10);
	TRY(__NR_execve, "missing", 0, 0);
}

static void change_names(void)
{
	DO(__NR_mkdir, "d", 0750);
	DO(__NR_rmdir, "d");
	DO(__NR_symlink, "f", "s");
	DO(__NR_readlink, "s", buffer, 100);
	DO(__NR_link, "f", "l");
	DO(__NR_rename, "l", "l2");
	DO(__NR_renameat, AT_FDCWD, "l2", AT_FDCWD, "l3");
	DO(__NR_renameat2, AT_FDCWD, "l3", AT_FDCWD, "l4", 0);
	DO(__NR_unlink, "l4");
	DO(__NR_unlinkat, AT_FDCWD, "s", 0);
	DO(__NR_chmod, "f", 0600);
	DO(NR_CHOWN, "f", -1, -1);
	DO(NR_UTIMENSAT, AT_FDCWD, "f", 0, 0);
	DO(NR_TRUNCATE, "f", WIDE(FAR));
}

static void do_all(void)
{
	long fd = DO(__NR_open, "f", O_RDWR | O_CREAT | O_LARGEFILE, 0640), directory, other;

	move_bytes(fd);
	request(fd);
	ask(fd);
	change_names();
	directory = DO(__NR_openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
	DO(__NR_getdents64, directory, buffer, sizeof(buffer));
	DO(__NR_getdents, directory, buffer, sizeof(buffer));
	DO(__NR_close, directory);
	other = DO(__NR_creat, "g", 0644);
	TRY(__NR_copy_file_range, fd, 0, other, 0, 8, 0);
	DO(NR_SENDFILE, other, fd, 0, 8);
	DO(__NR_openat2, AT_FDCWD, "g", &how, sizeof(how));
	DO(__NR_close, other);
}

static void fault(void)
{
	long fd = DO(__NR_open, "f", O_RDONLY | O_LARGEFILE);
	volatile char *memory = (char *)DO(NR_MMAP, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	(void)memory[0];
}

__attribute__((used)) void start(long *stack)
{
	char what = ((char **)stack)[2][0];

	if (what == 'a')
		do_all();
	else if (what == 'f')
		fault();
	else if (what == 'r')
		DO(__NR_pread64, DO(__NR_open, "f", O_RDONLY | O_LARGEFILE), buffer, 8, WIDE(FAR));
	else if (what == 'l')
		DO(NR_FCNTL, DO(__NR_open, "f", O_RDWR | O_LARGEFILE), WAIT_FOR_LOCK, &lock);
	leave(0);
}
