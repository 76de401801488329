/* The account of a test: walks its critical path backwards and divides its time into parts that sum to it exactly. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/parts.h"
#include "model/off_cpu.h"

/*
 * The path starts at the end of the test, in the test's thread. If a thread on the path slept from a to b and thread W
 * woke it, the path goes through W from b back to a, and before a through the first thread again. If its own time-out woke it,
 * the path goes through the thread that it asked and that has not answered, if there is one.
 */

struct account_who {
	uint32_t host_pid, host_tid;
	char comm[COMM_BYTES];
	bool outside; /* not a thread of the run */
};

/* The sum over the path of one thread's time in one part. */
struct account_share {
	struct account_who who;
	enum account_part part;
	uint64_t ns;
	struct account_who
		culprit; /* who had the CPU, the busy disk or the lock longest; host_pid 0: unknown */
	uint8_t culprit_policy; /* SCHED_... */
	uint64_t culprit_ns;
	int16_t call; /* sleeps: the system call of the longest sleep; -1: unknown */
	struct account_who waker; /* sleeps that end the path: who ended the longest one */
	uint64_t longest_ns; /* the longest piece of the sum */
};

/* A piece of the path. */
struct account_step {
	uint64_t from_ns, until_ns;
	struct account_who who;
	enum account_part part; /* the largest part, if the piece has several */
	uint16_t depth; /* number of wakeups from the test's own thread */
};

#define ACCOUNT_SHARES 12
#define ACCOUNT_STEPS  16

struct account {
	uint64_t from_ns, until_ns;
	uint64_t ns[PARTS]; /* sums to until_ns - from_ns */
	uint64_t own_sleep_ns; /* of PART_TIMER: threads of the run that asked to sleep for a time (nanosleep) */
	uint32_t host_pid; /* of the test's own thread; 0: unknown */
	uint64_t floor_ns; /* shorter times off the CPU are only known as sums; 0: the records' own limit */
	bool follows_asked; /* see account_walk() */
	bool cut; /* the path exceeded the limits of length or depth, or a thread on it may be forgotten: the rest is unknown */
	/* Only failed tests keep these details: */
	uint32_t share_count, step_count;
	struct account_share shares[ACCOUNT_SHARES]; /* the largest sums */
	struct account_step steps[ACCOUNT_STEPS]; /* the longest pieces, in order of time */
};

/*
 * thread NULL: all time is unknown. from_ns <= until_ns. follows_asked: if a time-out ended a sleep, the path goes through the
 * thread that was asked and has not answered (spans/asked.h), which takes longer to find.
 */
void account_walk(const struct off_cpu_table *table, const struct off_cpu_thread *thread,
		  uint64_t from_ns, uint64_t until_ns, bool follows_asked, struct account *ret);

/* The sum of the parts of that side. */
uint64_t account_side_ns(const struct account *account, enum part_side side);
/* The time asleep for others: SIDE_ASLEEP without the sleeps that threads asked for. */
uint64_t account_asleep_ns(const struct account *account);
