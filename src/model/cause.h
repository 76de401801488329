/* The causes of one stall: divides its duration among causes, and lists the culprits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "catalog/causes.h"
#include "catalog/words.h"

/* Time per cause; sums to the stall's duration. */
struct shares {
	uint64_t ns[CAUSES];
};

enum cause shares_largest(const struct shares *shares);

struct culprit {
	uint32_t host_pid;
	char comm[COMM_BYTES];
	enum culprit_where where;
	enum culprit_held held;
	uint8_t policy, prio; /* of a CPU stall */
	uint64_t cgroup_id;
	char *cgroup_path; /* owned; NULL: unknown */
	uint64_t ns;
	uint64_t bytes_read, bytes_written; /* by the requests of a file stall */
};

#define CULPRITS_MAX 8

/* Processes that had the CPU or a lock, or kept the device busy, the longest time first. */
struct culprits {
	size_t count, capacity;
	struct culprit *list; /* owned */
	uint64_t dropped_ns; /* of culprits beyond CULPRITS_MAX, or whose records were overwritten */
};

void culprits_done(struct culprits *culprits);
/* Adds the time and bytes to those of the same process and place, which held the same. */
void culprits_add(struct culprits *culprits, const struct culprit *more);
/* Sorts the longest first, and drops those without time, and those beyond CULPRITS_MAX. */
void culprits_finish(struct culprits *culprits);

/*
 * Divides a wait. The caller must have checked record: queue_count <= QUEUES_MAX, slice_count slices follow the
 * record, and the queues together claim at most slice_count slices. The caller ends *ret_culprits with
 * culprits_done().
 */
void cause_of_wait(const struct record_cpu_stall *record, struct shares *ret_shares,
		   struct culprits *ret_culprits);

/* blocked_ns + runqueue_ns <= duration_ns. */
struct call_times {
	uint64_t duration_ns, blocked_ns, runqueue_ns;
	uint64_t iowait_ns, reclaim_ns, longest_block_ns; /* parts of the above; may exceed them */
	enum cause longest_cause; /* what the longest block waited for */
};

/* Divides a file operation. */
void cause_of_call(const struct call_times *times, struct shares *ret);

/*
 * Corrects a wait during which the CPU had a hiccup of ns. Nobody ran during the hiccup, so its time moves to
 * "unknown": from the largest of the causes inside, outside, kernel and idle, and from that cause's culprits,
 * the longest first.
 */
void cause_of_hiccup(struct shares *shares, struct culprits *culprits, uint64_t ns);

/* Moves at most ns from one cause to another. */
void shares_move(struct shares *shares, enum cause from, enum cause to, uint64_t ns);
