/* Takes a CPU for a short time again and again, as a real-time thread that never keeps it long. */
#include "tool.h"

/*
 *   duty CPU ON OFF
 *
 * Says "ready", then runs for ON and sleeps for OFF in turn until it is killed, a minute at most.
 */
#define MOST_NS (60 * NS_PER_S)

int main(int argc, char **argv)
{
	uint64_t on_ns, off_ns, end_ns = now_ns() + MOST_NS;

	if (argc != 4)
		die("usage: duty CPU ON OFF");
	on_ns = parse_ns(argv[2]);
	off_ns = parse_ns(argv[3]);
	pin_to_cpu(atoi(argv[1]));
	set_fifo(50, 0);
	emit("ready");
	while (now_ns() < end_ns) {
		uint64_t until_ns = now_ns() + on_ns;

		while (now_ns() < until_ns)
			;
		sleep_until(until_ns + off_ns);
	}
	return 0;
}
