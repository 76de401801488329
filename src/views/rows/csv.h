/* Stalls as comma-separated values, for spreadsheets and data frames */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * RFC 4180: a header line, then one line per stall, all with the same columns. Text is in double
 * quotes, numbers are not, what is unknown is an empty cell. Control and bidirectional characters
 * are shown as on a terminal, so that a cell is one line. In front of text that a spreadsheet would
 * take for a formula stands an apostrophe. NDJSON is for those who need names as they are.
 */
void csv_print_header(FILE *out);
void csv_print_report(const struct named_report *of, FILE *out);
