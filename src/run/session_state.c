/* The state of a session: opening and closing what it has open */
#include "run/session_state.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "base/util.h"
#include "model/record.h"
#include "run/cgroup_create.h"
#include "run/cgroup_procs.h"
#include "run/collect.h"
#include "run/describe.h"
#include "run/poll.h"
#include "run/signals.h"

/* The longest time that a record stays in the ring buffer */
#define TICK_NS         (200 * NSEC_PER_MSEC)
/* The same when the start of a program, which may be a test, is to be known soon */
#define DISTURB_TICK_NS (5 * NSEC_PER_MSEC)

int session_open(struct session *session, const struct session_options *options,
		 struct run_facts *ret_facts)
{
	const uint64_t tick_ns = options->disturb ? DISTURB_TICK_NS : TICK_NS;

	*session = SESSION_NONE;
	session->options = options;
	session->facts = ret_facts;
	describe_run(options, ret_facts);
	session->signal_fd = signals_take(&session->old_mask);
	if (options->sigmask)
		session->old_mask = *options->sigmask;
	session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (session->epoll_fd < 0)
		return log_errno(errno, "cannot set up the event loop");
	if (session->signal_fd < 0)
		return log_errno(session->signal_fd, "cannot set up the event loop");
	session->tick_fd = poll_timer(session->epoll_fd, tick_ns, tick_ns, LOOP_TICK);
	if (session->tick_fd < 0 ||
	    poll_watch(session->epoll_fd, session->signal_fd, EPOLLIN, LOOP_SIGNAL))
		return log_errno(errno, "cannot set up the event loop");
	return 0;
}

static void remove_cgroup(struct session *session)
{
	int r;

	if (session->cgroup.parent_fd < 0) {
		cgroup_close(&session->cgroup);
		return;
	}
	r = cgroup_evacuate(&session->cgroup);
	if (r == 0)
		r = cgroup_destroy(&session->cgroup);
	if (r < 0) {
		log_errno(r,
			  "cannot remove the cgroup '%s', the next run of latwrap will try again",
			  session->cgroup.dir);
		cgroup_close(&session->cgroup);
	}
}

void session_close(struct session *session)
{
	int *const fds[] = {&session->epoll_fd,         &session->signal_fd,
			    &session->tick_fd,          &session->timeout_fd,
			    &session->cgroup_fd,        &session->overhead.timer_fd,
			    &session->overhead.stats_fd};

	watchdog_stop(&session->watchdog);
	if (session->trace)
		trace_close(session->trace);
	/*
	 * Remove the cgroup after closing the descriptors: the removal opens files, and the limit
	 * on descriptors may have been reached.
	 */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		*fds[i] = close_fd(*fds[i]);
	child_close(&session->child);
	witness_stop(&session->witness);
	resources_close(&session->resources);
	remove_cgroup(session);
	resolver_done(&session->resolver);
	span_socket_close(&session->spans);
	if (session->trace)
		collect_overhead(&session->facts->trace);
	if (session->model)
		model_free(session->model);
}
