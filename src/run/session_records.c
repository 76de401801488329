/* Take in the records of a session: as they come, for each checkpoint, and at the end */
#include "run/session_records.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "base/util.h"
#include "model/record.h"
#include "run/collect.h"
#include "run/session_overhead.h"
#include "run/session_state.h"
#include "spans/span_sweep.h"
#include "trace/trace_fault.h"
#include "trace/trace_tables.h"

#define SWEEP_MOST   20000 /* span events per turn of the loop: about 100 ms in the worst case */
#define SETTLE_MS    10
#define SETTLE_TRIES 300 /* a dying thread has SETTLE_TRIES * SETTLE_MS to send its totals */

void session_begin(struct session *session)
{
	const struct session_options *options = session->options;

	resources_start(&session->resources, &session->cgroup);
	clock_gettime(CLOCK_REALTIME, &session->facts->started_at);
	session->facts->start_ns = kernel_now_ns();
	session->next_checkpoint_ns = session->facts->start_ns + options->checkpoint_ns;
	if (options->log)
		options->log->begin(options->log->context, session->facts);
}

void session_consume(struct session *session)
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
	session_consume(context);
}

void session_read_spans(struct session *session)
{
	span_socket_read(&session->spans, session->model, catch_up, session);
}

/* The number of threads that a snapshot would see. */
static int64_t count_living(struct session *session)
{
	session->live_seen = 0;
	session->only_counts = true;
	collect_snapshot(session->trace, &session->facts->trace);
	session->only_counts = false;
	return (int64_t)session->live_seen;
}

static void snapshot(struct session *session, bool final)
{
	model_snapshot_begin(session->model, final);
	for (size_t i = 0; i < session->facts->watched_count; i++)
		model_snapshot_begin(session->facts->watched[i].model, final);
	collect_snapshot(session->trace, &session->facts->trace);
}

/* Adds what BPF does not count. */
static void add_loss(struct session *session, enum loss_kind kind, uint64_t count, uint64_t time_ns)
{
	struct loss_counter *loss = &session->facts->trace.losses[kind];

	if (!count)
		return;
	if (!loss->count || time_ns < loss->first_ns)
		loss->first_ns = time_ns;
	loss->count += count;
	loss->last_ns = MAX(loss->last_ns, time_ns);
}

/* Reads the totals of all living threads and the tables of the kernel. */
static void refresh(struct session *session, bool final)
{
	if (!session->trace)
		return;
	snapshot(session, final);
	collect_tables(session->trace, session->model, &session->facts->trace);
	add_loss(session, LOSS_INCLUDED, session->include_refused, session->facts->start_ns);
	if (!final)
		return;
	add_loss(session, LOSS_REQUEST_END, trace_open_requests(session->trace, "requests"),
		 session->facts->end_ns);
	add_loss(session, LOSS_AIO_END, trace_open_requests(session->trace, "aio_requests"),
		 session->facts->end_ns);
}

/* For tests of the watchdog: simulates an endless loop in the model. */
static void spin_if_asked(const struct session *session, const char *where)
{
	if (trace_has_fault(session->options->faults, "spin:", where))
		for (;;)
			__asm__ volatile("");
}

void session_tick(struct session *session)
{
	uint64_t expirations, now;

	if (read(session->tick_fd, &expirations, sizeof(expirations)) < 0)
		return;
	session_consume(session);
	now = kernel_now_ns();
	session_overhead_tick(session);
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
 * Waits until no thread is dying: a snapshot does not see such a thread any more, and its totals are still to come. Returns how
 * many have not sent them in time. *tries: how often it may still wait.
 */
static int64_t settle(struct session *session, int *tries)
{
	struct epoll_event event;
	int64_t unended;

	if (!session->trace)
		return 0;
	for (;;) {
		unended = trace_threads_alive(session->trace);
		session_consume(session);
		if (unended > 0)
			unended -= count_living(session);
		if (unended <= 0 || !*tries)
			return unended;
		--*tries;
		epoll_wait(session->epoll_fd, &event, 1, SETTLE_MS);
	}
}

void session_drain(struct session *session)
{
	int tries = SETTLE_TRIES;
	int64_t unended;

	session_overhead_end(session);
	settle(session, &tries);
	session_read_spans(session);
	session_consume(session);
	if (session->trace && trace_threads_alive(session->trace) > 0)
		trace_stop_counting(session->trace);
	refresh(session, true);
	/* Threads that began to die meanwhile are in no snapshot: their records count them. */
	unended = settle(session, &tries);
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
