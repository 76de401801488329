/* Operations on a file by io_uring, whose threads the kernel adds to the process by itself. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "tool.h"

/*
 *   uring OPERATION WAY FILE [SECOND]
 *
 * WAY is inline: io_uring_enter(2) begins the operation; worker: a worker thread does; poll: a thread that polls the
 * submissions (IORING_SETUP_SQPOLL); fixed: with a registered file and buffer; chain: after a write that it is linked to;
 * cancelled: after one that fails; silent: after one whose success has no completion; reused: as silent, and then timeouts
 * of 1 s in the kernel's structures of both; refused: with operations there that do not exist; elsewhere: inline, and the
 * thread sleeps for 300 ms elsewhere before it asks for the completion; deferred: the same, and the ring leaves all work to
 * that moment (IORING_SETUP_DEFER_TASKRUN); a number: so many in all.
 * Prints what fileop prints, and how many threads the process has then:
 *
 *   {"op": "read", "pid": P, "tid": P, "before_ns": T, "after_ns": T, "result": R, "errno": E, "threads": N}
 */

#define ENTRIES      4
#define OP_FTRUNCATE 55 /* since 6.9 */
#define OP_NONE      255
#define THE_ONE      1 /* user_data of the operation that is asked for */

struct ring {
	int fd;
	char *memory;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
};

static struct iovec vector = {.iov_len = 16};
static struct statx status;

static const struct operation {
	const char *name;
	uint8_t code;
	enum { WITH_BUFFER, WITH_VECTOR, WITH_FILE, WITH_PATH, WITH_PATHS } with;
} operations[] = {
	{"read", IORING_OP_READ, WITH_BUFFER},
	{"write", IORING_OP_WRITE, WITH_BUFFER},
	{"readv", IORING_OP_READV, WITH_VECTOR},
	{"writev", IORING_OP_WRITEV, WITH_VECTOR},
	{"fsync", IORING_OP_FSYNC, WITH_FILE},
	{"fallocate", IORING_OP_FALLOCATE, WITH_FILE},
	{"ftruncate", OP_FTRUNCATE, WITH_FILE},
	{"close", IORING_OP_CLOSE, WITH_FILE},
	{"openat", IORING_OP_OPENAT, WITH_PATH},
	{"statx", IORING_OP_STATX, WITH_PATH},
	{"unlinkat", IORING_OP_UNLINKAT, WITH_PATH},
	{"mkdirat", IORING_OP_MKDIRAT, WITH_PATH},
	{"renameat", IORING_OP_RENAMEAT, WITH_PATHS},
	{"linkat", IORING_OP_LINKAT, WITH_PATHS},
	{"symlinkat", IORING_OP_SYMLINKAT, WITH_PATHS},
};

static void *map(size_t bytes, int flags, int fd, off_t offset)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static void *map_ring(int fd, size_t bytes, off_t offset)
{
	return map(bytes, MAP_SHARED | MAP_POPULATE, fd, offset);
}

