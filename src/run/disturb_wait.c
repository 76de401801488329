/* Wait in the process of the disturber, no longer than latwrap lives */
#include "run/disturb_wait.h"

#include <poll.h>

#include "base/util.h"

enum outcome { LATWRAP_ENDED, TIME_IS_OVER, HAPPENED };

static enum outcome wait_until(int fd, int other_fd, short events, uint64_t until_ns)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLRDHUP},
				       {.fd = other_fd, .events = events}};
		uint64_t now = kernel_now_ns(), left_ns = until_ns - MIN(now, until_ns);
		struct timespec left = {(time_t)(left_ns / NSEC_PER_SEC),
					(long)(left_ns % NSEC_PER_SEC)};

		if (ppoll(fds, ARRAY_SIZE(fds), &left, NULL) < 0)
			continue;
		if (fds[0].revents)
			return LATWRAP_ENDED;
		if (fds[1].revents)
			return HAPPENED;
		if (!left_ns)
			return TIME_IS_OVER;
	}
}

bool disturb_wait(int fd, uint64_t until_ns)
{
	return wait_until(fd, -1, 0, until_ns) == TIME_IS_OVER;
}

bool disturb_wait_for(int fd, int other_fd, short events, uint64_t until_ns)
{
	return wait_until(fd, other_fd, events, until_ns) == HAPPENED;
}
