/* The state of a session: what it has open, and closing it */
#include "run/session_state.h"

#include "base/log.h"
#include "base/util.h"
#include "run/cgroup_create.h"
#include "run/cgroup_procs.h"

static void remove_cgroup(struct session *session)
{
	int r;

	if (session->cgroup.fd < 0)
		return;
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
	int *const fds[] = {&session->epoll_fd, &session->signal_fd, &session->tick_fd,
			    &session->timeout_fd, &session->cgroup_fd};

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
}
