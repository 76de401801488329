/* Numbers of a run as OpenMetrics, for GitLab's metrics report and for Prometheus */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * https://github.com/prometheus/OpenMetrics, text format 1.0. The same names and labels in every
 * run, so that two of them can be compared: no ids, no times, no host. What was not measured is
 * left out. Of several reports each sample has the label "report".
 */
void openmetrics_print(const struct named_reports *reports, FILE *out);
