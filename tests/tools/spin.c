/* Holds one CPU for a known, bounded time and says from when to when it really held it. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tool.h"

/*
 * The kernel's fair server gives starved fair threads 50 ms of each second and RT throttling 5 %:
 * only a spin well below a second, and seldom, starves its victim; one that ran all the same says
 * so and is starved again. 2 s is the bound that keeps the machine usable.
 */
#define MAX_SPIN_NS (2 * NS_PER_S)

int main(int argc, char **argv)
{
	uint64_t duration_ns = 0, start_at_ns = 0, start_ns, end_ns;
	const char *name = NULL;
	struct rusage renamed;
	int cpu = -1, priority = 50, fifo = 0, asks = 0;
	char byte;

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];

		if (strcmp(argv[i], "--cpu") == 0)
			cpu = atoi(value);
		else if (strcmp(argv[i], "--policy") == 0)
			fifo = strcmp(value, "fifo") == 0;
		else if (strcmp(argv[i], "--prio") == 0)
			priority = atoi(value);
		else if (strcmp(argv[i], "--for") == 0)
			duration_ns = parse_ns(value);
		else if (strcmp(argv[i], "--name") == 0)
			name = value;
		else if (strcmp(argv[i], "--start-at") == 0 && strcmp(value, "input") == 0)
			asks = 1;
		else if (strcmp(argv[i], "--start-at") == 0)
			start_at_ns = strcmp(value, "now") == 0 ? 0 : strtoull(value, NULL, 10);
		else
			die("unknown option %s", argv[i]);
	}
	if (cpu < 0 || duration_ns == 0 || duration_ns > MAX_SPIN_NS)
		die("usage: spin --cpu N --policy fifo|other --prio P --for D(<=2s) --start-at NS|now|input");

	/* Policy before pinning: a fair thread might never run on a CPU that an RT thread holds. */
	if (fifo)
		set_fifo(priority, 0);
	pin_to_cpu(cpu);
	if (start_at_ns)
		sleep_until(start_at_ns);
	if (asks) {
		emit("ready");
		if (read(STDIN_FILENO, &byte, 1) != 1)
			die("no input");
	}

	emit("start %llu", (unsigned long long)now_ns());
	/*
	 * Without a switch after it, the kernel knows the new name and a switch's record does not:
	 * whoever waits for this process can tell by its switches in the end.
	 */
	if (name) {
		getrusage(RUSAGE_SELF, &renamed);
		prctl(PR_SET_NAME, name);
	}
	/* Writing may have blocked: only from here on is the CPU held without a gap. */
	start_ns = now_ns();
	do
		end_ns = now_ns();
	while (end_ns < start_ns + duration_ns);
	emit("held %llu %llu", (unsigned long long)start_ns, (unsigned long long)end_ns);
	if (name)
		emit("switches %ld %ld", renamed.ru_nvcsw, renamed.ru_nivcsw);
	return 0;
}
