/* A SCHED_DEADLINE thread that uses up its runtime, or gives it up, period after period. */
#include <sys/syscall.h>

#include "tool.h"

/*
 *   deadline RUNTIME PERIOD PERIODS busy|yield
 *
 * busy: needs PERIODS times the runtime of CPU time, and so is out of it for the rest of each period; yield: calls
 * sched_yield(2) at the start of each period. Prints {"pid": P, "before_ns": T, "after_ns": T}; status 77 if the kernel
 * does not admit it.
 */

/* struct sched_attr of sched_setattr(2), for which libc has no name before 2.41 */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

#define POLICY_DEADLINE 6

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	struct attributes attributes = {.size = sizeof(attributes), .policy = POLICY_DEADLINE};
	uint64_t periods, before_ns, until_ns;

	if (argc != 5)
		die("usage: deadline RUNTIME PERIOD PERIODS busy|yield");
	attributes.runtime_ns = parse_ns(argv[1]);
	attributes.deadline_ns = attributes.period_ns = parse_ns(argv[2]);
	periods = strtoull(argv[3], NULL, 10);
	if (syscall(SYS_sched_setattr, 0, &attributes, 0) < 0) {
		perror("sched_setattr");
		return 77;
	}
	before_ns = now_ns();
	if (strcmp(argv[4], "yield") == 0) {
		while (periods--)
			sched_yield();
	} else {
		until_ns = cpu_ns() + periods * attributes.runtime_ns;
		while (cpu_ns() < until_ns)
			;
	}
	emit("{\"pid\": %d, \"before_ns\": %llu, \"after_ns\": %llu}", getpid(),
	     (unsigned long long)before_ns, (unsigned long long)now_ns());
	return 0;
}
