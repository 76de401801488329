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
#include "model/record.h"
#include "run/cgroup_procs.h"
#include "spans/span_sweep.h"
#include "run/collect.h"
#include "run/descendants.h"
#include "run/describe.h"
#include "run/jobctl.h"
#include "run/poll.h"
#include "run/privilege.h"
#include "run/session_signals.h"
#include "run/session_state.h"
#include "run/session_tracing.h"
#include "run/signals.h"
#include "runners/runner_setup.h"
#include "trace/trace_fault.h"

#define EXIT_TIMED_OUT 124
#define EXIT_LATWRAP   125
/* The longest time that a record stays in the ring buffer */
#define TICK_NS        (200 * NSEC_PER_MSEC)
#define SWEEP_MOST     20000 /* span events per turn of the loop: about 100 ms in the worst case */
#define SETTLE_MS      10
#define SETTLE_TRIES   300 /* a dying thread has SETTLE_TRIES * SETTLE_MS to send its totals */

/* -- Setting up ------------------------------------------------------------------------------------ */

static int open_descriptors(struct session *session)
{
	session->signal_fd = signals_take(&session->old_mask);
	if (session->options->sigmask)
		session->old_mask = *session->options->sigmask;
	session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (session->epoll_fd < 0)
		return log_errno(errno, "cannot set up the event loop");
	if (session->signal_fd < 0)
		return log_errno(session->signal_fd, "cannot set up the event loop");
	session->tick_fd = poll_timer(session->epoll_fd, TICK_NS, TICK_NS, LOOP_TICK);
	if (session->tick_fd < 0 ||
	    poll_watch(session->epoll_fd, session->signal_fd, EPOLLIN, LOOP_SIGNAL))
		return log_errno(errno, "cannot set up the event loop");
	/*
	 * Fork the witness early, while there is little memory to copy. Without a witness, some
	 * signals may reach the command twice.
	 */
	if (witness_start(&session->witness) == 0)
		poll_watch(session->epoll_fd, session->witness.fd, EPOLLIN, LOOP_WITNESS);
	return 0;
}

/* Opens the span socket. Without a socket, the run has no tests but is still measured. */
static void start_spans(struct session *session, struct runner_setup *ret)
{
	const struct session_options *options = session->options;
	uid_t user = options->user ? options->user->uid : getuid();
	_cleanup_free_ char *complaint = NULL;
	int r = options->runner == RUNNER_NONE
			? 0
			: span_socket_open(&session->spans, session->cgroup.path,
					   options->include->count > 0, user, &complaint);

	if (r == 0 && session->spans.fd >= 0)
		r = poll_watch(session->epoll_fd, session->spans.fd, EPOLLIN, LOOP_SPANS);
	if (r < 0)
		log_warning(
			"tests will have no names: cannot make a socket that only %s can replace: %s",
			geteuid() == 0 ? "root" : "you", complaint ? complaint : strerror(-r));
	runner_prepare(options->runner, options->argv,
		       options->user && !options->user->current ? options->user->uid : (uid_t)-1,
		       &session->spans, ret);
}

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

	start_spans(session, &setup);
	spec.env_extra = setup.environment;
	resources_start(&session->resources, &session->cgroup);
	/* Set the start before making the child: its first wait must be inside the run. */
	clock_gettime(CLOCK_REALTIME, &session->facts->started_at);
	session->facts->start_ns = kernel_now_ns();
	session->next_checkpoint_ns = session->facts->start_ns + options->checkpoint_ns;
	if (options->log)
		options->log->begin(options->log->context, session->facts);
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
		privilege_drop();
	return 0;
}

/* -- While the command runs -------------------------------------------------------------------- */

static void consume(struct session *session)
{
	uint64_t before_ns = now_ns(CLOCK_MONOTONIC);

	watchdog_turn(&session->watchdog);
	if (!session->trace)
		return;
	trace_consume(session->trace);
	if (session->options->log)
		log_feed(session->options->log, session->trace, session->model, before_ns);
	if (session->model->moved != session->adopted) {
		session->adopted = session->model->moved;
		trace_adopt(session->trace);
	}
}

/* Called before each message is handled: the records before the message explain it. */
static void catch_up(void *context)
{
	consume(context);
}

static void snapshot(struct session *session, bool final)
{
	session->live_seen = 0;
	model_snapshot_begin(session->model, final);
	for (size_t i = 0; i < session->facts->watched_count; i++)
		model_snapshot_begin(session->facts->watched[i].model, final);
	collect_snapshot(session->trace, &session->facts->trace);
}

/* BPF counts the included cgroups that were made later. */
static void count_refused(struct session *session)
{
	struct loss_counter *loss = &session->facts->trace.losses[LOSS_INCLUDED];

	if (!session->include_refused)
		return;
	loss->count += session->include_refused;
	loss->first_ns = session->facts->start_ns;
	loss->last_ns = MAX(loss->last_ns, loss->first_ns);
}

/* Reads the totals of all living threads and the tables of the kernel. */
static void refresh(struct session *session, bool final)
{
	if (!session->trace)
		return;
	snapshot(session, final);
	collect_tables(session->trace, session->model, &session->facts->trace);
	count_refused(session);
}

/* For tests of the watchdog: simulates an endless loop in the model. */
static void spin_if_asked(const struct session *session, const char *where)
{
	if (trace_has_fault(session->options->faults, "spin:", where))
		for (;;)
			__asm__ volatile("");
}

