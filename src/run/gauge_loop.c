/* The gauge: a fixed loop that wants all of a core; its time says how fast the core is just now */
#include "run/gauge_loop.h"

#include <time.h>

#define STEPS 6000 /* some 12 us */
#define TRIES 3

static volatile uint64_t sink;

/* No system call where the vDSO has the clock: tools that trace would make it dearer. */
static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Not inline: else the compiler could move the work out of the time between two readings of the clock. */
static void __attribute__((noinline)) loop(void)
{
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (int i = 0; i < STEPS; i++) {
		a ^= a << 13, b ^= b << 13, c ^= c << 13, d ^= d << 13;
		a ^= a >> 7, b ^= b >> 7, c ^= c >> 7, d ^= d >> 7;
		a ^= a << 17, b ^= b << 17, c ^= c << 17, d ^= d << 17;
	}
	sink = a + b + c + d;
}

uint64_t gauge_time_ns(void)
{
	uint64_t least_ns = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t from_ns = clock_ns(), took_ns;

		loop();
		took_ns = clock_ns() - from_ns;
		least_ns = took_ns < least_ns ? took_ns : least_ns;
	}
	return least_ns;
}
