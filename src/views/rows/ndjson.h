/* Stalls as JSON lines, for jq, DuckDB, ClickHouse and log stores */
#pragma once

#include <stdio.h>

#include "views/named.h"

/* One object per stall and line: what is known of the run, flat, with null for what is not, then the
 * stall as it is in the report. */
void ndjson_print_report(const struct named_report *of, FILE *out);
