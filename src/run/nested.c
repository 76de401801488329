/* A command run as a span of the latwrap around us, which measures it: started, waited for, not traced. */
#include "run/nested.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/child.h"
#include "run/jobctl.h"
#include "run/signals.h"
#include "run/witness.h"
#include "system/procfs.h"

#define EXIT_TIMED_OUT 124
#define EXIT_LATWRAP   125

struct nested {
	const struct nested_options *options;
	struct child child;
	struct child_exit child_exit;
	sigset_t old_mask;
	struct witness witness;
	int signal_fd, timer_fd;
	bool ended, timed_out;
};

static int set_timer(struct nested *nested, uint64_t ns)
{
	struct itimerspec spec = {
		.it_value = {(time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC)}};

	if (nested->timer_fd < 0)
		nested->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return nested->timer_fd < 0 || timerfd_settime(nested->timer_fd, 0, &spec, NULL) ? -errno
											 : 0;
}

static void on_child_changed(struct nested *nested)
{
	int stop_signal;

	if (child_poll_stop(&nested->child, &stop_signal) > 0 &&
	    jobctl_should_follow(&nested->child, stop_signal))
		jobctl_follow(&nested->child, stop_signal);
	if (!nested->ended && child_reap(&nested->child, false, &nested->child_exit) == 0)
		nested->ended = true;
}

/* As session_signalled(). */
static void on_signal(struct nested *nested)
{
	struct signalfd_siginfo info;

	while (read(nested->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			on_child_changed(nested);
			continue;
		}
		if (!jobctl_reached_child(&info, &nested->child, &nested->witness) &&
		    !jobctl_is_own(&info, &nested->child) &&
		    !procfs_descends((pid_t)info.ssi_pid, nested->child.pid))
			child_pass_on(&nested->child, &info);
	}
	witness_settle(&nested->witness);
}

static void on_timer(struct nested *nested)
{
	uint64_t expirations;

	if (read(nested->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	if (nested->timed_out) {
		child_signal(&nested->child, SIGKILL);
		return;
	}
	nested->timed_out = true;
	child_signal(&nested->child, SIGTERM);
	child_signal(&nested->child, SIGCONT);
	if (nested->options->kill_after_ns)
		set_timer(nested, nested->options->kill_after_ns);
}

static void wait_for_end(struct nested *nested)
{
	while (!nested->ended) {
		struct pollfd ready[] = {{.fd = nested->signal_fd, .events = POLLIN},
					 {.fd = nested->timer_fd, .events = POLLIN},
					 {.fd = nested->witness.fd, .events = POLLIN}};

		if (poll(ready, ARRAY_SIZE(ready), -1) <= 0)
			continue;
		if (ready[1].revents)
			on_timer(nested);
		if (ready[0].revents || ready[2].revents)
			on_signal(nested);
	}
}

static int start(struct nested *nested)
{
	const char *id = nested->options->id;
	_cleanup_free_ char *variable = id ? xasprintf("LATWRAP_SPAN=%s", id) : NULL;
	char *const environment[] = {variable, NULL};
	struct child_spec spec = {
		.argv = nested->options->argv,
		.env_extra = environment,
		.user = nested->options->user,
		.sigmask = &nested->old_mask,
		.cgroup_fd = -1,
	};
	int r;

	nested->signal_fd = signals_take(&nested->old_mask);
	if (nested->signal_fd < 0)
		return nested->signal_fd;
	witness_start(&nested->witness);
	r = child_start(&spec, &nested->child);
	if (r == 0 && nested->options->timeout_ns)
		r = set_timer(nested, nested->options->timeout_ns);
	if (r < 0)
		return r;
	on_signal(nested);
	return child_release(&nested->child);
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_usec * NSEC_PER_USEC;
}

static void judge(struct nested *nested, int exec_error, struct nested_result *ret)
{
	const struct child_exit *child_exit = &nested->child_exit;

	ret->started = exec_error == 0;
	ret->signal = child_exit->signal;
	ret->cpu_time_ns =
		timeval_ns(child_exit->rusage.ru_utime) + timeval_ns(child_exit->rusage.ru_stime);
	ret->status = child_exit->signal ? 128 + child_exit->signal : child_exit->code;
	if (nested->timed_out)
		ret->status = EXIT_TIMED_OUT;
	if (exec_error) {
		_cleanup_free_ char *message = child_exec_error_message(
			&nested->child, nested->options->argv[0], exec_error);

		log_error("%s", message);
		ret->status = child_exec_exit_status(&nested->child, exec_error);
	}
}

void nested_run(const struct nested_options *options, struct nested_result *ret)
{
	struct nested nested = {
		.options = options,
		.child = CHILD_NONE,
		.witness = WITNESS_NONE,
		.signal_fd = -1,
		.timer_fd = -1,
	};
	int r = start(&nested);

	*ret = (struct nested_result){.status = EXIT_LATWRAP};
	if (r < 0) {
		log_errno(r, "cannot start the command");
	} else {
		wait_for_end(&nested);
		judge(&nested, child_wait_exec(&nested.child), ret);
	}
	child_close(&nested.child);
	witness_stop(&nested.witness);
	close_fd(nested.signal_fd);
	close_fd(nested.timer_fd);
	signals_set_mask(&nested.old_mask);
}
