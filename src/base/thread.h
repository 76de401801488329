/* Start a thread with a small stack */
#pragma once

#include <pthread.h>

/* Returns 0 or -errno. */
int thread_start(pthread_t *ret, void *(*run)(void *context), void *context);
