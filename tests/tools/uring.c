/* One operation on a file by io_uring, whose threads the kernel adds to the process by itself. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tool.h"

/*
 *   uring read|write|fsync inline|worker|poll FILE
 *
 * inline: io_uring_enter(2) begins the operation; worker: a worker thread does; poll: a thread that polls the
 * submissions (IORING_SETUP_SQPOLL). Prints what fileop prints, and how many threads the process has then:
 *
 *   {"op": "read", "pid": P, "tid": P, "before_ns": T, "after_ns": T, "result": R, "errno": E, "threads": N}
 */

struct ring {
	int fd;
	char *memory;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
};

static void *map_ring(int fd, size_t bytes, off_t offset)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	if (memory == MAP_FAILED)
		die("cannot map the ring");
	return memory;
}

static void set_up(struct ring *ring, unsigned flags)
{
	size_t bytes;

	ring->params.flags = flags;
	ring->params.sq_thread_idle = 2000;
	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
	if (ring->fd < 0)
		die("io_uring_setup");
	bytes = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->memory = map_ring(ring->fd, bytes, IORING_OFF_SQ_RING);
	ring->entries = map_ring(ring->fd, ring->params.sq_entries * sizeof(struct io_uring_sqe),
				 IORING_OFF_SQES);
}

static unsigned *word(const struct ring *ring, unsigned offset)
{
	return (unsigned *)(void *)(ring->memory + offset);
}

/* Submits the first entry, waits, and returns what the operation returned. */
static int submit(const struct ring *ring)
{
	const struct io_uring_cqe *done = (void *)(ring->memory + ring->params.cq_off.cqes);
	unsigned flags = IORING_ENTER_GETEVENTS;

	if (ring->params.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	*word(ring, ring->params.sq_off.array) = 0;
	__atomic_store_n(word(ring, ring->params.sq_off.tail), 1, __ATOMIC_RELEASE);
	while (syscall(SYS_io_uring_enter, ring->fd, 1, 1, flags, NULL, 0) < 0)
		if (errno != EINTR)
			die("io_uring_enter");
	return done->res;
}

static unsigned count_threads(void)
{
	DIR *threads = opendir("/proc/self/task");
	unsigned count = 0;

	while (threads && readdir(threads))
		count++;
	if (threads)
		closedir(threads);
	return count - 2; /* "." and ".." */
}

static unsigned char opcode_of(const char *operation)
{
	if (strcmp(operation, "read") == 0)
		return IORING_OP_READ;
	if (strcmp(operation, "write") == 0)
		return IORING_OP_WRITE;
	if (strcmp(operation, "fsync") == 0)
		return IORING_OP_FSYNC;
	die("unknown operation: %s", operation);
}

int main(int argc, char **argv)
{
	static char buffer[16];
	struct ring ring = {0};
	uint64_t before_ns, after_ns;
	int result;

	if (argc != 4)
		die("usage: uring read|write|fsync inline|worker|poll FILE");
	set_up(&ring, strcmp(argv[2], "poll") == 0 ? IORING_SETUP_SQPOLL : 0);
	ring.entries->opcode = opcode_of(argv[1]);
	ring.entries->flags = strcmp(argv[2], "worker") == 0 ? IOSQE_ASYNC : 0;
	ring.entries->fd = open(argv[3], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (ring.entries->fd < 0)
		die("cannot open %s", argv[3]);
	if (ring.entries->opcode != IORING_OP_FSYNC) {
		ring.entries->addr = (uintptr_t)buffer;
		ring.entries->len = sizeof(buffer);
	}
	before_ns = now_ns();
	result = submit(&ring);
	after_ns = now_ns();
	emit("{\"op\": \"%s\", \"pid\": %d, \"tid\": %d, \"before_ns\": %llu, \"after_ns\": %llu,"
	     " \"result\": %d, \"errno\": %d, \"threads\": %u}",
	     argv[1], getpid(), getpid(), (unsigned long long)before_ns,
	     (unsigned long long)after_ns, result, result < 0 ? -result : 0, count_threads());
	return 0;
}
