/* Prints the part of reports that --baseline needs: a report of the tests that passed */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * One report of the tests of all reports that passed and have an account; the rest is the first report's. Its lists are
 * empty, and "dropped" counts their rows.
 */
void baseline_report_print(const struct named_reports *reports, FILE *out);
