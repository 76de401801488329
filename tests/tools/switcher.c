/* Pairs of threads that wake each other through pipes, on one CPU each, counted. */
#include <pthread.h>
#include <signal.h>

#include "tool.h"

/* switcher DURATION CPU...: one pair pinned to each named CPU. */
#define MAX_PAIRS 16
#define MAX_NS    (10 * NS_PER_S)

struct side {
	int cpu, from, to, starts;
	uint64_t wakeups;
};

static uint64_t end_ns;

/* Ends when the clock says so or, for the partner, at the end of input. */
static void *run(void *arg)
{
	struct side *side = arg;
	char c = 'x';

	pin_to_cpu(side->cpu);
	if (side->starts && write(side->to, &c, 1) != 1)
		die("write");
	while (read(side->from, &c, 1) == 1) {
		side->wakeups++;
		if (side->wakeups % 64 == 0 && now_ns() >= end_ns)
			break;
		if (write(side->to, &c, 1) != 1)
			break;
	}
	close(side->to);
	return NULL;
}

int main(int argc, char **argv)
{
	struct side sides[2 * MAX_PAIRS] = {0};
	pthread_t threads[2 * MAX_PAIRS];
	uint64_t begin_ns = now_ns(), duration_ns, sum = 0;
	int pairs = argc - 2;

	if (pairs < 1 || pairs > MAX_PAIRS)
		die("usage: switcher DURATION CPU...");
	duration_ns = parse_ns(argv[1]);
	if (duration_ns > MAX_NS)
		die("out of bounds");
	signal(SIGPIPE, SIG_IGN);
	end_ns = begin_ns + duration_ns;
	for (int i = 0; i < pairs; i++) {
		int there[2], back[2], cpu = atoi(argv[2 + i]);

		if (pipe(there) < 0 || pipe(back) < 0)
			die("pipe");
		sides[2 * i] =
			(struct side){.cpu = cpu, .from = back[0], .to = there[1], .starts = 1};
		sides[2 * i + 1] = (struct side){.cpu = cpu, .from = there[0], .to = back[1]};
	}
	for (int i = 0; i < 2 * pairs; i++)
		if (pthread_create(&threads[i], NULL, run, &sides[i]) != 0)
			die("pthread_create");
	for (int i = 0; i < 2 * pairs; i++) {
		pthread_join(threads[i], NULL);
		sum += sides[i].wakeups;
	}
	emit("{\"pid\": %d, \"wakeups\": %llu, \"elapsed_ns\": %llu}", getpid(),
	     (unsigned long long)sum, (unsigned long long)(now_ns() - begin_ns));
	return 0;
}
