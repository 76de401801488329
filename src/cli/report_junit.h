/* latwrap report --format=junit: add what the report knows to JUnit files */
#pragma once

#include <stddef.h>

#include "views/named.h"

/*
 * output is NULL for standard output. With several inputs it must be a directory, where each file
 * keeps its name. Returns 0, or -errno after a message; the other files are written in any case.
 */
int report_junit(const struct named_reports *reports, char *const *inputs, size_t input_count,
		 const char *output);
