/* Prints stalls as comma-separated values, for spreadsheets and data frames */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * RFC 4180: a header line, then one line per stall, all with the same columns. Text is in double
 * quotes, numbers are not, and an unknown value is an empty cell. Shows control and bidirectional
 * characters as the text view does, so that each row is one line. Puts an apostrophe before text
 * that a spreadsheet would take for a formula. Use NDJSON for unchanged names.
 */
void csv_print_header(FILE *out);
void csv_print_report(const struct named_report *of, FILE *out);
