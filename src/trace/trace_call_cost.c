// SPDX-License-Identifier: MIT
/* Times a cheap system call, to learn what attached programs add to each call. */
#include "trace/trace_call_cost.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

#define TRIES 64
#define CALLS 256 /* in each: some 50 us, so that most tries have no interrupt */

double trace_time_call_ns(void)
{
	uint64_t best_ns = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t from_ns = now_ns(CLOCK_MONOTONIC);

		for (int call = 0; call < CALLS; call++)
			syscall(SYS_getppid);
		best_ns = MIN(best_ns, now_ns(CLOCK_MONOTONIC) - from_ns);
	}
	return (double)best_ns / CALLS;
}
