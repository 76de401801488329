/* Operations on a file by Linux AIO, without a library. */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "tool.h"

/*
 *   aio OPERATION WAY FILE
 *
 * WAY is wait: io_getevents(2) waits for the result; late: it is called only when the result is there; thread: another thread
 * waits in it before the submission; ring: the result is read from the ring in memory, without a system call; again: the same,
 * and the control block is submitted once more, with wait; refused: the second of two requests has no descriptor; open: the
 * process ends with the request in flight; buffered: wait, without O_DIRECT; pipe: on a pipe that somebody writes to; a number:
 * so many in all, in batches. Prints what fileop prints:
 *
 *   {"op": "read", "pid": P, "tid": P, "before_ns": T, "after_ns": T, "result": R, "errno": E}
 */

#define BATCH 16
#define BYTES 4096

/* What io_setup(2) maps at the address that it returns: fs/aio.c struct aio_ring */
struct ring {
	unsigned id, number, head, tail;
	unsigned magic, compatible, incompatible, header_bytes;
	struct io_event events[];
};

static char buffer[BYTES] __attribute__((aligned(BYTES)));
static const struct iovec vector = {buffer, BYTES};
static aio_context_t context;
static int code;

static const struct operation {
	const char *name;
	int code;
} operations[] = {
	{"read", IOCB_CMD_PREAD},     {"write", IOCB_CMD_PWRITE}, {"readv", IOCB_CMD_PREADV},
	{"writev", IOCB_CMD_PWRITEV}, {"fsync", IOCB_CMD_FSYNC},  {"fdatasync", IOCB_CMD_FDSYNC},
};

static struct iocb request_on(int fd)
{
	struct iocb block = {.aio_lio_opcode = (uint16_t)code, .aio_fildes = (uint32_t)fd};

	if (code == IOCB_CMD_PREADV || code == IOCB_CMD_PWRITEV) {
		block.aio_buf = (uintptr_t)&vector;
		block.aio_nbytes = 1;
	} else if (code == IOCB_CMD_PREAD || code == IOCB_CMD_PWRITE) {
		block.aio_buf = (uintptr_t)buffer;
		block.aio_nbytes = BYTES;
	}
	return block;
}

static long submit(struct iocb *blocks, long count)
{
	struct iocb *list[BATCH];

	for (long i = 0; i < count; i++)
		list[i] = &blocks[i];
	return syscall(SYS_io_submit, context, count, list);
}

static long long reap(long count)
{
	struct io_event events[BATCH];
	long long sum = 0;

	if (syscall(SYS_io_getevents, context, count, count, events, NULL) != count)
		die("cannot get %ld results", count);
	for (long i = 0; i < count; i++)
		sum += events[i].res;
	return sum;
}

struct reaper {
	pid_t tid;
	long long result;
};

static void *reap_one(void *of)
{
	struct reaper *reaper = of;

	__atomic_store_n(&reaper->tid, gettid(), __ATOMIC_RELEASE);
	reaper->result = reap(1);
	return NULL;
}

/* Whether the thread sleeps in io_getevents(2). */
static int is_reaping(pid_t tid)
{
	char path[64];
	FILE *file;
	long number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = tid ? fopen(path, "re") : NULL;
	if (!file)
		return 0;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number == SYS_io_getevents;
}

static struct ring *ring(void)
{
	return (struct ring *)(uintptr_t)context; /* NOLINT(performance-no-int-to-ptr) */
}

static int ring_is_empty(void)
{
	return __atomic_load_n(&ring()->tail, __ATOMIC_ACQUIRE) == ring()->head;
}

static long long take_from_ring(void)
{
	long long result;

	while (ring_is_empty())
		sched_yield();
	result = ring()->events[ring()->head].res;
	__atomic_store_n(&ring()->head, (ring()->head + 1) % ring()->number, __ATOMIC_RELEASE);
	return result;
}

static long long in_batches(int fd, long count)
{
	struct iocb blocks[BATCH];
	long long sum = 0;

	for (long done = 0; done < count; done += BATCH) {
		long now = count - done < BATCH ? count - done : BATCH;

		for (long i = 0; i < now; i++)
			blocks[i] = request_on(fd);
		if (submit(blocks, now) != now)
			die("cannot submit");
		sum += reap(now);
	}
	return sum;
}

static long long with_thread(struct iocb *block)
{
	struct reaper reaper = {};
	pthread_t thread;

	if (pthread_create(&thread, NULL, reap_one, &reaper))
		die("cannot create a thread");
	while (!is_reaping(__atomic_load_n(&reaper.tid, __ATOMIC_ACQUIRE)))
		sched_yield();
	if (submit(block, 1) != 1)
		die("cannot submit");
	pthread_join(thread, NULL);
	return reaper.result;
}

static long long do_request(const char *way, int fd)
{
	struct iocb blocks[2] = {request_on(fd), request_on(-1)};
	long long result;

	if (strcmp(way, "thread") == 0)
		return with_thread(blocks);
	if (submit(blocks, strcmp(way, "refused") == 0 ? 2 : 1) != 1)
		die("cannot submit");
	if (strcmp(way, "open") == 0)
		return 0;
	if (strcmp(way, "late") == 0)
		while (ring_is_empty())
			sched_yield();
	if (strcmp(way, "ring") != 0 && strcmp(way, "again") != 0)
		return reap(1);
	result = take_from_ring();
	if (strcmp(way, "again") == 0 && submit(blocks, 1) == 1)
		result = reap(1);
	return result;
}

static int open_it(const char *way, const char *path)
{
	int ends[2], fd;

	if (strcmp(way, "pipe") == 0) {
		if (pipe(ends) < 0 || write(ends[1], buffer, BYTES) != BYTES)
			die("no pipe");
		return ends[0];
	}
	fd = open(path, O_RDWR | O_CLOEXEC | (strcmp(way, "buffered") == 0 ? 0 : O_DIRECT), 0644);
	if (fd < 0)
		die("cannot open %s", path);
	return fd;
}

int main(int argc, char **argv)
{
	uint64_t before_ns;
	long long result;
	int fd;

	if (argc != 4)
		die("usage: aio OPERATION WAY FILE");
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(argv[1], operations[i].name) == 0)
			code = operations[i].code;
	fd = open_it(argv[2], argv[3]);
	if (syscall(SYS_io_setup, BATCH, &context) < 0)
		die("no Linux AIO");
	before_ns = now_ns();
	result = atol(argv[2]) ? in_batches(fd, atol(argv[2])) : do_request(argv[2], fd);
	emit("{\"op\": \"%s\", \"pid\": %d, \"tid\": %d, \"before_ns\": %llu, \"after_ns\": %llu, "
	     "\"result\": %lld, \"errno\": %lld}",
	     argv[1], getpid(), getpid(), (unsigned long long)before_ns,
	     (unsigned long long)now_ns(), result, result < 0 ? -result : 0);
	return 0;
}
