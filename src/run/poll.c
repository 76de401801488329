/* Add descriptors and timers to an epoll instance, each with an event number */
#include "run/poll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "base/util.h"

int poll_watch(int epoll_fd, int fd, uint32_t events, uint32_t event)
{
	struct epoll_event request = {.events = events, .data.u32 = event};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &request) ? -errno : 0;
}

int poll_timer(int epoll_fd, uint64_t first_ns, uint64_t interval_ns, uint32_t event)
{
	struct itimerspec spec = {
		.it_value = {first_ns / NSEC_PER_SEC, first_ns % NSEC_PER_SEC},
		.it_interval = {interval_ns / NSEC_PER_SEC, interval_ns % NSEC_PER_SEC},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL) ||
	    poll_watch(epoll_fd, fd, EPOLLIN, event)) {
		int err = errno;

		close_fd(fd);
		return -err;
	}
	return fd;
}
