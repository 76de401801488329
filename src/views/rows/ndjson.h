/* Prints stalls as JSON lines, for jq, DuckDB, ClickHouse and log stores */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * One object per line and stall: first the flat columns of the run, null if unknown, then the stall
 * as in the report.
 */
void ndjson_print_report(const struct named_report *of, FILE *out);
