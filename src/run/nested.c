/* Run a command as a span of an outer latwrap: start it and wait for it, without tracing */
#include "run/nested.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/cgroup.h"
#include "run/cgroup_create.h"
#include "run/cgroup_procs.h"
#include "run/child.h"
#include "run/descendants.h"
#include "run/jobctl.h"
#include "run/signals.h"
#include "run/witness.h"
#include "system/procfs.h"

struct nested {
	const struct nested_options *options;
	struct child child;
	struct child_exit child_exit;
	sigset_t old_mask;
	struct witness witness;
	/* Below the cgroup of the run; none if nothing needs to be ended or waited for */
	struct cgroup cgroup;
	int signal_fd, timer_fd, events_fd;
	bool keeps_descendants;
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
	    jobctl_should_stop(&nested->child, stop_signal))
		jobctl_stop(&nested->child, stop_signal);
	if (!nested->ended && child_reap(&nested->child, false, &nested->child_exit) == 0)
		nested->ended = true;
	child_reap_others(&nested->child);
}

/* Does the same as session_signalled(). */
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
	witness_forget(&nested->witness);
}

/* Signals the command and all processes that it started. */
static void signal_all(struct nested *nested, int number)
{
	const struct cgroup *cgroup = &nested->cgroup;

	if (cgroup->fd < 0 || !cgroup_has(cgroup, nested->child.pid))
		child_signal(&nested->child, number);
	if (cgroup->fd < 0)
		descendants_signal(nested->witness.pid, number);
	else if (number == SIGKILL)
		cgroup_kill(cgroup);
	else
		cgroup_signal(cgroup, number, 0);
}

static void on_timer(struct nested *nested)
{
	uint64_t expirations;

	if (read(nested->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	if (nested->timed_out) {
		signal_all(nested, SIGKILL);
		return;
	}
	nested->timed_out = true;
	signal_all(nested, SIGTERM);
	signal_all(nested, SIGCONT);
	if (nested->options->kill_after_ns)
		set_timer(nested, nested->options->kill_after_ns);
}

/* Returns whether all processes that the command started have ended. */
static bool is_empty(struct nested *nested)
{
	if (nested->cgroup.fd >= 0)
		return cgroup_events_populated(nested->events_fd) <= 0;
	return descendants_signal(nested->witness.pid, 0) == 0;
}

static void wait_until(struct nested *nested, bool (*is_over)(struct nested *nested))
{
	while (!is_over(nested)) {
		struct pollfd ready[] = {{.fd = nested->signal_fd, .events = POLLIN},
					 {.fd = nested->timer_fd, .events = POLLIN},
					 {.fd = nested->witness.fd, .events = POLLIN},
					 {.fd = nested->events_fd, .events = POLLPRI}};

		if (poll(ready, ARRAY_SIZE(ready), -1) <= 0)
			continue;
		if (ready[1].revents)
			on_timer(nested);
		if (ready[0].revents || ready[2].revents)
			on_signal(nested);
	}
}

static bool has_ended(struct nested *nested)
{
	return nested->ended;
}

static void handle_leftovers(struct nested *nested)
{
	const struct nested_options *options = nested->options;

	if (options->leftovers == LEFTOVERS_WAIT && !nested->timed_out) {
		if (nested->cgroup.fd >= 0)
			nested->events_fd = cgroup_events_open(&nested->cgroup);
		wait_until(nested, is_empty);
	} else if (options->leftovers == LEFTOVERS_KILL || nested->timed_out) {
		signal_all(nested, SIGKILL);
	}
}

/* A user who may not make a cgroup, as most users except root, gets the descendants instead. */
static void open_place(struct nested *nested)
{
	const struct nested_options *options = nested->options;
	_cleanup_free_ char *message = NULL;

	if (!options->timeout_ns && options->leftovers == LEFTOVERS_LEAVE)
		return;
	nested->keeps_descendants = cgroup_create(&nested->cgroup, &message) < 0;
}

static void close_place(struct nested *nested)
{
	nested->events_fd = close_fd(nested->events_fd);
	if (nested->cgroup.fd < 0)
		return;
	/*
	 * Leftovers continue in the outer cgroup. Processes that cannot be moved are removed with
	 * the outer cgroup.
	 */
	if (cgroup_evacuate(&nested->cgroup) < 0 || cgroup_destroy(&nested->cgroup) < 0)
		cgroup_close(&nested->cgroup);
}

static int start(struct nested *nested)
{
	const char *id = nested->options->id;
	_cleanup_free_ char *variable = id ? xasprintf("LATWRAP_SPAN=%s", id) : NULL;
	char *const environment[] = {variable, NULL};
	struct child_spec spec = {
		.argv = nested->options->argv,
		.file = nested->options->file,
		.env_extra = environment,
		.user = nested->options->user,
		.sigmask = &nested->old_mask,
		.cgroup_fd = nested->cgroup.fd,
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
	if (nested->keeps_descendants)
		descendants_keep();
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
		.cgroup = CGROUP_NONE,
		.signal_fd = -1,
		.timer_fd = -1,
		.events_fd = -1,
	};
	int r;

	open_place(&nested);
	r = start(&nested);

	*ret = (struct nested_result){.status = EXIT_LATWRAP};
	if (r < 0) {
		log_errno(r, "cannot start the command");
	} else {
		wait_until(&nested, has_ended);
		handle_leftovers(&nested);
		judge(&nested, child_wait_exec(&nested.child), ret);
	}
	child_close(&nested.child);
	witness_stop(&nested.witness);
	close_place(&nested);
	close_fd(nested.signal_fd);
	close_fd(nested.timer_fd);
	signals_set_mask(&nested.old_mask);
}
