/* End the run if the recorder hangs: --timeout, signals and the end of the command still work */
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

#include "base/thread.h"
#include "base/util.h"
#include "run/signals.h"

#define LOOK_MS  500
#define HANGS_NS (10 * NSEC_PER_SEC) /* CPU time in one turn */

static const char hang_message[] =
	"latwrap: the recorder hangs, latwrap ends without it: the report lacks what came after the "
	"last checkpoint, or is missing; please report this as a bug of latwrap\n";

/*
 * The code below runs beside a thread that may hang anywhere, even in malloc(3): it may only make
 * system calls.
 */

static bool is_told_to_stop(const struct watchdog *watchdog, int wait_ms)
{
	struct pollfd stop = {.fd = watchdog->stop_fd, .events = POLLIN};

	return poll(&stop, 1, wait_ms) > 0;
}

/*
 * Called when the recorder has something to do. Returns false when it turns, true if it uses CPU
 * time without turning.
 */
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

/*
 * Signals the command by its pidfd, or else by its PID. The PID still belongs to the command: only
 * the recorder reaps it, and the recorder hangs.
 */
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

	/* The command may have left the cgroup; and before Linux 5.14 this file does not exist. */
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

/*
 * Handles the end of --timeout, or then of --kill-after. If the recorder does not hang, it has sent
 * the signal itself.
 */
static void pass_deadline(struct watchdog *watchdog, bool must_act)
{
	bool kills = watchdog->timed_out || !watchdog->kill_after_ns;

	watchdog->timed_out = true;
	watchdog->deadline_ns = kills ? UINT64_MAX
				      : now_ns(CLOCK_MONOTONIC) + watchdog->kill_after_ns;
	if (must_act && kills) {
		kill_all(watchdog);
	} else if (must_act) {
		send_signal(watchdog, SIGTERM);
		send_signal(watchdog, SIGCONT);
	}
}

/*
 * Returns the exit status of the command as a shell does, or WATCHDOG_EXIT_UNKNOWN while it runs.
 */
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
	if (write(STDERR_FILENO, hang_message, sizeof(hang_message) - 1) < 0)
		errno = 0;
	_exit(status);
}

static int wait_ms(const struct watchdog *watchdog)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	/*
	 * After the end of the command the recorder has only its own work left; without a pidfd,
	 * nothing wakes us when the command ends.
	 */
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
	bool is_late, must_act;
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
		must_act = hangs(watchdog);
		if (must_act && watchdog->has_ended)
			end_latwrap(watchdog, status);
		if (must_act)
			pass_signals_on(watchdog);
		if (is_late)
			pass_deadline(watchdog, must_act);
	}
}

/* -- In the recorder's thread ------------------------------------------------------------------------ */

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
			       thread_start(&watchdog->thread, watch, watchdog) == 0;
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
