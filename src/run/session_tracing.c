/* Set up what a session measures with: the cgroup, the models, BPF with its records, spans */
#include "run/session_tracing.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "model/record.h"
#include "run/cgroup_create.h"
#include "run/cgroup_open.h"
#include "spans/span_hint.h"
#include "spans/span_observer.h"
#include "run/collect.h"
#include "run/poll.h"
#include "run/session_state.h"
#include "runners/runner_setup.h"

#define PROCESS_ROWS 2000
#define FILE_ROWS    1000
#define COMMAND_ROWS 1000

static void on_record(void *context, const void *record, size_t bytes)
{
	struct session *session = context;
	const struct record_header *header = record;

	size_t group = bytes >= sizeof(*header) ? header->group : 0;

	if (session->options->log && log_feed_record(session->options->log, record, bytes))
		return;
	if (bytes >= sizeof(*header) && header->type == RECORD_THREAD_LIVE) {
		session->live_seen++;
		if (session->only_counts)
			return;
	}
	/* What anybody waits for may be on the path of a test. */
	if (group && group <= session->facts->watched_count && header->type != RECORD_OFF_CPU)
		model_record(session->facts->watched[group - 1].model, record, bytes);
	else
		model_record(session->model, record, bytes);
}

static struct model *new_model(struct session *session)
{
	const struct session_options *options = session->options;
	const struct model_limits limits = {options->max_stalls, PROCESS_ROWS, FILE_ROWS,
					    COMMAND_ROWS};
	struct model_resolvers resolvers = resolver_callbacks(&session->resolver);
	struct model *model =
		model_new(&limits, options->cpu_threshold_ns, options->io_threshold_ns, &resolvers);

	model->hiccup_threshold_ns = options->hiccup_threshold_ns;
	spans_observe(model);
	return model;
}

static void prepare_watched(struct session *session, struct trace_options *request)
{
	const struct session_options *options = session->options;

	for (size_t i = 0; i < options->watched_count; i++) {
		const struct watched_cgroup *cgroup = &options->watched[i];

		session->facts->watched[i] =
			(struct watched_facts){cgroup->name, cgroup->path, new_model(session)};
		request->groups[1 + i] = (struct trace_group){cgroup->id, cgroup->levels_below};
	}
	session->facts->watched_count = options->watched_count;
	request->group_count = 1 + options->watched_count;
}

static void prepare_include(struct session *session, struct trace_options *request)
{
	const struct include *include = session->options->include;

	memcpy(request->include_patterns, include->patterns, sizeof(include->patterns));
	request->include_count = include->count;
	request->include_root = (struct trace_group){include->root_id, include->root_levels_below};
	session->facts->includes = include->patterns;
	session->facts->include_count = include->count;
}

/* The processes in watched and included cgroups, and those of a job, are running already. */
static void take_existing(struct session *session)
{
	const struct include *include = session->options->include;

	if (include->count)
		session->include_refused = include_existing(include, session->cgroup.id,
							    session->trace, session->model);
	if (include->count || session->options->watched_count || session->options->job)
		trace_adopt(session->trace);
}

static struct trace_options trace_request(const struct session_options *options)
{
	struct trace_options request = {
		/*
		 * Context switches are traced with io alone too: they show what a file operation
		 * waits for.
		 */
		.cpu_threshold_ns = options->cpu ? options->cpu_threshold_ns : UINT64_MAX,
		.io_threshold_ns = options->io_threshold_ns,
		.hiccup_threshold_ns = options->hiccup_threshold_ns,
		.log = options->log != NULL,
		.log_wait_ns = options->log ? options->log->wait_ns : 0,
		.cpu = options->cpu,
		.io = options->io,
		.io_blocked = options->io_blocked,
		/* Whoever is only given capabilities is not to look at others. */
		.services = options->services && getuid() == 0 && geteuid() == 0,
		.self_profile = options->self_profile,
		.watches_cost = options->overhead_ppm > 0,
		.faults = options->faults,
	};

