/* The catalog of enumerations: the word in reports for each status, outcome, answer, reason and policy */
#pragma once

enum verdict_status { VERDICT_CLEAN, VERDICT_STALLED, VERDICT_UNMEASURED, VERDICT_STATUSES };
extern const char *const verdict_status_names[VERDICT_STATUSES];

enum trace_status { TRACE_NONE, TRACE_PARTIAL, TRACE_FULL, TRACE_STATUSES };
extern const char *const trace_status_names[TRACE_STATUSES];

enum culprit_where { CULPRIT_INSIDE, CULPRIT_OUTSIDE, CULPRIT_KERNEL, CULPRIT_WHERES };
extern const char *const culprit_where_names[CULPRIT_WHERES];

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

enum span_answer {
	SPAN_NO_ANSWER, /* the span did not fail */
	SPAN_STALLED, /* "stalled while failing" */
	SPAN_NOT_STALLED,
	SPAN_NOT_MEASURED,
	SPAN_ANSWERS
};
extern const char *const span_answer_names[SPAN_ANSWERS]; /* NULL for SPAN_NO_ANSWER */

/* Indexed by enum wait_reason (abi.h). */
enum { REASON_WAKEUP, REASON_FORK, REASON_PREEMPTED, REASON_YIELD, WAIT_REASONS };
extern const char *const wait_reason_names[WAIT_REASONS];

/* Indexed by the kernel's SCHED_* numbers (include/uapi/linux/sched.h); NULL: the number has no policy. */
enum policy { POLICY_FIFO = 1, POLICY_RR = 2, POLICY_DEADLINE = 6, POLICIES = 8 };
extern const char *const policy_names[POLICIES];

/* Where a test's time went along its critical path (spans/account.h). */
enum account_part {
	PART_RUNNING, /* on a CPU, in a thread of the run */
	/* Runnable, waiting for a CPU: */
	PART_CPU_INSIDE, /* behind other threads of the run */
	PART_CPU_OUTSIDE,
	PART_CPU_KERNEL,
	PART_CPU_IRQ,
	PART_CPU_STEAL, /* also what the hypervisor took while the thread was on its CPU */
	PART_CPU_THROTTLED,
	PART_CPU_DELIVERY,
	PART_CPU_IDLE,
	/* Asleep in a file operation: */
	PART_IO_DEVICE,
	PART_IO_FILESYSTEM,
	PART_IO_LOCK,
	PART_IO_WRITEBACK,
	PART_IO_RECLAIM,
	PART_IO_SWAP,
	PART_IO_REMOTE,
	PART_IO_UNKNOWN,
	/* Asleep elsewhere: */
	PART_TIMER, /* until its own time-out */
	PART_NETWORK, /* until a packet from another machine */
	PART_SERVICE, /* until a process outside the run woke it that itself waited for neither CPU nor disk */
	PART_LOCK, /* this and the next two: for a thread of the run without records */
	PART_CHILD,
	PART_PIPE,
	PART_UNKNOWN,
	PARTS
};
extern const char *const account_part_names[PARTS]; /* as in a report, without "_ns" */
