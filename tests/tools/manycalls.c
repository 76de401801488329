/* As many one-byte preads of one file as threads can make in a bounded time, counted. */
#include <fcntl.h>
#include <pthread.h>

#include "tool.h"

/* manycalls FILE THREADS DURATION [MAX_CALLS_PER_THREAD] */
#define MAX_THREADS 16
#define MAX_NS      (10 * NS_PER_S)

static int fd;
static uint64_t end_ns, max_calls = UINT64_MAX;

static void *run(void *arg)
{
	uint64_t *calls = arg;
	char c;

	do {
		for (int i = 0; i < 64 && *calls < max_calls; i++, (*calls)++)
			if (pread(fd, &c, 1, 0) < 0)
				die("pread");
	} while (now_ns() < end_ns && *calls < max_calls);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	uint64_t calls[MAX_THREADS] = {0}, sum = 0, begin_ns = now_ns(), duration_ns;
	int count;

	if (argc < 4)
		die("usage: manycalls FILE THREADS DURATION [MAX_CALLS_PER_THREAD]");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	count = atoi(argv[2]);
	duration_ns = parse_ns(argv[3]);
	if (argc > 4)
		max_calls = strtoull(argv[4], NULL, 10);
	if (fd < 0 || count < 1 || count > MAX_THREADS || duration_ns > MAX_NS)
		die("cannot open %s, or out of bounds", argv[1]);
	end_ns = begin_ns + duration_ns;
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, &calls[i]) != 0)
			die("pthread_create");
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		sum += calls[i];
	}
	emit("{\"pid\": %d, \"calls\": %llu, \"elapsed_ns\": %llu}", getpid(),
	     (unsigned long long)sum, (unsigned long long)(now_ns() - begin_ns));
	return 0;
}
