/* The disturbance of real-time load: nothing else gets the CPUs that the run may use */
#include "run/disturb_starve.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/util.h"

#define STACK_BYTES ((size_t)64 << 10)

struct load {
	pthread_t thread;
	uint64_t until_ns;
	uint64_t ran_ns; /* CPU time */
	const atomic_bool *stop;
};

/* It ends by its own clock: whoever should stop it may not get a CPU. */
static void *spin(void *context)
{
	struct load *load = context;

	while (kernel_now_ns() < load->until_ns && !atomic_load(load->stop))
		;
	load->ran_ns = now_ns(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static int start(struct load *load, size_t cpu)
{
	const struct sched_param realtime = {STARVE_PRIORITY};
	pthread_attr_t attributes;
	cpu_set_t one;
	int r = pthread_attr_init(&attributes);

	if (r)
		return r;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_attr_setaffinity_np(&attributes, sizeof(one), &one);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
	pthread_attr_setschedparam(&attributes, &realtime);
	r = pthread_create(&load->thread, &attributes, spin, load);
	pthread_attr_destroy(&attributes);
	return r;
}

/* In a thread of its own: the command inherits the policy of latwrap. */
int disturb_starve_probe(void)
{
	const atomic_bool stop = true;
	struct load load = {.stop = &stop};
	int r = start(&load, (size_t)sched_getcpu());

	if (r)
		return log_errno(r, "cannot starve the run: real-time priority is refused "
				    "(it needs CAP_SYS_NICE)");
	pthread_join(load.thread, NULL);
	return 0;
}

void disturb_starve(int fd, uint64_t length_ns, struct disturb_times *ret)
{
	struct load loads[CPU_SETSIZE];
	atomic_bool stop = false;
	cpu_set_t cpus;
	size_t started = 0;
	bool all = true;

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	ret->start_ns = kernel_now_ns();
	for (size_t cpu = 0; cpu < CPU_SETSIZE && all; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		loads[started] =
			(struct load){.until_ns = ret->start_ns + length_ns, .stop = &stop};
		all = start(&loads[started], cpu) == 0;
		started += all;
	}
	disturb_wait(fd, ret->start_ns + (all ? length_ns : 0));
	atomic_store(&stop, true);
	ret->done_ns = all && started ? UINT64_MAX : 0;
	for (size_t i = 0; i < started; i++) {
		pthread_join(loads[i].thread, NULL);
		ret->done_ns = MIN(ret->done_ns, loads[i].ran_ns);
	}
	ret->end_ns = kernel_now_ns();
}
