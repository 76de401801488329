/* Ends the run where the recorder itself hangs: --timeout, signals and the command's end do not depend on its loop. */
#include "run/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "run/signals.h"

#define STACK_BYTES    ((size_t)256 << 10)
#define LOOK_MS        500
#define HANGS_NS       (10 * NSEC_PER_SEC) /* of CPU time, in one turn */
#define EXIT_TIMED_OUT 124

static const char given_up[] =
	"latwrap: the recorder hangs, and is given up: the report lacks what came after the last "
	"checkpoint, or is missing; please report this as a bug of latwrap\n";

/*
 * What follows runs beside a thread that may hang anywhere, in malloc(3) too: only system calls.
 */

static bool is_told_to_stop(const struct watchdog *watchdog, int wait_ms)
{
	struct pollfd stop = {.fd = watchdog->stop_fd, .events = POLLIN};

	return poll(&stop, 1, wait_ms) > 0;
}

/* Something waits for the recorder: does it come to that, or does it use CPU time without turning? */
static bool hangs(struct watchdog *watchdog)
{
	if (atomic_load(&watchdog->turns) != watchdog->seen_turns) {
		watchdog->seen_turns = atomic_load(&watchdog->turns);
		watchdog->seen_cpu_ns = now_ns(watchdog->recorder_clock);
	}
	do {
		if (atomic_load(&watchdog->turns) != watchdog->seen_turns)
			return false;
		if (now_ns(watchdog->recorder_clock) - watchdog->seen_cpu_ns >= HANGS_NS)
			return true;
	} while (!is_told_to_stop(watchdog, LOOK_MS));
	return false;
}

/* By its pidfd, or by a number that is still the command's: the recorder, who alone reaps it, does not. */
static void send_signal(const struct watchdog *watchdog, int number)
{
	if (watchdog->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, watchdog->pidfd, number, NULL, 0);
	else if (atomic_load(&watchdog->exit_status) == WATCHDOG_EXIT_UNKNOWN)
		kill(watchdog->pid, number);
}

