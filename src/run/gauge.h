/* Time the gauge on a chosen CPU, in a thread of its own that nothing waits for */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The recorder itself never moves to that CPU: behind a real-time hog it would lose records. If the thread gets no turn
 * there, the gauge has no value.
 */
struct gauge {
	pthread_t thread;
	bool is_started, is_busy; /* busy: a request has not been taken yet */
	int request_fd;
	/* Shared with the thread: where to take the time, and what it was (0: the thread was not on that CPU). */
	atomic_int cpu;
	_Atomic uint64_t took_ns;
};

#define GAUGE_NONE ((struct gauge){.request_fd = -1})

/* Starts to take the time on the CPU, unless the last request is still pending. The first call starts the thread. */
void gauge_request(struct gauge *gauge, unsigned cpu);

/* The result of the last request; NAN: none. A request that is still pending may then end on any CPU, and is dropped. */
double gauge_take(struct gauge *gauge);

/* gauge need not have been started. */
void gauge_close(struct gauge *gauge);
