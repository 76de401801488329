/* Watch what tracing costs a session, and step down when it costs more than --overhead allows */
#include "run/session_overhead.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/util.h"
#include "run/collect.h"
#include "run/poll.h"
#include "run/pressure.h"

#define WINDOW_NS     (50 * NSEC_PER_MSEC)
/* A short run has a window with each of its first ticks, a longer one with every fifth tick. */
#define EAGER_WINDOWS 10
#define PAUSE_TICKS   4
/* Clock ticks of CPU time, as in /proc/stat: a share of fewer would be too coarse */
#define ENOUGH_TICKS  10
#define STAT_BYTES    512 /* the first line has what is needed */

static uint64_t tick_ns(void)
{
	return NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t busy_ticks(void)
{
	_cleanup_close_ int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	char text[STAT_BYTES];
	struct cpu_ticks ticks;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return 0;
	text[n] = '\0';
	return pressure_parse_ticks(text, &ticks) == 0 ? ticks.busy : 0;
}

static void open_window(struct session *session)
{
	const struct itimerspec once = {.it_value = {.tv_nsec = WINDOW_NS}};
	struct overhead_window *window = &session->overhead;

	window->stats_fd = trace_enable_stats();
	if (window->stats_fd < 0)
		return;
	window->from_ns = now_ns(CLOCK_MONOTONIC);
	window->from_ticks = busy_ticks();
	trace_cost(session->trace, &window->from);
	timerfd_settime(window->timer_fd, 0, &once, NULL);
}

static bool is_over(const struct overhead_facts *facts)
{
	return facts->busy_ns >= ENOUGH_TICKS * tick_ns() && overhead_ppm(facts) > facts->limit_ppm;
}

static void step_down(struct session *session)
{
	struct trace_facts *trace = &session->facts->trace;
	struct overhead_facts *facts = &trace->overhead;
	_cleanup_free_ char *sentence = NULL;
	char after[DURATION_FORMAT_BYTES];

	if (!trace_step_down(session->trace))
		return;
	facts->stepped_down_ns = now_ns(CLOCK_MONOTONIC);
	facts->then_ppm = overhead_ppm(facts);
	sentence = xasprintf(
		"File operations were counted only for the first %s. From then on only those that sleep were watched, "
		"because tracing took %.4g%% of the CPU time (--overhead=%.4g%%): totals, files and operations are "
		"incomplete, and the file of a page fault may be unknown.",
		duration_format(after, facts->stepped_down_ns - session->facts->start_ns),
		(double)facts->then_ppm / 1e4, (double)facts->limit_ppm / 1e4);
	collect_limit(trace, sentence);
}

static void close_window(struct session *session)
{
	struct overhead_facts *facts = &session->facts->trace.overhead;
	struct overhead_window *window = &session->overhead;
	struct trace_cost cost;
	uint64_t ticks = busy_ticks();

	trace_cost(session->trace, &cost);
	window->stats_fd = close_fd(window->stats_fd);
	window->count++;
	window->pause = window->count < EAGER_WINDOWS ? 0 : PAUSE_TICKS;
	facts->sampled_ns += now_ns(CLOCK_MONOTONIC) - window->from_ns;
	facts->programs_ns += cost.programs_ns - window->from.programs_ns;
	facts->calls += cost.calls - window->from.calls;
	if (ticks > window->from_ticks)
		facts->busy_ns += (ticks - window->from_ticks) * tick_ns();
	if (!facts->stepped_down_ns && is_over(facts))
		step_down(session);
}

void session_overhead_begin(struct session *session)
{
	struct trace_facts *trace = &session->facts->trace;
	struct overhead_window *window = &session->overhead;

	trace->overhead.limit_ppm = session->options->overhead_ppm;
	if (!session->options->overhead_ppm || !session->trace)
		return;
	trace->overhead.call_ns = trace_call_cost_ns(session->trace);
	if (trace->io && !trace->io_blocked && !trace_may_step_down(session->trace))
		collect_limit(
			trace,
			"--overhead only measures what tracing costs: this kernel refuses the "
			"programs that can step down.");
	window->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (window->timer_fd >= 0 &&
	    poll_watch(session->epoll_fd, window->timer_fd, EPOLLIN, LOOP_OVERHEAD) == 0)
		open_window(session);
	if (window->stats_fd < 0)
		collect_limit(
			trace,
			"What tracing costs is unknown, so --overhead has no effect: counting "
			"the time in BPF programs needs CAP_SYS_ADMIN.");
}

void session_overhead_tick(struct session *session)
{
	struct overhead_window *window = &session->overhead;

	/* The first window did not open if the kernel does not allow it. */
	if (window->timer_fd < 0 || window->stats_fd >= 0 || window->count == 0)
		return;
	if (window->pause)
		window->pause--;
	else
		open_window(session);
}

void session_overhead_window(struct session *session)
{
	uint64_t expirations;

	if (read(session->overhead.timer_fd, &expirations, sizeof(expirations)) > 0 &&
	    session->overhead.stats_fd >= 0)
		close_window(session);
}

void session_overhead_end(struct session *session)
{
	if (session->overhead.stats_fd >= 0)
		close_window(session);
}
