/* Prints reports as Chrome trace events, for ui.perfetto.dev, speedscope and other viewers */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * Each report has its own range of process ids, so that those of several reports differ. Viewers
 * keep ids in 32 bits.
 */
#define TRACE_REPORTS_MAX 400

/*
 * Prints JSON in the "Trace Event Format". Each stall is a complete event (X) of its thread, and a
 * state of the thread (T) for viewers that support states; a hiccup is an event of its CPU. Spans
 * and processes are async events (b, e), nested; the load of the machine is counters (C). Times are
 * microseconds with three decimals, from the start of the run. At most TRACE_REPORTS_MAX reports.
 */
void trace_events_print(const struct named_reports *reports, FILE *out);
