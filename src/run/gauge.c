/* Time the gauge on a chosen CPU, in a thread of its own that nothing waits for */
#include "run/gauge.h"

#include <math.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/util.h"
#include "run/gauge_loop.h"
#include "run/signals.h"

#define STOP     (-1)
#define ANYWHERE (-2) /* drop the result */
#define PENDING  UINT64_MAX

static void *answer_requests(void *context)
{
	struct gauge *gauge = context;
	uint64_t requests;

	signals_block();
	while (read(gauge->request_fd, &requests, sizeof(requests)) == sizeof(requests)) {
		int cpu = atomic_load(&gauge->cpu);
		bool is_there = sched_getcpu() == cpu;
		uint64_t took_ns;

		if (cpu == STOP)
			break;
		took_ns = gauge_time_ns();
		is_there = is_there && sched_getcpu() == cpu;
		atomic_store(&gauge->took_ns, is_there ? took_ns : 0);
	}
	return NULL;
}

static bool is_ready(struct gauge *gauge)
{
	if (gauge->is_started)
		return true;
	if (gauge->request_fd < 0)
		gauge->request_fd = eventfd(0, EFD_CLOEXEC);
	gauge->is_started = gauge->request_fd >= 0 &&
			    thread_start(&gauge->thread, answer_requests, gauge) == 0;
	signals_block();
	return gauge->is_started;
}

static bool wake(struct gauge *gauge)
{
	const uint64_t one = 1;

	return write(gauge->request_fd, &one, sizeof(one)) == sizeof(one);
}

/* Lets the thread run where the recorder may. */
static void let_go(struct gauge *gauge)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		pthread_setaffinity_np(gauge->thread, sizeof(set), &set);
}

void gauge_request(struct gauge *gauge, unsigned cpu)
{
	cpu_set_t set;

	if (gauge->is_busy || cpu >= CPU_SETSIZE || !is_ready(gauge))
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* The thread sleeps, so it wakes up on that CPU, and nothing has to move it. */
	if (pthread_setaffinity_np(gauge->thread, sizeof(set), &set) != 0)
		return;
	atomic_store(&gauge->cpu, (int)cpu);
	atomic_store(&gauge->took_ns, PENDING);
	gauge->is_busy = wake(gauge);
}

double gauge_take(struct gauge *gauge)
{
	uint64_t took_ns;

	if (!gauge->is_busy)
		return NAN;
	took_ns = atomic_load(&gauge->took_ns);
	if (took_ns == PENDING) {
		atomic_store(&gauge->cpu, ANYWHERE);
		let_go(gauge);
		return NAN;
	}
	gauge->is_busy = false;
	return took_ns ? (double)took_ns : NAN;
}

void gauge_close(struct gauge *gauge)
{
	if (gauge->is_started) {
		let_go(gauge);
		atomic_store(&gauge->cpu, STOP);
		if (wake(gauge))
			pthread_join(gauge->thread, NULL);
	}
	close_fd(gauge->request_fd);
	*gauge = GAUGE_NONE;
}
