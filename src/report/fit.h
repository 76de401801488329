/* Keeps a report within what report/load.h reads: rows that have no room are dropped, and counted as such */
#pragma once

#include <stdint.h>

#include "catalog/report.h"

/*
 * Of so many values and bytes, as printed, at most. The shortest stalls go first, then files, processes and spans;
 * those of earlier attempts and of what is watched beside the run go before the report's own. Only rows go: a report
 * that is too large without any stays so.
 */
void report_fit(struct report *report, uint64_t values_max, uint64_t bytes_max);
