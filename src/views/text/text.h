/* The summary of a report for a terminal: at the end of a run and by `latwrap report` */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "catalog/report.h"

#define TEXT_STALLS_DEFAULT 5
#define TEXT_WIDTH_DEFAULT  100

struct text_options {
	bool color;
	unsigned int width; /* columns that names are shortened to; 0: the default */
	bool brief; /* one line for a run that ended well */
	unsigned int max_stalls; /* how many of the worst are listed */
	const char *report_path; /* where the report is, for the last line; NULL: no such line */
};

/*
 * About 25 lines; four or so without stalls. Everything that comes from the report is
 * escaped for a terminal and for the log of a CI system, and no line begins with it. The caller checks ferror(out).
 */
void report_print_text(const struct report *report, FILE *out, const struct text_options *options);
