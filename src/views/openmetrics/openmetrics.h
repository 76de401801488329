/* Prints numbers of runs as OpenMetrics, for GitLab's metrics report and for Prometheus */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * Format: https://github.com/prometheus/OpenMetrics, text format 1.0. All runs have the same names
 * and labels, so that two runs can be compared: no ids, no times, no host. Leaves out what was not
 * measured. For several reports each sample has the label "report".
 */
void openmetrics_print(const struct named_reports *reports, FILE *out);
