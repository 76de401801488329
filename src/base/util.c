/* Small helpers for all other files: cleanup, allocation, strings, files and time */
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define DIGITS "0123456789"

/* Does not call log_error(), which allocates. */
static void out_of_memory(void) __attribute__((noreturn, cold));

static void out_of_memory(void)
{
	static const char message[] = "latwrap: out of memory\n";

	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		abort();
	abort();
}

void *xmalloc(size_t size_bytes)
{
	/* malloc(0) may return NULL without having failed. */
	void *ptr = malloc(size_bytes ? size_bytes : 1);

	if (!ptr)
		out_of_memory();
	return ptr;
}

void *xcalloc(size_t count, size_t size_bytes)
{
	void *ptr = count && size_bytes ? calloc(count, size_bytes) : calloc(1, 1);

	if (!ptr)
		out_of_memory();
	return ptr;
}

void *xrealloc(void *ptr, size_t size_bytes)
{
	/* realloc(ptr, 0) would free it. */
	void *moved = realloc(ptr, size_bytes ? size_bytes : 1);

	if (!moved)
		out_of_memory();
	return moved;
}

void *xreallocarray(void *ptr, size_t count, size_t size_bytes)
{
	size_t total_bytes;

	if (__builtin_mul_overflow(count, size_bytes, &total_bytes))
		out_of_memory();
	return xrealloc(ptr, total_bytes);
}

void *grow_array(void *ptr, size_t count, size_t size_bytes)
{
	return count & (count - 1) ? ptr : xreallocarray(ptr, count ? count * 2 : 1, size_bytes);
}

char *xstrdup(const char *s)
{
	return xstrndup(s, SIZE_MAX);
}

char *xstrndup(const char *s, size_t n)
{
	char *copy = n == SIZE_MAX ? strdup(s) : strndup(s, n);

	if (!copy)
		out_of_memory();
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		out_of_memory();
	return text;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return text;
}

const char *startswith(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool streq_null(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int take_u64(const char **p, uint64_t *ret)
{
	const char *end = *p + strspn(*p, DIGITS), *digit = *p;
	uint64_t value = 0;

	*p = end;
	if (digit == end)
		return -EINVAL;
	for (; digit < end; digit++)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

int parse_u64(const char *s, uint64_t *ret)
{
	/*
	 * Check the syntax first: a number that is both too long and malformed counts as malformed.
	 */
	if (s[strspn(s, DIGITS)] != '\0')
		return -EINVAL;
	return take_u64(&s, ret);
}

int close_fd(int fd)
{
	int saved_errno = errno;

	/* Do not retry: Linux frees the descriptor even if close() fails with EINTR. */
	if (fd >= 0)
		close(fd);
	errno = saved_errno;
	return -1;
}

int read_file(const char *path, char **ret, size_t *ret_size_bytes)
{
	return read_file_at(AT_FDCWD, path, ret, ret_size_bytes);
}

int read_file_at(int dirfd, const char *path, char **ret, size_t *ret_size_bytes)
{
	_cleanup_free_ char *content = NULL;
	_cleanup_close_ int fd = -1;
	size_t used = 0, room = 0;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;

	for (;;) {
		ssize_t n;

		/* One byte stays free for the NUL. */
		if (room - used < 2) {
			room = room ? room * 2 : 4096;
			content = xrealloc(content, room);
		}
		n = read(fd, content + used, room - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}

	content[used] = '\0';
	*ret = steal_ptr(content);
	if (ret_size_bytes)
		*ret_size_bytes = used;
	return 0;
}

int write_file_at(int dirfd, const char *name, const char *value)
{
	_cleanup_close_ int fd = -1;
	size_t size_bytes = strlen(value);
	ssize_t n;

	fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;

	do {
		n = write(fd, value, size_bytes);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size_bytes ? 0 : -EIO;
}

uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	/* Fails only if the clock does not exist, which is a bug in the caller. */
	if (clock_gettime(clock, &ts) < 0)
		abort();
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * Reads the offset from the line "monotonic SECONDS NANOSECONDS". Returns 0 outside a time
 * namespace and before Linux 5.6.
 */
static int64_t read_namespace_offset_ns(void)
{
	_cleanup_free_ char *text = NULL;
	long long seconds, nanoseconds;

	/*
	 * The kernel accepts only offsets that fit (time_namespaces(7)). NOLINTBEGIN(cert-err34-c)
	 */
	if (read_file("/proc/self/timens_offsets", &text, NULL) < 0 ||
	    sscanf(text, "monotonic %lld %lld", &seconds, &nanoseconds) != 2)
		return 0;
	/* NOLINTEND(cert-err34-c) */
	return seconds * (int64_t)NSEC_PER_SEC + nanoseconds;
}

uint64_t kernel_time_ns(uint64_t monotonic_ns)
{
	static bool known;
	static int64_t offset_ns;

	if (!known) {
		offset_ns = read_namespace_offset_ns();
		known = true;
	}
	if (!monotonic_ns || (offset_ns > 0 && monotonic_ns <= (uint64_t)offset_ns))
		return 0;
	return monotonic_ns - (uint64_t)offset_ns;
}

uint64_t kernel_now_ns(void)
{
	return kernel_time_ns(now_ns(CLOCK_MONOTONIC));
}
