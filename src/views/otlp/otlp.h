/* Prints OpenTelemetry traces as JSON lines that a collector takes from a file or by HTTP */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "views/named.h"

/*
 * Prints one trace per report: a span for the run, below it spans for files, classes and tests, and
 * below these one span per stall. Each line is a TracesData message in the JSON encoding of OTLP.
 * Ids depend only on run.id: a second export has the same spans again. Each attempt before the last
 * (--retry) is a trace of its own.
 *
 * Prints nothing and returns false if the report does not say when it began, because a span needs a
 * time.
 */
bool otlp_print_report(const struct named_report *of, FILE *out);
