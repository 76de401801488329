/* Keeps a report within the limits of report/load.h: drops and counts rows that exceed them */
#pragma once

#include <stdint.h>

#include "catalog/report.h"

/*
 * Limits the report to so many values and printed bytes. Drops the shortest stalls first, then
 * files, processes and spans; rows of earlier attempts and of watched cgroups before the report's
 * own. Drops only rows: a report that is too large without any rows stays too large.
 */
void report_fit(struct report *report, uint64_t values_max, uint64_t bytes_max);