static void kill_all(const struct watchdog *watchdog)
{
	int fd = watchdog->cgroup_fd < 0
			 ? -1
			 : openat(watchdog->cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	/* The command may have left the cgroup, and before Linux 5.14 there is no such file. */
	if (fd >= 0 && write(fd, "1", 1) < 0)
		errno = 0;
	close_fd(fd);
	send_signal(watchdog, SIGKILL);
}

static void pass_signals_on(const struct watchdog *watchdog)
{
	struct signalfd_siginfo info;

	while (read(watchdog->signal_fd, &info, sizeof(info)) == sizeof(info))
		send_signal(watchdog, (int)info.ssi_signo);
}

/* --timeout, or then --kill-after, is over; a recorder that does not hang has done it itself. */
static void pass_deadline(struct watchdog *watchdog, bool does_it)
{
	bool kills = watchdog->timed_out || !watchdog->kill_after_ns;

	watchdog->timed_out = true;
	watchdog->deadline_ns = kills ? UINT64_MAX
				      : now_ns(CLOCK_MONOTONIC) + watchdog->kill_after_ns;
	if (does_it && kills) {
		kill_all(watchdog);
	} else if (does_it) {
		send_signal(watchdog, SIGTERM);
		send_signal(watchdog, SIGCONT);
	}
}

/* Its exit status, as a shell would have it; WATCHDOG_EXIT_UNKNOWN: it runs. */
static int command_status(const struct watchdog *watchdog)
{
	int status = atomic_load(&watchdog->exit_status);
	siginfo_t info = {0};

	if (status != WATCHDOG_EXIT_UNKNOWN)
		return status;
	if (waitid(P_PID, (id_t)watchdog->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return WATCHDOG_EXIT_UNKNOWN;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void end_latwrap(struct watchdog *watchdog, int status)
{
	if (watchdog->timed_out) {
		kill_all(watchdog);
		status = EXIT_TIMED_OUT;
	}
	if (write(STDERR_FILENO, given_up, sizeof(given_up) - 1) < 0)
		errno = 0;
	_exit(status);
}

static int wait_ms(const struct watchdog *watchdog)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	/* From its end on the recorder has only its own work left; and without a pidfd nothing tells of the end. */
	if (watchdog->has_ended || watchdog->pidfd < 0)
		return LOOK_MS;
	if (watchdog->deadline_ns == UINT64_MAX)
		return -1; /* until something happens */
	if (watchdog->deadline_ns <= now)
		return 0;
	return (int)MIN((watchdog->deadline_ns - now) / NSEC_PER_MSEC + 1, (uint64_t)INT32_MAX);
}

static void *watch(void *context)
{
	struct watchdog *watchdog = context;
	bool is_late, does_it;
	int status;

	signals_block();
	for (;;) {
		struct pollfd fds[] = {
			{.fd = watchdog->stop_fd, .events = POLLIN},
			{.fd = watchdog->signal_fd, .events = POLLIN},
			{.fd = watchdog->has_ended ? -1 : watchdog->pidfd, .events = POLLIN},
		};

		poll(fds, ARRAY_SIZE(fds), wait_ms(watchdog));
		if (fds[0].revents)
			return NULL;
		status = command_status(watchdog);
		watchdog->has_ended = status != WATCHDOG_EXIT_UNKNOWN;
		is_late = !watchdog->has_ended && now_ns(CLOCK_MONOTONIC) >= watchdog->deadline_ns;
		if (!watchdog->has_ended && !is_late && !fds[1].revents)
			continue;
		does_it = hangs(watchdog);
		if (does_it && watchdog->has_ended)
			end_latwrap(watchdog, status);
		if (does_it)
			pass_signals_on(watchdog);
		if (is_late)
			pass_deadline(watchdog, does_it);
	}
}

/* -- In the recorder's thread ------------------------------------------------------------------------ */

static int start_thread(struct watchdog *watchdog)
{
	pthread_attr_t attributes;
	int r = pthread_attr_init(&attributes);

	if (r)
		return -r;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	r = pthread_create(&watchdog->thread, &attributes, watch, watchdog);
	pthread_attr_destroy(&attributes);
	return -r;
}

void watchdog_start(struct watchdog *watchdog, const struct child *child,
		    const struct cgroup *cgroup, uint64_t timeout_ns, uint64_t kill_after_ns)
{
	watchdog->pid = child->pid;
	watchdog->pidfd = child->pidfd;
	watchdog->cgroup_fd = cgroup->fd;
	watchdog->exit_status = WATCHDOG_EXIT_UNKNOWN;
	watchdog->kill_after_ns = kill_after_ns;
	watchdog->deadline_ns = timeout_ns ? now_ns(CLOCK_MONOTONIC) + timeout_ns : UINT64_MAX;
	watchdog->stop_fd = eventfd(0, EFD_CLOEXEC);
	watchdog->signal_fd = signals_open_ending();
	watchdog->is_started = watchdog->stop_fd >= 0 && watchdog->signal_fd >= 0 &&
			       pthread_getcpuclockid(pthread_self(), &watchdog->recorder_clock) ==
				       0 &&
			       start_thread(watchdog) == 0;
	if (!watchdog->is_started)
		watchdog_stop(watchdog);
	signals_block();
}

void watchdog_turn(struct watchdog *watchdog)
{
	atomic_fetch_add_explicit(&watchdog->turns, 1, memory_order_relaxed);
}

void watchdog_reaped(struct watchdog *watchdog, int exit_status)
{
	atomic_store(&watchdog->exit_status, exit_status);
}

void watchdog_stop(struct watchdog *watchdog)
{
	const uint64_t one = 1;

	if (watchdog->is_started && write(watchdog->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(watchdog->thread, NULL);
	watchdog->is_started = false;
	watchdog->stop_fd = close_fd(watchdog->stop_fd);
	watchdog->signal_fd = close_fd(watchdog->signal_fd);
}
