/* Why a stall happened: its duration divided into causes, and who held the CPU meanwhile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "catalog/causes.h"
#include "catalog/words.h"

/* In ns; sums to the stall's duration. */
struct shares {
	uint64_t ns[CAUSES];
};

enum cause shares_largest(const struct shares *shares);

struct culprit {
	uint32_t host_pid;
	char comm[COMM_BYTES];
	enum culprit_where where;
	uint8_t policy, prio;
	uint64_t cgroup_id;
	char *cgroup_path; /* owned; NULL: unknown */
	uint64_t ns;
};

#define CULPRITS_MAX 8

/* Processes that held the CPU, the longest first. */
struct culprits {
	size_t count;
	struct culprit *list; /* owned */
	uint64_t dropped_ns; /* of those beyond CULPRITS_MAX, or too long ago to be known by name */
};

void culprits_done(struct culprits *culprits);

/*
 * Divides a wait. record must be whole: leg_count <= LEGS_MAX, and slice_count slices behind it of which
 * the legs claim no more.
 */
void cause_of_wait(const struct record_cpu_stall *record, struct shares *ret_shares,
		   struct culprits *ret_culprits);

/* blocked_ns + runqueue_ns <= duration_ns. */
struct call_times {
	uint64_t duration_ns, blocked_ns, runqueue_ns;
	uint64_t iowait_ns, reclaim_ns,
		longest_block_ns; /* parts of the above; not trusted to be no more */
	enum cause longest_cause; /* what the longest block waited for */
};

/* Divides a call. */
void cause_of_call(const struct call_times *times, struct shares *ret);

/*
 * Of a wait: the CPU stood still for ns of it. Whoever was on it then held nobody up: the time is taken from
 * the largest of those who ran, and from the worst culprits of these, and becomes unknown.
 */
void cause_of_pause(struct shares *shares, struct culprits *culprits, uint64_t ns);

/* Moves at most ns from one cause to another. */
void shares_move(struct shares *shares, enum cause from, enum cause to, uint64_t ns);
