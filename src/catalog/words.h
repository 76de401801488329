/* The catalog of enumerations: the word in reports for each status, outcome, reason and policy */
#pragma once

enum verdict_status { VERDICT_CLEAN, VERDICT_STALLED, VERDICT_UNMEASURED, VERDICT_STATUSES };
extern const char *const verdict_status_names[VERDICT_STATUSES];

enum trace_status { TRACE_NONE, TRACE_PARTIAL, TRACE_FULL, TRACE_STATUSES };
extern const char *const trace_status_names[TRACE_STATUSES];

enum culprit_where { CULPRIT_INSIDE, CULPRIT_OUTSIDE, CULPRIT_KERNEL, CULPRIT_WHERES };
extern const char *const culprit_where_names[CULPRIT_WHERES];

/* What a culprit held. */
enum culprit_held { HELD_CPU, HELD_DEVICE, HELD_LOCK, CULPRIT_HELDS };
extern const char *const culprit_held_names[CULPRIT_HELDS];

enum span_outcome {
	SPAN_NO_OUTCOME,
	SPAN_PASSED,
	SPAN_FAILED,
	SPAN_SKIPPED,
	SPAN_ERROR,
	SPAN_UNKNOWN,
	SPAN_OUTCOMES
};
extern const char *const span_outcome_names[SPAN_OUTCOMES]; /* NULL for SPAN_NO_OUTCOME */

/* Indexed by enum wait_reason (abi.h). */
enum { REASON_WAKEUP, REASON_FORK, REASON_PREEMPTED, REASON_YIELD, WAIT_REASONS };
extern const char *const wait_reason_names[WAIT_REASONS];

/* How an asynchronous file operation was carried out. */
enum request_way {
	REQUEST_URING,
	REQUEST_URING_WORKER,
	REQUEST_URING_POLL,
	REQUEST_AIO,
	REQUEST_WAYS
};
extern const char *const request_way_names[REQUEST_WAYS];

/* Indexed by the kernel's SCHED_* numbers (include/uapi/linux/sched.h); NULL: the number has no policy. */
enum policy { POLICY_FIFO = 1, POLICY_RR = 2, POLICY_DEADLINE = 6, POLICIES = 8 };
extern const char *const policy_names[POLICIES];