static void on_tick(struct session *session)
{
	uint64_t expirations, now;

	if (read(session->tick_fd, &expirations, sizeof(expirations)) < 0)
		return;
	consume(session);
	now = kernel_now_ns();
	model_spans_sweep(session->model, now - MIN(now, (uint64_t)SPAN_WINDOW_NS), SWEEP_MOST);
	spin_if_asked(session, "tick");
	/* Take samples until the command ends, or with LEFTOVERS_WAIT until the leftovers end. */
	if (!session->ended || session->options->leftovers == LEFTOVERS_WAIT)
		resources_tick(&session->resources, now, session->facts);
	if (!session->options->checkpoint || now < session->next_checkpoint_ns || session->ended)
		return;
	session->next_checkpoint_ns = now + session->options->checkpoint_ns;
	session->facts->end_ns = now;
	resources_read(&session->resources, &session->cgroup, session->facts);
	refresh(session, false);
	session->options->checkpoint(session->options->context, session->facts, session->model);
}

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
	    jobctl_should_follow(&session->child, stop_signal))
		jobctl_follow(&session->child, stop_signal);
	on_child_ended(session);
	child_reap_others(&session->child);
	if (session->ended && session->keeps_descendants)
		session->emptied = descendants_signal(session->witness.pid, 0) == 0;
}

static void on_signal(struct session *session)
{
	struct signalfd_siginfo info;
	bool settled = true;

	while (read(session->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			on_child_changed(session);
			continue;
		}
		/* The records before the signal may identify its sender. */
		consume(session);
		session_signalled(session, &info);
		settled = false;
	}
	if (!settled)
		witness_settle(&session->witness);
}

/*
 * Signals of the group are read from our own signalfd. A signal that only the witness got is
 * dropped.
 */
static void on_witness(struct session *session)
{
	on_signal(session);
	witness_settle(&session->witness);
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
		consume(session);
		break;
	case LOOP_SPANS:
		span_socket_read(&session->spans, session->model, catch_up, session);
		break;
	case LOOP_TICK:
		on_tick(session);
		break;
	case LOOP_TIMEOUT:
		on_timeout(session);
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
static void settle_descendants(struct session *session)
{
	session->emptied = descendants_signal(session->witness.pid, 0) == 0;
	if (session->options->leftovers == LEFTOVERS_WAIT && !session->facts->exit.timed_out)
		run_loop(session, &session->emptied);
	else if (session->options->leftovers == LEFTOVERS_KILL || session->facts->exit.timed_out)
		descendants_signal(session->witness.pid, SIGKILL);
}

static void settle_leftovers(struct session *session)
{
	if (session->cgroup.fd < 0) {
		if (session->keeps_descendants)
			settle_descendants(session);
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

/*
 * Reads what dying threads still send. The command can be reaped before its last switch, which
 * carries its totals. Wait for threads that have BPF state but no longer appear in the iterator.
 */
static void drain(struct session *session)
{
	struct epoll_event event;
	int64_t unended = 0;

	for (int i = 0; session->trace && i < SETTLE_TRIES; i++) {
		unended = trace_threads_alive(session->trace);
		consume(session);
		if (unended <= 0)
			break;
		snapshot(session, false);
		unended -= (int64_t)session->live_seen;
		if (unended <= 0)
			break;
		epoll_wait(session->epoll_fd, &event, 1, SETTLE_MS);
	}
	span_socket_read(&session->spans, session->model, catch_up, session);
	consume(session);
	if (session->trace && trace_threads_alive(session->trace) > 0)
		trace_stop_counting(session->trace);
	refresh(session, true);
	/*
	 * A thread that ended between consume() and refresh() is in no snapshot: its record has
	 * arrived now.
	 */
	consume(session);
	if (unended > 0)
		session->facts->trace.losses[LOSS_THREAD_UNENDED] = (struct loss_counter){
			(uint64_t)unended, session->facts->end_ns, session->facts->end_ns};
	if (session->options->log)
		log_feed_end(session->options->log, session->trace, session->model, session->facts);
	spin_if_asked(session, "end");
	while (model_spans_sweep(session->model, UINT64_MAX, SWEEP_MOST))
		watchdog_turn(&session->watchdog);
	model_spans_finalize(session->model, UINT64_MAX, session->facts->end_ns);
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
	struct session session = SESSION_NONE;
	int status = EXIT_LATWRAP;

	session.options = options;
	session.facts = ret_facts;
	describe_run(options, ret_facts);
	if (open_descriptors(&session) < 0)
		goto end;
	if (options->runner != RUNNER_NONE)
		span_socket_begin(&session.spans);
	if (session_start_tracing(&session) < 0)
		goto end;
	signals_block();
	if (start_command(&session) < 0 || release_command(&session) < 0)
		goto end;
	run_loop(&session, &session.ended);
	if (session.child.exec_fd >= 0)
		on_exec(&session);
	settle_leftovers(&session);
	resources_stop(&session.resources, &session.cgroup, ret_facts);
	drain(&session);
	on_signal(&session);
	/* A leftover or a dying thread may have stalled after the end of the command. */
	ret_facts->end_ns = MAX(ret_facts->end_ns, session.model->last_stall_end_ns);
	status = exit_status(&session);
	*ret_model = steal_ptr(session.model);
end:
	session_close(&session);
	if (session.trace)
		collect_overhead(&ret_facts->trace);
	if (session.model)
		model_free(session.model);
	return status;
}
