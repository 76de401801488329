/* Tests of run/disturber: which of its orders it carries out */
#include "run/disturber.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/util.h"
#include "tap.h"

/* The test ended while the disturber was busy: its order is due, and so is the word to forget it. */
static void test_forgotten_when_due(void)
{
	const uint64_t now = kernel_now_ns();
	struct disturber disturber = DISTURBER_NONE;
	struct disturb_done done = {0};
	struct pollfd reply = {.events = POLLIN};

	/* Without a cgroup nothing stands still, but all else is as usual. */
	disturber.kind = DISTURB_PAUSE;
	is_int(disturber_start(&disturber), 0);
	kill(disturber.pid, SIGSTOP);
	waitpid(disturber.pid, NULL, WUNTRACED);
	disturber_order(&disturber,
			&(struct disturb_order){.test = 1, .at_ns = now, .length_ns = 1});
	disturber_order(&disturber, &(struct disturb_order){.test = 1});
	disturber_order(&disturber,
			&(struct disturb_order){.test = 2, .at_ns = now, .length_ns = 1});
	kill(disturber.pid, SIGCONT);
	reply.fd = disturber.fd;
	poll(&reply, 1, -1);
	is_int(disturber_read(&disturber, &done), 1);
	is_u64(done.order.test, 2);
	disturber_finish(&disturber);
	is_int(disturber_read(&disturber, &done), -EPIPE);
	disturber_stop(&disturber);
}

int main(void)
{
	test_forgotten_when_due();
	return tap_done();
}
