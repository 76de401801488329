/* The summary of a run on standard error */
#pragma once

#include "catalog/report.h"
#include "cli/terminal.h"

/* written_to is NULL if the report went to a stream or was not written. */
void summary_print(const struct report *report, enum color color, const char *written_to);
