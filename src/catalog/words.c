/* The catalog of enumerations: the word in reports for each status, outcome, reason and policy */
#include "catalog/words.h"

#include <stddef.h>

#include "abi.h"

const char *const verdict_status_names[] = {
	[VERDICT_CLEAN] = "clean",
	[VERDICT_STALLED] = "stalled",
	[VERDICT_UNMEASURED] = "unmeasured",
};

const char *const trace_status_names[] = {
	[TRACE_NONE] = "none",
	[TRACE_PARTIAL] = "partial",
	[TRACE_FULL] = "full",
};

const char *const culprit_where_names[] = {
	[CULPRIT_INSIDE] = "inside",
	[CULPRIT_OUTSIDE] = "outside",
	[CULPRIT_KERNEL] = "kernel",
};

const char *const culprit_held_names[] = {
	[HELD_CPU] = "cpu",
	[HELD_DEVICE] = "device",
	[HELD_LOCK] = "lock",
};

const char *const span_outcome_names[SPAN_OUTCOMES] = {
	[SPAN_PASSED] = "passed", [SPAN_FAILED] = "failed",   [SPAN_SKIPPED] = "skipped",
	[SPAN_ERROR] = "error",   [SPAN_UNKNOWN] = "unknown",
};

const char *const wait_reason_names[] = {
	[WAIT_WAKEUP] = "wakeup",
	[WAIT_FORK] = "fork",
	[WAIT_PREEMPTED] = "preempted",
	[WAIT_YIELD] = "yield",
};

const char *const request_way_names[] = {
	[REQUEST_URING] = "io_uring",
	[REQUEST_URING_WORKER] = "io_uring-worker",
	[REQUEST_URING_POLL] = "io_uring-poll",
	[REQUEST_AIO] = "aio",
};

const char *const policy_names[POLICIES] = {
	"other", "fifo", "rr", "batch", NULL, "idle", "deadline", "ext",
};
