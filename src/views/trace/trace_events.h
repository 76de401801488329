/* Reports as Chrome trace events, for ui.perfetto.dev, speedscope and other viewers of timelines */
#pragma once

#include <stdio.h>

#include "views/named.h"

/* So that the process ids of several reports do not meet: each has a range of its own, and viewers
 * keep ids in 32 bits. */
#define TRACE_REPORTS_MAX 400

/*
 * JSON in the "Trace Event Format". Each stall is a complete event (X) of its thread, and a state
 * of it (T) where the viewer knows such; a stall of a CPU is one of that CPU. Spans are async events
 * (b, e), nested as far as they are, processes too; the machine's weather is counters (C). Times are
 * microseconds with three decimals, from the start of the run. At most TRACE_REPORTS_MAX reports.
 */
void trace_events_print(const struct named_reports *reports, FILE *out);
