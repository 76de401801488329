/* Run the command once: make the cgroup, load BPF, start the command, loop, drain the records */
#include "run/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "run/cgroup_procs.h"
#include "run/descendants.h"
#include "run/describe.h"
#include "run/jobctl.h"
#include "run/poll.h"
#include "run/privilege.h"
#include "run/session_disturb.h"
#include "run/session_overhead.h"
#include "run/session_records.h"
#include "run/session_signals.h"
#include "run/session_state.h"
#include "run/session_tracing.h"
#include "run/signals.h"
#include "runners/runner_setup.h"
#include "trace/trace_fault.h"

/* -- Setting up ------------------------------------------------------------------------------------ */

static int start_command(struct session *session)
{
	const struct session_options *options = session->options;
	_cleanup_(runner_setup_done) struct runner_setup setup = {0};
	struct child_spec spec = {
		.argv = options->argv,
		.user = options->user,
		.sigmask = &session->old_mask,
		.limits = session->options->limits,
		.cgroup_fd = session->cgroup.fd,
		.force_fork = trace_has_fault(options->faults, "no-clone-into-cgroup", ""),
	};
	int r;

	session_start_spans(session, options->argv, &setup);
	spec.env_extra = setup.environment;
	/* Set the start before making the child: its first wait must be inside the run. */
	session_begin(session);
	session_overhead_begin(session);
	session->keeps_descendants = session->cgroup.fd < 0 &&
				     (options->timeout_ns || options->leftovers != LEFTOVERS_LEAVE);
	r = child_start(&spec, &session->child);
	if (r < 0)
		return log_errno(r, "cannot start the command");
	if (session->keeps_descendants)
		descendants_keep();
	session->facts->pid = session->child.pid;
	if (session->trace && session->child.way != CHILD_CLONED_INTO)
		trace_adopt(session->trace);
	if (session->child.pidfd >= 0)
		r = poll_watch(session->epoll_fd, session->child.pidfd, EPOLLIN, LOOP_CHILD);
	if (r == 0)
		r = poll_watch(session->epoll_fd, session->child.exec_fd, EPOLLIN, LOOP_EXEC);
	if (r == 0 && options->timeout_ns)
		session->timeout_fd = r =
			poll_timer(session->epoll_fd, options->timeout_ns, 0, LOOP_TIMEOUT);
	if (r < 0)
		return log_errno(r, "cannot watch the command");
	/* Another attempt loads programs and makes a socket again, which needs privileges. */
	if (!options->may_repeat)
		privilege_drop(options->overhead_ppm > 0);
	return 0;
}

/* -- While the command runs -------------------------------------------------------------------- */

/*
 * Signals the command, even if somebody moved it out of the cgroup, and everything in the cgroup.
 */
static void signal_run(struct session *session, int number)
{
	const struct cgroup *cgroup = &session->cgroup;

	if (cgroup->fd < 0 || !cgroup_has(cgroup, session->child.pid))
		child_signal(&session->child, number);
	if (cgroup->fd < 0)
		descendants_signal(session->witness.pid, number);
	else if (number == SIGKILL)
		cgroup_kill(cgroup);
	else
		cgroup_signal(cgroup, number, 0);
}

/* Send SIGCONT after SIGTERM, as timeout(1) does: a stopped process does not act on SIGTERM. */
static void on_timeout(struct session *session)
{
	uint64_t expirations;
	struct itimerspec again = {0};

	if (read(session->timeout_fd, &expirations, sizeof(expirations)) < 0)
		return;
	if (!session->facts->exit.timed_out) {
		/* What stands still would not handle SIGTERM. */
		session_disturb_end(session);
		session->facts->exit.timed_out = true;
		session->facts->exit.told_ns = kernel_now_ns();
		signal_run(session, SIGTERM);
		signal_run(session, SIGCONT);
		again.it_value.tv_sec = session->options->kill_after_ns / NSEC_PER_SEC;
		again.it_value.tv_nsec = session->options->kill_after_ns % NSEC_PER_SEC;
		if (again.it_value.tv_sec || again.it_value.tv_nsec) {
			timerfd_settime(session->timeout_fd, 0, &again, NULL);
			return;
		}
	}
	signal_run(session, SIGKILL);
}

