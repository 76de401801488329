/* Disturb the tests of a session: listen for their begins, order disturbances, hand on what was done */
#include "run/session_disturb.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "base/util.h"
#include "run/cgroup_open.h"
#include "run/poll.h"
#include "spans/span_tree.h"

/* -- Open tests ------------------------------------------------------------------------------------ */

static void add_open_test(struct session *session, const struct open_test *test)
{
	session->open_tests = grow_array(session->open_tests, session->open_test_count,
					 sizeof(*session->open_tests));
	session->open_tests[session->open_test_count++] = *test;
}

static void close_test(struct session *session, size_t i)
{
	const struct open_test *test = &session->open_tests[i];

	if (test->is_disturbed)
		disturber_order(&session->disturber, &(struct disturb_order){.test = test->test});
	session->open_tests[i] = session->open_tests[--session->open_test_count];
}

/* A disturbance holds up all tests: what it does to one must not be taken for what it does to another. */
static bool any_is_disturbed(const struct session *session)
{
	for (size_t i = 0; i < session->open_test_count; i++)
		if (session->open_tests[i].is_disturbed)
			return true;
	return false;
}

static void order(struct session *session, uint32_t test, uint64_t start_ns,
		  const struct disturb_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		disturber_order(&session->disturber,
				&(struct disturb_order){
					.test = test,
					.at_ns = start_ns + MIN(steps->list[i].offset_ns,
								UINT64_MAX - start_ns),
					.length_ns = steps->list[i].length_ns,
				});
}

static void begun(void *context, const struct span *span)
{
	struct session *session = context;
	const struct disturb_plan *plan = session->options->disturb;
	struct disturb_steps steps = {0};
	struct open_test test = {
		.span_number = span ? span->number : 0,
		.process = span ? span->process : NULL,
	};

	test.test = plan->begun(plan->context, span, !any_is_disturbed(session), &steps);
	test.is_disturbed = steps.count > 0;
	if (!test.test)
		return;
	add_open_test(session, &test);
	if (test.is_disturbed)
		order(session, test.test, span ? span->start_ns : session->facts->start_ns, &steps);
}

static void ended(void *context, const struct span *span)
{
	struct session *session = context;

	for (size_t i = session->open_test_count; i--;)
		if (session->open_tests[i].span_number == span->number)
			close_test(session, i);
}

static void process_ended(void *context, const struct lineage *process)
{
	struct session *session = context;

	for (size_t i = session->open_test_count; i--;)
		if (session->open_tests[i].process == process)
			close_test(session, i);
}

/* -- The disturber --------------------------------------------------------------------------------- */

static int take_services(struct disturber *disturber, const struct disturb_plan *plan)
{
	for (size_t i = 0; i < plan->service_count; i++) {
		_cleanup_free_ char *message = NULL;
		struct cgroup cgroup = CGROUP_NONE;

		if (cgroup_open_path(plan->services[i].path, &cgroup, &message) == 0 &&
		    cgroup_has_caller(&cgroup))
			message = xasprintf("'%s' has latwrap in it: it cannot stand still alone",
					    plan->services[i].name);
		if (!message)
			disturber->cgroup_fds[disturber->cgroup_count++] = steal_fd(&cgroup.fd);
		cgroup_close(&cgroup);
		if (message) {
			log_error("--also: %s", message);
			return -EINVAL;
		}
	}
	return 0;
}

int session_disturb_begin(struct session *session)
{
	const struct disturb_plan *plan = session->options->disturb;
	struct disturber *disturber = &session->disturber;
	int r = 0;

	if (!plan)
		return 0;
	disturber->kind = plan->kind;
	disturber->cgroup = &session->cgroup;
	if (plan->kind == DISTURB_SERVICE)
		r = take_services(disturber, plan);
	else if (plan->kind != DISTURB_STARVE && session->cgroup.fd < 0)
		r = log_errno(ENOENT, "cannot disturb a run without a cgroup of its own");
	else if (plan->kind == DISTURB_PAUSE)
		disturber->cgroup_fds[disturber->cgroup_count++] = session->cgroup.fd;
	if (r == 0)
		r = disturber_start(disturber);
	if (r == 0)
		r = poll_watch(session->epoll_fd, disturber->fd, EPOLLIN, LOOP_DISTURBED);
	session->model->spans->listener =
		(struct span_listener){begun, ended, process_ended, session};
	return r;
}

void session_disturb_command(struct session *session)
{
	if (session->options->disturb)
		begun(session, NULL);
}

void session_disturbed(struct session *session)
{
	const struct disturb_plan *plan = session->options->disturb;
	struct disturb_done done;
	int r;

	/* The run has ended in the same turn of the loop, and the disturber with it. */
	if (session->disturber.fd < 0)
		return;
	while ((r = disturber_read(&session->disturber, &done)) > 0)
		plan->done(plan->context, &done);
	if (r == 0)
		return;
	log_error("the process that disturbs the run has ended: this run goes on undisturbed");
	session_disturb_end(session);
}

void session_disturb_end(struct session *session)
{
	const struct disturb_plan *plan = session->options->disturb;

	/* The model is handed out when the run is over: then nothing is left to end. */
	if (!plan || !session->model)
		return;
	session->model->spans->listener = (struct span_listener){0};
	disturber_finish(&session->disturber);
	for (struct disturb_done done; disturber_read(&session->disturber, &done) > 0;)
		plan->done(plan->context, &done);
	disturber_stop(&session->disturber);
	for (size_t i = 0; plan->kind == DISTURB_SERVICE && i < session->disturber.cgroup_count;
	     i++)
		close_fd(session->disturber.cgroup_fds[i]);
	session->disturber.cgroup_count = 0;
	free(session->open_tests);
	session->open_tests = NULL;
	session->open_test_count = 0;
}
