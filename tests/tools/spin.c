/* Holds one CPU for a known, bounded time and says from when to when it really held it. */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tool.h"

/*
 *   spin --cpu N --policy fifo|other [--prio P] --for D|lines --start-at NS|now|input [--name NAME] [--rest D]
 *
 * With --for lines it holds the CPU once for each line of stdin, which has the duration; --rest is the
 * time that it sleeps after each.
 *
 * The kernel's fair server gives starved fair threads 50 ms of each second and RT throttling 5 %:
 * only a spin well below a second, and seldom, starves its victim; one that ran all the same says
 * so and is starved again. 2 s is the bound that keeps the machine usable.
 */
#define MAX_SPIN_NS (2 * NS_PER_S)

struct options {
	uint64_t duration_ns, start_at_ns, rest_ns;
	const char *name;
	int cpu, priority, fifo, asks, lines;
};

static void parse(int argc, char **argv, struct options *options)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];

		if (strcmp(argv[i], "--cpu") == 0)
			options->cpu = atoi(value);
		else if (strcmp(argv[i], "--policy") == 0)
			options->fifo = strcmp(value, "fifo") == 0;
		else if (strcmp(argv[i], "--prio") == 0)
			options->priority = atoi(value);
		else if (strcmp(argv[i], "--for") == 0 && strcmp(value, "lines") == 0)
			options->lines = 1;
		else if (strcmp(argv[i], "--for") == 0)
			options->duration_ns = parse_ns(value);
		else if (strcmp(argv[i], "--rest") == 0)
			options->rest_ns = parse_ns(value);
		else if (strcmp(argv[i], "--name") == 0)
			options->name = value;
		else if (strcmp(argv[i], "--start-at") == 0 && strcmp(value, "input") == 0)
			options->asks = 1;
		else if (strcmp(argv[i], "--start-at") == 0)
			options->start_at_ns =
				strcmp(value, "now") == 0 ? 0 : strtoull(value, NULL, 10);
		else
			die("unknown option %s", argv[i]);
	}
}

static void hold(uint64_t duration_ns, const char *name)
{
	uint64_t start_ns, end_ns;
	struct rusage renamed;

	if (duration_ns == 0 || duration_ns > MAX_SPIN_NS)
		die("not a time of at most 2s: %lluns", (unsigned long long)duration_ns);
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
}

/*
 * False at end of input. Looks for a byte every millisecond: whoever writes must not wake this process, which would
 * look like a request for an answer.
 */
static int read_byte(char *c)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, c, 1)) < 0 && errno == EAGAIN)
		sleep_until(now_ns() + NS_PER_MS);
	return n == 1;
}

/* False at end of input. Reads byte by byte: the lines that follow belong to later holds. */
static int read_line(char *line, size_t size)
{
	size_t length = 0;
	char c;

	while (read_byte(&c)) {
		if (c == '\n') {
			line[length] = '\0';
			return 1;
		}
		if (length + 1 < size)
			line[length++] = c;
	}
	return 0;
}

static void hold_for_lines(const struct options *options)
{
	char line[64];

	if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
		die("cannot poll stdin");
	emit("ready");
	while (read_line(line, sizeof(line))) {
		hold(parse_ns(line), NULL);
		if (options->rest_ns)
			sleep_until(now_ns() + options->rest_ns);
	}
}

int main(int argc, char **argv)
{
	struct options options = {.cpu = -1, .priority = 50};
	char byte;

	parse(argc, argv, &options);
	if (options.cpu < 0 || (!options.duration_ns && !options.lines))
		die("usage: spin --cpu N --policy fifo|other --prio P --for D(<=2s)|lines"
		    " --start-at NS|now|input");

	/* Policy before pinning: a fair thread might never run on a CPU that an RT thread holds. */
	if (options.fifo)
		set_fifo(options.priority, 0);
	pin_to_cpu(options.cpu);
	if (options.lines) {
		hold_for_lines(&options);
		return 0;
	}
	if (options.start_at_ns)
		sleep_until(options.start_at_ns);
	if (options.asks) {
		emit("ready");
		if (read(STDIN_FILENO, &byte, 1) != 1)
			die("no input");
	}
	hold(options.duration_ns, options.name);
	return 0;
}
