/* The table of system calls that count as file I/O, with the positions of their arguments. */
#include "model/calls.h"

#include <stddef.h>
#include <sys/syscall.h>

#define NO NO_ARG
#define CALL(call, call_kind, call_effect, call_filter, fd, path, fd2, path2, flags, mode, offset) \
	{                                                                                          \
		.number = __NR_##call, .name = #call, .rule = {CALL_##call_kind,                   \
							       EFFECT_##call_effect,               \
							       FILTER_##call_filter,               \
							       fd,                                 \
							       path,                               \
							       fd2,                                \
							       path2,                              \
							       0},                                 \
		.flags_arg = flags, .mode_arg = mode, .offset_arg = offset,                        \
	}

/* The manual pages have the arguments in the order of the registers on x86-64 and arm64 (syscall(2)). */
/* clang-format off */
const struct call_info call_table[] = {
	/* kind, effect, filter; fd, path, second fd, second path, open flags, mode, offset */
	/* opens */
	CALL(openat, OPEN, OPEN, NONE, 0, 1, NO, NO, 2, 3, NO),
	CALL(openat2, OPEN, OPEN, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(open_by_handle_at, OPEN, OPEN, NONE, NO, NO, NO, NO, 2, NO, NO),
	CALL(close, FD, CLOSE, NONE, 0, NO, NO, NO, NO, NO, NO),
	/* reads */
	CALL(read, FD, READ, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(readv, FD, READ, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(pread64, FD, READ, NONE, 0, NO, NO, NO, NO, NO, 3),
	CALL(preadv, FD, READ, NONE, 0, NO, NO, NO, NO, NO, 3),
	CALL(preadv2, FD, READ, NONE, 0, NO, NO, NO, NO, NO, 3),
	CALL(readahead, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, 1),
	CALL(fadvise64, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, 1),
	/* writes */
	CALL(write, FD, WRITE, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(writev, FD, WRITE, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(pwrite64, FD, WRITE, NONE, 0, NO, NO, NO, NO, NO, 3),
	CALL(pwritev, FD, WRITE, NONE, 0, NO, NO, NO, NO, NO, 3),
	CALL(pwritev2, FD, WRITE, NONE, 0, NO, NO, NO, NO, NO, 3),
	CALL(truncate, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(ftruncate, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(fallocate, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, 2),
	/* syncs */
	CALL(fsync, FD, SYNC, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(fdatasync, FD, SYNC, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(syncfs, FD, SYNC, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(sync_file_range, FD, SYNC, NONE, 0, NO, NO, NO, NO, NO, 1),
	CALL(sync, GLOBAL, SYNC, NONE, NO, NO, NO, NO, NO, NO, NO),
	CALL(msync, GLOBAL, SYNC, NONE, NO, NO, NO, NO, NO, NO, NO),
	/* copies: if one side is a pipe or a socket, the file of the other side counts */
	CALL(sendfile, FD, READ, NONE, 1, NO, 0, NO, NO, NO, NO),
	CALL(splice, FD, READ, NONE, 0, NO, 2, NO, NO, NO, NO),
	CALL(copy_file_range, FD, WRITE, NONE, 2, NO, 0, NO, NO, NO, NO),
	CALL(ioctl, FD, OTHER, IOCTL_CLONE, 0, NO, NO, NO, NO, NO, NO),
	/* asynchronous: what the call itself does; io_uring only where its requests are hidden, while a thread sleeps for a file */
	CALL(io_submit, AIO, OTHER, NONE, NO, NO, NO, NO, NO, NO, NO),
	CALL(io_uring_enter, NONE, OTHER, NONE, NO, NO, NO, NO, NO, NO, NO),
	/* maps */
	CALL(mmap, FD, OTHER, MMAP_FILE, 4, NO, NO, NO, NO, NO, NO),
	/* locks */
	CALL(flock, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(fcntl, FD, OTHER, FCNTL_LOCK, 0, NO, NO, NO, NO, NO, NO),
	/* creates, removes, renames and links names */
	CALL(mkdirat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, 2, NO),
	CALL(mknodat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, 2, NO),
	CALL(unlinkat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(renameat, PATH, OTHER, NONE, 0, 1, 2, 3, NO, NO, NO),
	CALL(renameat2, PATH, OTHER, NONE, 0, 1, 2, 3, NO, NO, NO),
	CALL(linkat, PATH, OTHER, NONE, 0, 1, 2, 3, NO, NO, NO),
	CALL(symlinkat, PATH, OTHER, NONE, 1, 2, NO, NO, NO, NO, NO),
	/* lists directories, reads metadata, changes directory */
	CALL(getdents64, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(newfstatat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(statx, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(fstat, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(statfs, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(fstatfs, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(faccessat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(faccessat2, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(readlinkat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(name_to_handle_at, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(chdir, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(fchdir, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	/* attributes */
	CALL(fchmod, FD, OTHER, NONE, 0, NO, NO, NO, NO, 1, NO),
	CALL(fchmodat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, 2, NO),
#ifdef __NR_fchmodat2 /* kernel headers since 6.6 */
	CALL(fchmodat2, PATH, OTHER, NONE, 0, 1, NO, NO, NO, 2, NO),
#endif
	CALL(fchown, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(fchownat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(utimensat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
	CALL(getxattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(lgetxattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(setxattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(lsetxattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(listxattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(llistxattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(removexattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(lremovexattr, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(fgetxattr, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(fsetxattr, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(flistxattr, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(fremovexattr, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	/* programs */
	CALL(execve, EXEC, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(execveat, EXEC, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
#ifdef __NR_open
	/* x86-64 still has the calls that the *at() calls replace */
	CALL(open, OPEN, OPEN, NONE, NO, 0, NO, NO, 1, 2, NO),
	CALL(creat, OPEN, OPEN, NONE, NO, 0, NO, NO, NO, 1, NO),
	CALL(mkdir, PATH, OTHER, NONE, NO, 0, NO, NO, NO, 1, NO),
	CALL(mknod, PATH, OTHER, NONE, NO, 0, NO, NO, NO, 1, NO),
	CALL(rmdir, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(unlink, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(rename, PATH, OTHER, NONE, NO, 0, NO, 1, NO, NO, NO),
	CALL(link, PATH, OTHER, NONE, NO, 0, NO, 1, NO, NO, NO),
	CALL(symlink, PATH, OTHER, NONE, NO, 1, NO, NO, NO, NO, NO),
	CALL(getdents, FD, OTHER, NONE, 0, NO, NO, NO, NO, NO, NO),
	CALL(stat, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(lstat, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(access, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(readlink, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(chmod, PATH, OTHER, NONE, NO, 0, NO, NO, NO, 1, NO),
	CALL(chown, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(lchown, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(utime, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(utimes, PATH, OTHER, NONE, NO, 0, NO, NO, NO, NO, NO),
	CALL(futimesat, PATH, OTHER, NONE, 0, 1, NO, NO, NO, NO, NO),
#endif
};
/* clang-format on */

const unsigned call_table_size = sizeof(call_table) / sizeof(call_table[0]);

const struct call_info *call_find(u32 number)
{
	for (unsigned i = 0; i < call_table_size; i++)
		if (call_table[i].number == number)
			return &call_table[i];
	return NULL;
}

bool call_may_create(u64 flags)
{
	return flags & (0100 /* O_CREAT */ | 020000000 /* __O_TMPFILE */);
}

enum request_way request_way(const struct record_io_stall *record)
{
	if (record->flags & IO_BY_AIO)
		return REQUEST_AIO;
	if (record->flags & IO_BY_WORKER)
		return REQUEST_URING_WORKER;
	return record->flags & IO_BY_POLL ? REQUEST_URING_POLL : REQUEST_URING;
}
