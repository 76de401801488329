/* Threads that pass a barrier a number of times, so that each of them waits and is woken. */
#include <pthread.h>

#include "tool.h"

/* threads COUNT ROUNDS [--exit-leader]: with the latter the first thread ends before the others. */
#define MAX_THREADS 256

static pthread_barrier_t barrier;
static long rounds;

static void *run(void *unused)
{
	for (long i = 0; i < rounds; i++)
		pthread_barrier_wait(&barrier);
	emit("{\"tid\": %d}", gettid());
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	long count;

	if (argc < 3)
		die("usage: threads COUNT ROUNDS [--exit-leader]");
	count = atol(argv[1]);
	rounds = atol(argv[2]);
	if (count < 1 || count > MAX_THREADS)
		die("out of bounds");
	emit("{\"pid\": %d, \"threads\": %ld}", getpid(), count + 1);
	pthread_barrier_init(&barrier, NULL, (unsigned int)count);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, run, NULL) != 0)
			die("pthread_create");
	if (argc > 3)
		pthread_exit(NULL);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
