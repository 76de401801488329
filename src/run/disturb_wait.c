/* Wait in the process of the disturber, no longer than latwrap lives */
#include "run/disturb_wait.h"

#include <poll.h>

#include "base/util.h"

enum disturb_event disturb_wait_any(int fd, short fd_events, int other_fd, short events,
				    uint64_t until_ns)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = (short)(POLLRDHUP | fd_events)},
				       {.fd = other_fd, .events = events}};
		uint64_t now = kernel_now_ns(), left_ns = until_ns - MIN(now, until_ns);
		struct timespec left = {(time_t)(left_ns / NSEC_PER_SEC),
					(long)(left_ns % NSEC_PER_SEC)};

		if (ppoll(fds, ARRAY_SIZE(fds), &left, NULL) < 0)
			continue;
		if (fds[0].revents & ~fd_events)
			return DISTURB_ENDED;
		if (fds[0].revents)
			return DISTURB_ORDER;
		if (fds[1].revents)
			return DISTURB_OTHER;
		if (!left_ns)
			return DISTURB_TIME;
	}
}

void disturb_wait(int fd, uint64_t until_ns)
{
	disturb_wait_any(fd, 0, -1, 0, until_ns);
}

bool disturb_wait_for(int fd, int other_fd, short events, uint64_t until_ns)
{
	return disturb_wait_any(fd, 0, other_fd, events, until_ns) == DISTURB_OTHER;
}
