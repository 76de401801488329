/* Where a test's time went: its critical path, walked backwards, divided into parts that sum to it exactly. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/off_cpu.h"

/*
 * The path begins in the test's thread at its end. Where a thread on the path slept from a to b and thread W woke it,
 * the path goes on in W from b back to a, and before a it is the first thread again.
 */

enum account_part {
	PART_RUNNING, /* on a CPU, in a thread of the run */
	/* Runnable and waiting: */
	PART_CPU_INSIDE, /* behind the run's own threads */
	PART_CPU_OUTSIDE,
	PART_CPU_KERNEL,
	PART_CPU_IRQ,
	PART_CPU_STEAL, /* also what the hypervisor took while the thread was on its CPU */
	PART_CPU_THROTTLED,
	PART_CPU_DELIVERY,
	PART_CPU_IDLE,
	/* Asleep in a call on a file, or in a page fault of one: */
	PART_IO_DEVICE,
	PART_IO_FILESYSTEM,
	PART_IO_LOCK,
	PART_IO_WRITEBACK,
	PART_IO_RECLAIM,
	PART_IO_SWAP,
	PART_IO_REMOTE,
	PART_IO_UNKNOWN,
	/* Asleep elsewhere: */
	PART_TIMER, /* until a time-out of its own */
	PART_NETWORK, /* until a packet came from another machine */
	PART_SERVICE, /* until somebody outside the run woke it, who did not wait for a CPU or a disk himself */
	PART_LOCK, /* the last three: for a thread of the run of which nothing is known */
	PART_CHILD,
	PART_PIPE,
	PART_UNKNOWN,
	PARTS
};
/* "running", "cpu_inside" ... as in the report, without "_ns". */
extern const char *const account_part_names[PARTS];

struct account_who {
	uint32_t host_pid, host_tid;
	char comm[COMM_BYTES];
	bool outside; /* not of the run */
};

/* A sum over the path: how much one thread lost, or did, in one way. */
struct account_share {
	struct account_who who;
	enum account_part part;
	uint64_t ns;
	struct account_who
		culprit; /* of a wait for a CPU: who held it longest; host_pid 0: nobody known */
	uint8_t culprit_policy; /* SCHED_... */
	uint64_t culprit_ns;
	int16_t call; /* of a sleep: the system call of the longest; -1: not known */
	struct account_who waker; /* of a sleep that ended the path: who ended the longest */
	uint64_t longest_ns; /* of the steps that make it up */
};

/* A piece of the path. */
struct account_step {
	uint64_t from_ns, until_ns;
	struct account_who who;
	enum account_part part; /* the largest, where several share it */
	uint16_t depth; /* wakeups from the test's own thread */
};

#define ACCOUNT_SHARES 12
#define ACCOUNT_STEPS  16

struct account {
	uint64_t from_ns, until_ns;
	uint64_t ns[PARTS]; /* sums to until_ns - from_ns */
	uint64_t floor_ns; /* times off the CPU below are only known as sums; 0: below that of the records */
	bool cut; /* the path was longer or deeper than what is followed: the rest is unknown */
	uint32_t share_count, step_count;
	struct account_share shares[ACCOUNT_SHARES]; /* those of the largest sums */
	struct account_step steps[ACCOUNT_STEPS]; /* the longest, in the order of time */
};

/* thread may be NULL: then all is unknown. from_ns <= until_ns. */
void account_walk(const struct off_cpu_table *table, const struct off_cpu_thread *thread,
		  uint64_t from_ns, uint64_t until_ns, struct account *ret);

/* What the machine took: waits behind others, the hypervisor, disks; what the run's own threads took of each other. */
uint64_t account_lost_ns(const struct account *account);
uint64_t account_crowded_ns(const struct account *account);
