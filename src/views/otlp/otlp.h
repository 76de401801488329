/* OpenTelemetry traces, as JSON lines that a collector takes from a file or by HTTP */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "views/named.h"

/*
 * A trace per report: a span for the run, below it one for each file, class and test, below these
 * one for each stall. Each line is a TracesData message in OTLP's JSON encoding. Ids follow from
 * run.id: who exports a report twice has the same spans twice, not others. Attempts before the last
 * (--retry) are traces of their own.
 *
 * Prints nothing, and returns false, if the report does not know when it began: there is no place
 * for it then.
 */
bool otlp_print_report(const struct named_report *of, FILE *out);
