/* Write to a descriptor whose reader may be slow or absent, with a limit on the wait */
#include "base/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PACE_BYTES ((size_t)64 << 10)

/* /dev/ptmx, the master side of a terminal: opening it again creates another terminal (pts(4)). */
static bool is_terminal_master(const struct stat *st)
{
	return st->st_rdev == makedev(5, 2);
}

static int open_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int outlet_open(int fd, struct outlet *ret)
{
	struct stat st;
	bool waits;

	*ret = OUTLET_NONE;
	if (fstat(fd, &st) < 0)
		return -errno;
	waits = S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd));
	if (waits && !is_terminal_master(&st))
		ret->fd = open_again(fd);
	if (ret->fd >= 0)
		return 0;
	*ret = (struct outlet){
		.fd = fd,
		.is_socket = S_ISSOCK(st.st_mode),
		.is_callers = true,
		.may_block = waits,
	};
	return 0;
}

struct outlet outlet_take(int fd)
{
	return (struct outlet){.fd = fd};
}

void outlet_close(struct outlet *outlet)
{
	if (!outlet->is_callers)
		close_fd(outlet->fd);
	*outlet = OUTLET_NONE;
}

ssize_t outlet_try(const struct outlet *outlet, const char *data, size_t size)
{
	struct pollfd writable = {.fd = outlet->fd, .events = POLLOUT};
	ssize_t n;

	if (outlet->may_block) {
		if (poll(&writable, 1, 0) <= 0)
			return -EAGAIN;
		/*
		 * A pipe that polls as writable has room for at least one page (pipe_poll() in the
		 * kernel).
		 */
		size = MIN(size, (size_t)PIPE_BUF);
	}
	do
		n = outlet->is_socket ? send(outlet->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
				      : write(outlet->fd, data, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

const char *outlet_reason(int error)
{
	return error == -ETIMEDOUT ? "its reader does not read" : strerror(-error);
}

void outlet_wait(const struct outlet *outlet, uint64_t timeout_ns)
{
	struct pollfd writable = {.fd = outlet->fd, .events = POLLOUT};
	struct timespec timeout = {(time_t)(timeout_ns / NSEC_PER_SEC),
				   (long)(timeout_ns % NSEC_PER_SEC)};
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (timeout_ns == OUTLET_NO_HURRY) {
		sigdelset(&mask, SIGINT);
		sigdelset(&mask, SIGTERM);
		sigdelset(&mask, SIGHUP);
	}
	ppoll(&writable, 1, timeout_ns == OUTLET_NO_HURRY ? NULL : &timeout, &mask);
}

int outlet_write(const struct outlet *outlet, const char *data, size_t size, uint64_t patience_ns)
{
	uint64_t begun_ns = now_ns(CLOCK_MONOTONIC);
	size_t since = 0;

	while (size) {
		ssize_t n = outlet_try(outlet, data, size);
		uint64_t waited_ns;

		if (n < 0 && n != -EAGAIN)
			return (int)n;
		if (n >= 0) {
			data += n;
			size -= (size_t)n;
			since += (size_t)n;
			continue;
		}
		if (since >= PACE_BYTES) {
			begun_ns = now_ns(CLOCK_MONOTONIC);
			since = 0;
		}
		waited_ns = now_ns(CLOCK_MONOTONIC) - begun_ns;
		if (waited_ns >= patience_ns)
			return -ETIMEDOUT;
		outlet_wait(outlet,
			    patience_ns == OUTLET_NO_HURRY ? patience_ns : patience_ns - waited_ns);
	}
	return 0;
}
