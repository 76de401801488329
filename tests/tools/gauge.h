/* How fast the core is just now: a loop that wants all of it, and slows down when a neighbour shares it. */
#ifndef LATWRAP_TESTS_GAUGE_H
#define LATWRAP_TESTS_GAUGE_H

#include "tool.h"

/*
 * On a virtual machine the other hardware thread of a core is often somebody else's. What runs meanwhile takes a
 * third more CPU time, and no counter of the guest says so; this loop, which fills every unit of a core, does.
 */
#define GAUGE_STEPS 6000
#define GAUGE_TRIES 3
#define GAUGE_SLACK 1.04

static volatile uint64_t gauge_sink;

static void __attribute__((noinline)) TOOL_UNUSED gauge_loop(void)
{
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (int i = 0; i < GAUGE_STEPS; i++) {
		a ^= a << 13, b ^= b << 13, c ^= c << 13, d ^= d << 13;
		a ^= a >> 7, b ^= b >> 7, c ^= c >> 7, d ^= d >> 7;
		a ^= a << 17, b ^= b << 17, c ^= c << 17, d ^= d << 17;
	}
	gauge_sink = a + b + c + d;
}

/* No call into the kernel, which a tool would make dearer; the least of some tries, as the CPU may be taken away. */
static double TOOL_UNUSED gauge_ns(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < GAUGE_TRIES; i++) {
		uint64_t took = now_ns();

		gauge_loop();
		took = now_ns() - took;
		least = took < least ? took : least;
	}
	return (double)least;
}

#endif