static void on_child_ended(struct session *session)
{
	struct child_exit child_exit;
	struct exit_facts *facts = &session->facts->exit;

	if (session->ended || child_reap(&session->child, false, &child_exit) < 0)
		return;
	session->ended = true;
	session->facts->end_ns = kernel_now_ns();
	facts->ended = true;
	facts->code = child_exit.code;
	facts->signal = child_exit.signal;
	facts->core_dumped = child_exit.core_dumped;
	facts->rusage = child_exit.rusage;
	watchdog_reaped(&session->watchdog,
			child_exit.signal ? 128 + child_exit.signal : child_exit.code);
	/* The pidfd of an ended process stays readable. */
	if (session->child.pidfd >= 0)
		epoll_ctl(session->epoll_fd, EPOLL_CTL_DEL, session->child.pidfd, NULL);
}

static void on_child_changed(struct session *session)
{
	int stop_signal;

	if (!session->ended && child_poll_stop(&session->child, &stop_signal) > 0 &&
	    jobctl_should_stop(&session->child, stop_signal))
		jobctl_stop(&session->child, stop_signal);
	on_child_ended(session);
	child_reap_others(&session->child);
	if (session->ended && session->keeps_descendants)
		session->emptied = descendants_signal(session->witness.pid, 0) == 0;
}

static void on_signal(struct session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			on_child_changed(session);
			continue;
		}
		/* The records before the signal may identify its sender. */
		session_consume(session);
		session_signalled(session, &info);
	}
	if (session->facts->exit.told_to_end)
		session_disturb_end(session);
}

/*
 * Signals of the group are read from our own signalfd. A signal that only the witness got is
 * dropped.
 */
static void on_witness(struct session *session)
{
	on_signal(session);
	witness_forget(&session->witness);
}

static void on_exec(struct session *session)
{
	epoll_ctl(session->epoll_fd, EPOLL_CTL_DEL, session->child.exec_fd, NULL);
	session->exec_error = child_wait_exec(&session->child);
}

static int release_command(struct session *session)
{
	int r;

	watchdog_start(&session->watchdog, &session->child, &session->cgroup,
		       session->options->timeout_ns, session->options->kill_after_ns);
	/* Signals that arrived until now become pending in the command, as after an exec. */
	on_signal(session);
	r = child_release(&session->child);
	return r < 0 ? log_errno(r, "cannot start the command") : 0;
}

static void dispatch(struct session *session, uint32_t event)
{
	switch (event) {
	case LOOP_SIGNAL:
		on_signal(session);
		break;
	case LOOP_WITNESS:
		on_witness(session);
		break;
	case LOOP_CHILD:
		on_child_ended(session);
		break;
	case LOOP_EXEC:
		on_exec(session);
		break;
	case LOOP_RECORDS:
		session_consume(session);
		break;
	case LOOP_SPANS:
		session_read_spans(session);
		break;
	case LOOP_TICK:
		session_tick(session);
		break;
	case LOOP_TIMEOUT:
		on_timeout(session);
		break;
	case LOOP_DISTURBED:
		session_disturbed(session);
		break;
	case LOOP_OVERHEAD:
		session_overhead_window(session);
		break;
	case LOOP_CGROUP:
		session->emptied = cgroup_events_populated(session->cgroup_fd) <= 0;
		break;
	}
}

static void run_loop(struct session *session, const bool *until)
{
	struct epoll_event events[8];

	while (!*until) {
		int n = epoll_wait(session->epoll_fd, events, ARRAY_SIZE(events), -1);

		watchdog_turn(&session->watchdog);
		for (int i = 0; i < n; i++)
			dispatch(session, events[i].data.u32);
	}
}

