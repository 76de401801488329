/* Start a thread with a small stack */
#include "base/thread.h"

#include <stddef.h>

#define STACK_BYTES ((size_t)256 << 10)

int thread_start(pthread_t *ret, void *(*run)(void *context), void *context)
{
	pthread_attr_t attributes;
	int r = pthread_attr_init(&attributes);

	if (r)
		return -r;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	r = pthread_create(ret, &attributes, run, context);
	pthread_attr_destroy(&attributes);
	return -r;
}
