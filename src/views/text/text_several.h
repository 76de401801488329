/* Prints several reports as one text: the verdict over all, the worst runs, tests and stalls */
#pragma once

#include "views/text/text_print.h"

/* Like report_print_text(); reports->count is at least 2. */
void report_print_text_several(const struct named_reports *reports, FILE *out,
			       const struct text_options *options);