	if (options->runner != RUNNER_NONE)
		memcpy(request.environment, span_hint_prefixes, sizeof(request.environment));
	return request;
}

/* Makes the cgroup of the run; a job gets the one that it watches, and latwrap leaves that one. */
static int take_cgroup(struct session *session, struct trace_options *request, char **ret_message)
{
	const struct job *job = session->options->job;
	struct cgroup *cgroup = &session->cgroup;
	int moved, r;

	if (!job)
		r = cgroup_create(cgroup, ret_message);
	else if (job->cgroup)
		r = cgroup_open_path(job->cgroup, cgroup, ret_message);
	else
		r = cgroup_open_own(cgroup, ret_message);
	if (r < 0) {
		cgroup_close(cgroup);
		return r;
	}
	session->facts->cgroup = xstrdup(cgroup->path);
	moved = job ? cgroup_leave(cgroup) : 0;
	/* One that latwrap makes is a child of its own. */
	request->groups[0] =
		(struct trace_group){cgroup->id, job ? cgroup_levels_below_caller(cgroup) : 1};
	for (size_t i = 1; i < request->group_count; i++)
		request->groups[i].levels_below += moved;
	request->include_root.levels_below += moved;
	request->is_inside = job && cgroup_has_caller(cgroup);
	return 0;
}

int session_start_tracing(struct session *session)
{
	const struct session_options *options = session->options;
	struct trace_facts *facts = &session->facts->trace;
	struct trace_problem problem = {0};
	struct trace_options request = trace_request(options);
	uint64_t before_ns = now_ns(CLOCK_MONOTONIC);
	int r;

	facts->cpu = options->cpu;
	facts->io = options->io;
	facts->io_blocked = options->io_blocked;
	session->model = new_model(session);
	prepare_watched(session, &request);
	prepare_include(session, &request);
	r = take_cgroup(session, &request, &problem.reason);
	resolver_init(&session->resolver, &session->cgroup);
	if (r == 0) {
		r = trace_open(&request, on_record, session, &session->trace, &problem);
		session->resolver.trace = session->trace;
	}
	if (r < 0 && !problem.advice)
		problem.advice = xstrdup(
			"Run `latwrap doctor` to see all that is missing and what to do about it.");
	facts->load_ns = now_ns(CLOCK_MONOTONIC) - before_ns;
	collect_status(session->trace, &problem, facts);
	session->model->measures_cpu = facts->cpu;
	session->model->measures_io = facts->io;
	if (r < 0 && options->fail_unsupported) {
		log_error("%s", problem.reason);
		if (problem.advice)
			log_error("%s", problem.advice);
	}
	trace_problem_done(&problem);
	if (session->trace) {
		take_existing(session);
		r = poll_watch(session->epoll_fd, trace_fd(session->trace), EPOLLIN, LOOP_RECORDS);
		if (r == 0 && options->log)
			r = poll_watch(session->epoll_fd, trace_log_fd(session->trace), EPOLLIN,
				       LOOP_RECORDS);
		return r;
	}
	return options->fail_unsupported ? r : 0;
}

void session_start_spans(struct session *session, char *const *argv, struct runner_setup *ret)
{
	const struct session_options *options = session->options;
	uid_t user = options->user ? options->user->uid : getuid();
	_cleanup_free_ char *complaint = NULL;
	int r = options->runner == RUNNER_NONE
			? 0
			: span_socket_open(&session->spans, session->cgroup.path,
					   options->include->count > 0, user, &complaint);

	if (options->disturb)
		session->spans.may_wait = false;
	if (r == 0 && session->spans.fd >= 0)
		r = poll_watch(session->epoll_fd, session->spans.fd, EPOLLIN, LOOP_SPANS);
	if (r < 0)
		log_warning(
			"tests will have no names: cannot make a socket that only %s can replace: %s",
			geteuid() == 0 ? "root" : "you", complaint ? complaint : strerror(-r));
	runner_prepare(options->runner, argv,
		       options->user && !options->user->current ? options->user->uid : (uid_t)-1,
		       &session->spans, ret);
}
