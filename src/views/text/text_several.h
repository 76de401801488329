/* Several reports as one text: the verdict over all of them, the worst runs, tests and stalls */
#pragma once

#include "views/named.h"
#include "views/text/text.h"

/* As report_print_text(); reports->count is at least 2. */
void report_print_text_several(const struct named_reports *reports, FILE *out,
			       const struct text_options *options);