/* -- After the command ------------------------------------------------------------------------- */

static void wait_until_empty(struct session *session)
{
	session->cgroup_fd = cgroup_events_open(&session->cgroup);
	if (session->cgroup_fd < 0)
		return;
	session->emptied = cgroup_events_populated(session->cgroup_fd) <= 0;
	if (poll_watch(session->epoll_fd, session->cgroup_fd, EPOLLPRI, LOOP_CGROUP) == 0)
		run_loop(session, &session->emptied);
}

/* Handles leftovers without a cgroup. Each descendant becomes our own child before it ends. */
static void handle_descendants(struct session *session)
{
	session->emptied = descendants_signal(session->witness.pid, 0) == 0;
	if (session->options->leftovers == LEFTOVERS_WAIT && !session->facts->exit.timed_out)
		run_loop(session, &session->emptied);
	else if (session->options->leftovers == LEFTOVERS_KILL || session->facts->exit.timed_out)
		descendants_signal(session->witness.pid, SIGKILL);
}

static void handle_leftovers(struct session *session)
{
	if (session->cgroup.fd < 0) {
		if (session->keeps_descendants)
			handle_descendants(session);
		return;
	}
	if (cgroup_populated(&session->cgroup) <= 0)
		return;
	describe_leftovers(&session->cgroup, session->facts);
	if (session->options->leftovers == LEFTOVERS_WAIT && !session->facts->exit.timed_out) {
		wait_until_empty(session);
		session->facts->end_ns = kernel_now_ns();
	} else if (session->options->leftovers == LEFTOVERS_KILL ||
		   session->facts->exit.timed_out) {
		cgroup_kill(&session->cgroup);
		wait_until_empty(session);
	}
}

static int exit_status(struct session *session)
{
	const struct exit_facts *facts = &session->facts->exit;

	if (session->exec_error) {
		_cleanup_free_ char *message = child_exec_error_message(
			&session->child, session->options->argv[0], session->exec_error);

		log_error("%s", message);
		session->facts->not_run = steal_ptr(message);
		return child_exec_exit_status(&session->child, session->exec_error);
	}
	if (facts->timed_out)
		return EXIT_TIMED_OUT;
	return facts->signal ? 128 + facts->signal : facts->code;
}

int session_run(const struct session_options *options, struct run_facts *ret_facts,
		struct model **ret_model)
{
	struct session session;
	int status = EXIT_LATWRAP;

	if (session_open(&session, options, ret_facts) < 0)
		goto end;
	/*
	 * Fork the witness early, while there is little memory to copy. Without a witness, some
	 * signals may reach the command twice.
	 */
	if (witness_start(&session.witness) == 0)
		poll_watch(session.epoll_fd, session.witness.fd, EPOLLIN, LOOP_WITNESS);
	if (options->runner != RUNNER_NONE)
		span_socket_begin(&session.spans);
	if (session_start_tracing(&session) < 0 || session_disturb_begin(&session) < 0)
		goto end;
	signals_block();
	if (start_command(&session) < 0 || release_command(&session) < 0)
		goto end;
	session_disturb_command(&session);
	run_loop(&session, &session.ended);
	session_disturb_end(&session);
	if (session.child.exec_fd >= 0)
		on_exec(&session);
	handle_leftovers(&session);
	resources_stop(&session.resources, &session.cgroup, ret_facts);
	session_drain(&session);
	on_signal(&session);
	/* A leftover or a dying thread may have stalled after the end of the command. */
	ret_facts->end_ns = MAX(ret_facts->end_ns, session.model->last_stall_end_ns);
	status = exit_status(&session);
	*ret_model = steal_ptr(session.model);
end:
	session_disturb_end(&session);
	session_close(&session);
	return status;
}
