/* A test with a deadline: sleeps in short steps, and fails if one of them takes too long. */
#include "tool.h"

#include <fcntl.h>
#include <unistd.h>

/*
 *   late DEADLINE DURATION [FILE]
 *
 * With FILE, each step also opens it and reads from it. Prints {"longest_ns": T}, the longest step; status 1 if it is longer than DEADLINE.
 */
#define STEP_NS (2 * NS_PER_MS)

static void read_file(const char *path)
{
	char buf[64];
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf)) < 0)
		die("cannot read %s", path);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct timespec step = {0, STEP_NS};
	uint64_t deadline_ns, end_ns, before_ns, longest_ns = 0;

	if (argc != 3 && argc != 4)
		die("usage: late DEADLINE DURATION [FILE]");
	deadline_ns = parse_ns(argv[1]);
	before_ns = now_ns();
	end_ns = before_ns + parse_ns(argv[2]);
	while (before_ns < end_ns) {
		uint64_t after_ns;

		nanosleep(&step, NULL);
		if (argc == 4)
			read_file(argv[3]);
		after_ns = now_ns();
		if (after_ns - before_ns > longest_ns)
			longest_ns = after_ns - before_ns;
		before_ns = after_ns;
	}
	emit("{\"longest_ns\": %llu}", (unsigned long long)longest_ns);
	return longest_ns > deadline_ns;
}
