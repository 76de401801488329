/* The operations of io_uring and Linux AIO that count as file I/O, each with the system call that does the same. */
#include "model/ring_calls.h"

#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>

/* Since 5.19, 6.9 and 6.15: newer than the headers of Debian 12. */
#define OP_FTRUNCATE    55
#define OP_READV_FIXED  60
#define OP_WRITEV_FIXED 61

#define NO NO_ARG
#define AT(operation, layout, call, call_here, offset) \
	[operation] = {__NR_##call, __NR_##call_here, RING_##layout, offset, 0}
#define OF(operation, layout, call) AT(operation, layout, call, call, NO)

/* As io_uring_enter(2) says. clang-format off */
const struct ring_rule ring_table[RING_TABLE_SIZE] = {
	AT(IORING_OP_READ, READ_WRITE, pread64, read, 3),
	AT(IORING_OP_READV, READ_WRITE, preadv2, readv, 3),
	AT(IORING_OP_READ_FIXED, READ_WRITE, pread64, read, 3),
	AT(OP_READV_FIXED, READ_WRITE, preadv2, readv, 3),
	AT(IORING_OP_WRITE, READ_WRITE, pwrite64, write, 3),
	AT(IORING_OP_WRITEV, READ_WRITE, pwritev2, writev, 3),
	AT(IORING_OP_WRITE_FIXED, READ_WRITE, pwrite64, write, 3),
	AT(OP_WRITEV_FIXED, READ_WRITE, pwritev2, writev, 3),
	OF(IORING_OP_FSYNC, FILE, fsync),
	AT(IORING_OP_SYNC_FILE_RANGE, SYNC, sync_file_range, sync_file_range, 1),
	AT(IORING_OP_FALLOCATE, SYNC, fallocate, fallocate, 2),
	AT(IORING_OP_FADVISE, ADVISE, fadvise64, fadvise64, 1),
	OF(OP_FTRUNCATE, FILE, ftruncate),
	OF(IORING_OP_SPLICE, SPLICE, splice),
	OF(IORING_OP_FGETXATTR, FILE, fgetxattr),
	OF(IORING_OP_FSETXATTR, FILE, fsetxattr),
	OF(IORING_OP_CLOSE, CLOSE, close),
	OF(IORING_OP_OPENAT, OPEN, openat),
	OF(IORING_OP_OPENAT2, OPEN, openat2),
	OF(IORING_OP_STATX, STATX, statx),
	OF(IORING_OP_UNLINKAT, UNLINK, unlinkat),
	OF(IORING_OP_MKDIRAT, MKDIR, mkdirat),
	OF(IORING_OP_RENAMEAT, RENAME, renameat2),
	OF(IORING_OP_LINKAT, LINK, linkat),
	OF(IORING_OP_SYMLINKAT, SYMLINK, symlinkat),
	OF(IORING_OP_GETXATTR, XATTR, getxattr),
	OF(IORING_OP_SETXATTR, XATTR, setxattr),
};
/* clang-format on */

const u16 aio_table[AIO_TABLE_SIZE] = {
	[IOCB_CMD_PREAD] = __NR_pread64,  [IOCB_CMD_PWRITE] = __NR_pwrite64,
	[IOCB_CMD_FSYNC] = __NR_fsync,    [IOCB_CMD_FDSYNC] = __NR_fdatasync,
	[IOCB_CMD_PREADV] = __NR_preadv2, [IOCB_CMD_PWRITEV] = __NR_pwritev2,
};
