/* Takes one CPU away from everybody else, again and again, for some seconds; `make demo` uses it. */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS   UINT64_C(1000000)
#define HOLD_NS     (80 * NS_PER_MS)
#define PAUSE_NS    (120 * NS_PER_MS) /* so that a machine with one CPU remains usable */
#define SECONDS_MAX 10
#define CROWD       40

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static void hold(uint64_t until_ns)
{
	while (now_ns() < until_ns)
		;
}

static void hold_in_bursts(uint64_t until_ns)
{
	const struct timespec pause = {0, PAUSE_NS};

	while (now_ns() < until_ns) {
		hold(now_ns() + HOLD_NS);
		nanosleep(&pause, NULL);
	}
}

/* Where real-time scheduling is not to be had: so many that each turn of the others takes its time. */
static void hold_as_crowd(uint64_t until_ns)
{
	pid_t parent = getpid();

	setpriority(PRIO_PROCESS, 0, -20);
	for (int i = 1; i < CROWD; i++) {
		if (fork() != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			hold(until_ns);
		_exit(0);
	}
	hold(until_ns);
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	const struct sched_param realtime = {.sched_priority = 10};
	int cpu = argc == 3 ? atoi(argv[1]) : -1, seconds = argc == 3 ? atoi(argv[2]) : 0;
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE || seconds < 1 || seconds > SECONDS_MAX) {
		fprintf(stderr, "usage: noisy-neighbour CPU SECONDS (at most %d)\n", SECONDS_MAX);
		return 2;
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("noisy-neighbour: sched_setaffinity");
		return 1;
	}
	/* It ends by itself; the alarm is for the case that it is kept from looking at the clock. */
	alarm((unsigned)seconds + 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_FIFO, &realtime) == 0)
		hold_in_bursts(now_ns() + (uint64_t)seconds * 1000 * NS_PER_MS);
	else
		hold_as_crowd(now_ns() + (uint64_t)seconds * 1000 * NS_PER_MS);
	return 0;
}
