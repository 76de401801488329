/* Says all the time how fast each CPU is (gauge_loop.h): "MONOTONIC_NS CPU GAUGE_NS" lines, until its input ends. */
#include <poll.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>

#include "run/gauge_loop.h"
#include "tool.h"

#define PERIOD_NS (10 * NS_PER_MS)

/* weather >FILE. A little work, and seldom: what it watches must not feel it. */
static void watch(int cpu)
{
	pin_to_cpu(cpu);
	for (uint64_t due = now_ns();; due += PERIOD_NS) {
		sleep_until(due);
		emit("%llu %d %.0f", (unsigned long long)now_ns(), cpu, (double)gauge_time_ns());
	}
}

int main(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t self = getpid();

	for (int cpu = 0; cpu < cpus; cpu++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
				die("PR_SET_PDEATHSIG");
			/* The parent may have ended before. */
			if (getppid() != self)
				return 0;
			watch(cpu);
		}
	}
	if (poll(&input, 1, -1) < 0)
		die("poll");
	return 0;
}
