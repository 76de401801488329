/* Prints the summary of a report for a terminal: at the end of a run and by `latwrap report` */
#pragma once

#include <stdio.h>

#include "views/text/text_print.h"

/*
 * Prints about 25 lines, about 4 without stalls. Text from the report is escaped for a terminal and for the log of a CI
 * system, and no line begins with it. The caller checks ferror(out).
 */
void report_print_text(const struct report *report, FILE *out, const struct text_options *options);
