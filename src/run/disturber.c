/* A process beside latwrap that disturbs the run as ordered, and ends each disturbance whatever happens to latwrap */
#include "run/disturber.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/close_others.h"
#include "run/disturb_files.h"
#include "run/disturb_freeze.h"
#include "run/disturb_starve.h"
#include "run/disturb_wait.h"

#define FINISH_S          1
#define REALTIME_PRIORITY (STARVE_PRIORITY + 1)

struct orders {
	struct disturb_order list[DISTURBER_ORDERS_MAX];
	size_t count;
};

/* -- In the disturber ------------------------------------------------------------------------------ */

static void forget(struct orders *orders, uint32_t test)
{
	size_t kept = 0;

	for (size_t i = 0; i < orders->count; i++)
		if (orders->list[i].test != test)
			orders->list[kept++] = orders->list[i];
	orders->count = kept;
}

static void take_order(int fd, struct orders *orders)
{
	struct disturb_order order;
	ssize_t n = recv(fd, &order, sizeof(order), 0);

	if (n == 0 || (n < 0 && errno != EINTR))
		_exit(0);
	if (n != sizeof(order))
		return;
	if (!order.length_ns)
		forget(orders, order.test);
	else if (orders->count < DISTURBER_ORDERS_MAX)
		orders->list[orders->count++] = order;
}

static struct disturb_order *first_due(struct orders *orders)
{
	struct disturb_order *first = orders->list;

	for (size_t i = 1; i < orders->count; i++)
		if (orders->list[i].at_ns < first->at_ns)
			first = &orders->list[i];
	return orders->count ? first : NULL;
}

static void carry_out(const struct disturber *disturber, int fd, struct orders *orders,
		      struct disturb_order *order)
{
	struct disturb_done done = {.order = *order};

	if (disturber->kind == DISTURB_FILES &&
	    !disturb_files(disturber->cgroup, fd, done.order.length_ns, &done.times))
		return;
	*order = orders->list[--orders->count];
	if (disturber->kind == DISTURB_STARVE)
		disturb_starve(fd, done.order.length_ns, &done.times);
	else if (disturber->kind != DISTURB_FILES)
		disturb_freeze(disturber->cgroup_fds, disturber->cgroup_count, fd,
			       done.order.length_ns, &done.times);
	if (send(fd, &done, sizeof(done), MSG_NOSIGNAL) < 0)
		_exit(0);
}

/* Never returns. */
static void run_disturber(const struct disturber *disturber, int fd)
{
	const struct sched_param priority = {REALTIME_PRIORITY};
	struct orders orders = {0};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "latwrap-disturb");
	prctl(PR_SET_TIMERSLACK, 1);
	/* If this fails, a disturbance may last longer on a busy machine; it is measured. */
	sched_setscheduler(0, SCHED_FIFO, &priority);
	for (;;) {
		struct disturb_order *next = first_due(&orders);

		/* Read all that waits before doing anything: it may say to forget what is due. */
		switch (disturb_wait_any(fd, POLLIN, -1, 0, next ? next->at_ns : UINT64_MAX)) {
		case DISTURB_ORDER:
			take_order(fd, &orders);
			break;
		case DISTURB_TIME:
			if (next)
				carry_out(disturber, fd, &orders, next);
			break;
		case DISTURB_OTHER:
		case DISTURB_ENDED:
			_exit(0);
		}
	}
}

/* -- In latwrap ------------------------------------------------------------------------------------ */

static void close_unneeded(const struct disturber *disturber, int fd)
{
	int needed[DISTURBER_CGROUPS_MAX + 1] = {fd};

	memcpy(needed + 1, disturber->cgroup_fds, disturber->cgroup_count * sizeof(*needed));
	close_others(needed, 1 + disturber->cgroup_count);
}

static int probe(const struct disturber *disturber)
{
	switch (disturber->kind) {
	case DISTURB_STARVE:
		return disturb_starve_probe();
	case DISTURB_FILES:
		return disturb_files_probe();
	default:
		return disturb_freeze_probe(disturber->cgroup_fds, disturber->cgroup_count);
	}
}

int disturber_start(struct disturber *disturber)
{
	int ends[2];
	int r = probe(disturber);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return log_errno(errno, "cannot start a process that disturbs the run");
	disturber->pid = fork();
	if (disturber->pid == 0) {
		close_unneeded(disturber, ends[1]);
		run_disturber(disturber, ends[1]);
	}
	close_fd(ends[1]);
	if (disturber->pid < 0) {
		r = log_errno(errno, "cannot start a process that disturbs the run");
		close_fd(ends[0]);
		return r;
	}
	disturber->fd = ends[0];
	fcntl(disturber->fd, F_SETFL, O_NONBLOCK);
	disturber->pidfd = (int)syscall(SYS_pidfd_open, disturber->pid, 0);
	return 0;
}

int disturber_order(const struct disturber *disturber, const struct disturb_order *order)
{
	return send(disturber->fd, order, sizeof(*order), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void disturber_finish(const struct disturber *disturber)
{
	/* Somebody may keep the disturber stopped. */
	const struct timeval patience = {.tv_sec = FINISH_S};

	setsockopt(disturber->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	fcntl(disturber->fd, F_SETFL, 0);
	shutdown(disturber->fd, SHUT_WR);
}

int disturber_read(const struct disturber *disturber, struct disturb_done *ret)
{
	ssize_t n = recv(disturber->fd, ret, sizeof(*ret), 0);

	/* It has ended with an order unread: what it sent before is still there. */
	if (n < 0 && errno == ECONNRESET)
		n = recv(disturber->fd, ret, sizeof(*ret), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n == sizeof(*ret) ? 1 : -EPIPE;
}

void disturber_stop(struct disturber *disturber)
{
	if (disturber->pid < 0)
		return;
	disturber->fd = close_fd(disturber->fd);
	/* It ends by itself unless somebody has stopped it; before Linux 5.3 there is no pidfd. */
	if (disturber->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, disturber->pidfd, SIGKILL, NULL, 0);
	waitpid(disturber->pid, NULL, 0);
	disturber->pidfd = close_fd(disturber->pidfd);
	disturber->pid = -1;
	disturb_thaw(disturber->cgroup_fds, disturber->cgroup_count);
}
