/* Measure a cgroup that others fill, from now until somebody ends it: a job */
#include "run/session_watch.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/util.h"
#include "run/cgroup_open.h"
#include "run/poll.h"
#include "run/privilege.h"
#include "run/session_overhead.h"
#include "run/session_records.h"
#include "run/session_state.h"
#include "run/session_tracing.h"
#include "run/signals.h"
#include "runners/runner_setup.h"

/* The steps of a job may start any test runner, as a shell may. */
static char *const anything[] = {"sh", NULL};

static int start(struct session *session)
{
	const struct session_options *options = session->options;
	_cleanup_(runner_setup_done) struct runner_setup setup = {0};
	const struct child no_child = CHILD_NONE;
	const struct cgroup no_cgroup = CGROUP_NONE;
	int r;

	session_start_spans(session, anything, &setup);
	session_begin(session);
	session_overhead_begin(session);
	/* At once: a report of an earlier job in its place would be taken for that of this one. */
	session->next_checkpoint_ns = session->facts->start_ns;
	r = poll_watch(session->epoll_fd, options->job->stop_fd, EPOLLIN, LOOP_STOP);
	if (r == 0 && options->timeout_ns)
		session->timeout_fd = r =
			poll_timer(session->epoll_fd, options->timeout_ns, 0, LOOP_TIMEOUT);
	if (r < 0)
		return log_errno(r, "cannot wait for the end of the job");
	privilege_drop(options->overhead_ppm > 0);
	watchdog_start(&session->watchdog, &no_child, &no_cgroup, 0, 0);
	/* To the watchdog the command is over: it ends latwrap whenever the recorder hangs. */
	watchdog_reaped(&session->watchdog, EXIT_LATWRAP);
	return options->job->ready(options->job->context, session->facts, &setup);
}

static void on_signal(struct session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signal_fd, &info, sizeof(info)) == sizeof(info))
		session->ended = session->ended || signals_asks_to_end((int)info.ssi_signo);
}

static void on_tick(struct session *session)
{
	session_tick(session);
	if (session->cgroup.fd < 0 || cgroup_exists(&session->cgroup))
		return;
	log_warning("the cgroup '%s' was removed: the job ends with it", session->cgroup.path);
	session->ended = true;
}

static void on_timeout(struct session *session)
{
	char buf[DURATION_FORMAT_BYTES];

	log_warning("the job was not stopped within %s, its --timeout: it ends now",
		    duration_format(buf, session->options->timeout_ns));
	session->ended = true;
}

static void dispatch(struct session *session, uint32_t event)
{
	const struct job *job = session->options->job;

	switch (event) {
	case LOOP_SIGNAL:
		on_signal(session);
		break;
	case LOOP_RECORDS:
		session_consume(session);
		break;
	case LOOP_SPANS:
		session_read_spans(session);
		break;
	case LOOP_TICK:
		on_tick(session);
		break;
	case LOOP_TIMEOUT:
		on_timeout(session);
		break;
	case LOOP_OVERHEAD:
		session_overhead_window(session);
		break;
	case LOOP_STOP:
		session->ended = job->stop(job->context) || session->ended;
		break;
	}
}

static void run_loop(struct session *session)
{
	struct epoll_event events[8];

	while (!session->ended) {
		int n = epoll_wait(session->epoll_fd, events, ARRAY_SIZE(events), -1);

		watchdog_turn(&session->watchdog);
		for (int i = 0; i < n; i++)
			dispatch(session, events[i].data.u32);
	}
}

int session_watch(const struct session_options *options, struct run_facts *ret_facts,
		  struct model **ret_model)
{
	struct session session;
	int status = EXIT_LATWRAP;

	if (session_open(&session, options, ret_facts) < 0)
		goto end;
	if (session_start_tracing(&session) < 0)
		goto end;
	/* It starts a process, outside the cgroup: session_start_tracing() has left that. */
	if (options->runner != RUNNER_NONE)
		span_socket_begin(&session.spans);
	signals_block();
	if (start(&session) < 0)
		goto end;
	run_loop(&session);
	ret_facts->end_ns = kernel_now_ns();
	resources_stop(&session.resources, &session.cgroup, ret_facts);
	session_drain(&session);
	ret_facts->end_ns = MAX(ret_facts->end_ns, session.model->last_stall_end_ns);
	status = 0;
	*ret_model = steal_ptr(session.model);
end:
	session_close(&session);
	return status;
}
