/* The catalog of losses: the words for each loss counter */
#pragma once

#include "abi.h"

/* Losses of spans. */
enum span_loss {
	SPAN_LOSS_UNREADABLE, /* malformed messages */
	SPAN_LOSS_UNSENT, /* messages that senders report as not sent */
	SPAN_LOSS_REFUSED, /* spans begun while too many were open */
	SPAN_LOSS_UNKNOWN, /* ends and updates of spans that had not begun */
	SPAN_LOSS_UNPLANNED, /* announced tests beyond the limit of the plan */
	SPAN_LOSS_PRINTED, /* programs that printed results of tests out of order */
	SPAN_LOSS_STRANGER, /* messages from outside the run */
	SPAN_LOSS_FILE, /* files of tests (--junit) that could not be read, or not whole */
	SPAN_LOSS_CASE, /* tests in such files that could not be taken */
	SPAN_LOSSES
};

extern const char *const loss_names[LOSS_KINDS];
extern const char *const span_loss_names[SPAN_LOSSES];

/* The words for malformed records, and for threads and entries that found no room in model/off_cpu.h. */
extern const char loss_bad_records[];
extern const char loss_device_uses_cut[];
extern const char loss_off_cpu_memory[];
