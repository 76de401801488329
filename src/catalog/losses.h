/* What could not be recorded: the words for each counter of a loss */
#pragma once

#include "abi.h"

/* What could not be recorded of spans. */
enum span_loss {
	SPAN_LOSS_UNREADABLE, /* messages that are none */
	SPAN_LOSS_UNSENT, /* messages that senders could not send, as they say */
	SPAN_LOSS_REFUSED, /* spans begun while too many were open */
	SPAN_LOSS_UNKNOWN, /* ends and updates of spans that nobody had begun */
	SPAN_LOSS_WAITS, /* sums of short waits beyond what is queued of them */
	SPAN_LOSS_UNPLANNED, /* tests announced beyond what is remembered of such */
	SPAN_LOSS_STRANGER, /* messages from outside the run */
	SPAN_LOSSES
};

extern const char *const loss_names[LOSS_KINDS];
extern const char *const span_loss_names[SPAN_LOSSES];

/* Records that the model could not take apart. */
extern const char loss_bad_records[];