static void set_up(struct ring *ring, unsigned flags)
{
	size_t bytes;

	ring->params.flags = flags;
	ring->params.sq_thread_idle = 2000;
	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	if (ring->fd < 0)
		die("io_uring_setup");
	/* Linux 6.1 registers no buffer in memory of a file, such as a static variable (io_sqe_buffer_register). */
	vector.iov_base = map(vector.iov_len, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bytes = ring->params.cq_off.cqes + ring->params.cq_entries * sizeof(struct io_uring_cqe);
	ring->memory = map_ring(ring->fd, bytes, IORING_OFF_SQ_RING);
	ring->entries = map_ring(ring->fd, ring->params.sq_entries * sizeof(struct io_uring_sqe),
				 IORING_OFF_SQES);
}

static unsigned *word(const struct ring *ring, unsigned offset)
{
	return (unsigned *)(void *)(ring->memory + offset);
}

static struct io_uring_sqe *next_entry(const struct ring *ring)
{
	unsigned *tail = word(ring, ring->params.sq_off.tail), at = *tail % ENTRIES;
	struct io_uring_sqe *entry = &ring->entries[at];

	memset(entry, 0, sizeof(*entry));
	word(ring, ring->params.sq_off.array)[at] = at;
	return entry;
}

static void queue(const struct ring *ring)
{
	unsigned *tail = word(ring, ring->params.sq_off.tail);

	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

static void enter(const struct ring *ring, unsigned submit, unsigned wait)
{
	unsigned flags = IORING_ENTER_GETEVENTS;

	if (ring->params.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	while (syscall(SYS_io_uring_enter, ring->fd, submit, wait, flags, NULL, 0) < 0)
		if (errno != EINTR)
			die("io_uring_enter");
}

/* Takes the completions that are there; returns the sum of the results of the operation that is asked for. */
static int take(const struct ring *ring)
{
	const struct io_uring_cqe *done = (void *)(ring->memory + ring->params.cq_off.cqes);
	unsigned *head = word(ring, ring->params.cq_off.head);
	int result = 0;

	while (*head != __atomic_load_n(word(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE)) {
		const struct io_uring_cqe *one = &done[*head % ring->params.cq_entries];

		if (one->user_data == THE_ONE)
			result += one->res;
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	}
	return result;
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

static const struct operation *operation_of(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	die("unknown operation: %s", name);
}

static void fill(struct io_uring_sqe *entry, const struct operation *operation, int fd,
		 const char *path, const char *second)
{
	entry->opcode = operation->code;
	entry->user_data = THE_ONE;
	entry->fd = operation->with < WITH_PATH ? fd : AT_FDCWD;
	if (operation->with == WITH_BUFFER || operation->with == WITH_VECTOR) {
		entry->addr = operation->with == WITH_BUFFER ? (uintptr_t)vector.iov_base
							     : (uintptr_t)&vector;
		entry->len = operation->with == WITH_BUFFER ? vector.iov_len : 1;
	} else if (operation->with >= WITH_PATH) {
		entry->addr = (uintptr_t)path;
	}
	if (operation->with == WITH_PATHS) {
		entry->addr2 = (uintptr_t)second;
		entry->len = (unsigned)AT_FDCWD;
	}
	switch (operation->code) {
	case IORING_OP_OPENAT:
		entry->open_flags = O_RDONLY | O_CLOEXEC;
		break;
	case IORING_OP_STATX:
		entry->len = STATX_BASIC_STATS;
		entry->off = (uintptr_t)&status;
		break;
	case IORING_OP_MKDIRAT:
		entry->len = 0750;
		break;
	case IORING_OP_SYMLINKAT:
		entry->fd = AT_FDCWD;
		entry->len = 0;
		break;
	case IORING_OP_FALLOCATE:
		entry->addr = vector.iov_len;
		break;
	case OP_FTRUNCATE:
		entry->off = vector.iov_len;
		break;
	}
}

static void fix(const struct ring *ring, struct io_uring_sqe *entry, int fd)
{
	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, &fd, 1) < 0 ||
	    syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, &vector, 1) < 0)
		die("io_uring_register");
	entry->fd = 0;
	entry->flags |= IOSQE_FIXED_FILE;
	if (entry->opcode == IORING_OP_READ)
		entry->opcode = IORING_OP_READ_FIXED;
	if (entry->opcode == IORING_OP_WRITE)
		entry->opcode = IORING_OP_WRITE_FIXED;
}

/* A write with which a chain begins; it fails if fd is -1. */
static void link_to_write(const struct ring *ring, int fd, uint8_t flags)
{
	struct io_uring_sqe *entry = next_entry(ring);

	fill(entry, operation_of("write"), fd, NULL, NULL);
	entry->user_data = 0;
	entry->flags = IOSQE_IO_LINK | flags;
	queue(ring);
}

static int do_many(const struct ring *ring, const struct operation *operation, int fd, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i += ENTRIES) {
		for (int one = 0; one < ENTRIES; one++) {
			fill(next_entry(ring), operation, fd, NULL, NULL);
			queue(ring);
		}
		enter(ring, ENTRIES, ENTRIES);
		sum += take(ring);
	}
	return sum;
}

/* The thread's sleep is the injection. */
static void sleep_elsewhere(void)
{
	struct timespec left = {.tv_nsec = 300000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* The kernel takes the structures that it freed last. */
static void reuse(const struct ring *ring, uint8_t code)
{
	static struct __kernel_timespec timeout = {.tv_sec = 1};

	for (int i = 0; i < ENTRIES; i++) {
		struct io_uring_sqe *entry = next_entry(ring);

		entry->opcode = code;
		entry->user_data = 2;
		entry->addr = (uintptr_t)&timeout;
		entry->len = 1;
		queue(ring);
	}
	enter(ring, ENTRIES, ENTRIES);
}

static int do_one(const struct ring *ring, const struct operation *operation, const char *way,
		  int fd, char **paths)
{
	bool reused = strcmp(way, "reused") == 0, refused = strcmp(way, "refused") == 0;
	bool silent = strcmp(way, "silent") == 0 || reused || refused;
	bool cancelled = strcmp(way, "cancelled") == 0;
	bool elsewhere = strcmp(way, "elsewhere") == 0 || strcmp(way, "deferred") == 0;
	bool linked = strcmp(way, "chain") == 0 || silent || cancelled;
	struct io_uring_sqe *entry;
	int result;

	if (linked)
		link_to_write(ring, cancelled ? -1 : fd, silent ? IOSQE_CQE_SKIP_SUCCESS : 0);
	entry = next_entry(ring);
	fill(entry, operation, fd, paths[0], paths[1]);
	if (strcmp(way, "worker") == 0)
		entry->flags |= IOSQE_ASYNC;
	if (strcmp(way, "fixed") == 0)
		fix(ring, entry, fd);
	queue(ring);
	if (elsewhere) {
		enter(ring, 1, 0);
		sleep_elsewhere();
	}
	enter(ring, linked ? 2 : !elsewhere, linked && !silent ? 2 : 1);
	result = take(ring);
	if (reused || refused)
		reuse(ring, reused ? IORING_OP_TIMEOUT : OP_NONE);
	return result + take(ring);
}

static unsigned setup_flags(const char *way)
{
	if (strcmp(way, "poll") == 0)
		return IORING_SETUP_SQPOLL;
	if (strcmp(way, "deferred") == 0)
		return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	return IORING_SETUP_SUBMIT_ALL;
}

int main(int argc, char **argv)
{
	const struct operation *operation;
	uint64_t before_ns, after_ns;
	struct ring ring = {0};
	int result, fd = -1, count;

	if (argc < 4)
		die("usage: uring OPERATION WAY FILE [SECOND]");
	operation = operation_of(argv[1]);
	set_up(&ring, setup_flags(argv[2]));
	if (operation->with < WITH_PATH)
		fd = open(argv[3], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 && operation->with < WITH_PATH)
		die("cannot open %s", argv[3]);
	count = atoi(argv[2]);
	before_ns = now_ns();
	result = count ? do_many(&ring, operation, fd, count)
		       : do_one(&ring, operation, argv[2], fd, argv + 3);
	after_ns = now_ns();
	emit("{\"op\": \"%s\", \"pid\": %d, \"tid\": %d, \"before_ns\": %llu, \"after_ns\": %llu,"
	     " \"result\": %d, \"errno\": %d, \"threads\": %u}",
	     argv[1], getpid(), getpid(), (unsigned long long)before_ns,
	     (unsigned long long)after_ns, result, result < 0 ? -result : 0, count_threads());
	return 0;
}
