/* The catalog of enumerations: the word in reports for each status, outcome, answer, reason and policy */
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

const char *const span_outcome_names[SPAN_OUTCOMES] = {
	[SPAN_PASSED] = "passed", [SPAN_FAILED] = "failed",   [SPAN_SKIPPED] = "skipped",
	[SPAN_ERROR] = "error",   [SPAN_UNKNOWN] = "unknown",
};

const char *const span_answer_names[SPAN_ANSWERS] = {
	[SPAN_STALLED] = "stalled while failing",
	[SPAN_NOT_STALLED] = "not stalled",
	[SPAN_NOT_MEASURED] = "not measured",
};

const char *const wait_reason_names[] = {
	[WAIT_WAKEUP] = "wakeup",
	[WAIT_FORK] = "fork",
	[WAIT_PREEMPTED] = "preempted",
	[WAIT_YIELD] = "yield",
};

const char *const policy_names[POLICIES] = {
	"other", "fifo", "rr", "batch", NULL, "idle", "deadline", "ext",
};

const char *const account_part_names[PARTS] = {
	[PART_RUNNING] = "running",
	[PART_CPU_INSIDE] = "cpu_inside",
	[PART_CPU_OUTSIDE] = "cpu_outside",
	[PART_CPU_KERNEL] = "cpu_kernel",
	[PART_CPU_IRQ] = "cpu_irq",
	[PART_CPU_STEAL] = "cpu_steal",
	[PART_CPU_THROTTLED] = "cpu_throttled",
	[PART_CPU_DELIVERY] = "cpu_delivery",
	[PART_CPU_IDLE] = "cpu_idle",
	[PART_IO_DEVICE] = "io_device",
	[PART_IO_FILESYSTEM] = "io_filesystem",
	[PART_IO_LOCK] = "io_lock",
	[PART_IO_WRITEBACK] = "io_writeback",
	[PART_IO_RECLAIM] = "io_reclaim",
	[PART_IO_SWAP] = "io_swap",
	[PART_IO_REMOTE] = "io_remote",
	[PART_IO_UNKNOWN] = "io_unknown",
	[PART_TIMER] = "timer",
	[PART_NETWORK] = "network",
	[PART_SERVICE] = "service",
	[PART_LOCK] = "lock",
	[PART_CHILD] = "child",
	[PART_PIPE] = "pipe",
	[PART_UNKNOWN] = "unknown",
};
