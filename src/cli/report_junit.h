/* latwrap report --format=junit: JUnit files with what the report knows of their tests */
#pragma once

#include <stddef.h>

#include "views/named.h"

/*
 * output: NULL is standard output; of several inputs it is a directory, where each keeps its name. Returns 0,
 * or -errno, logged; the other files are written all the same.
 */
int report_junit(const struct named_reports *reports, char *const *inputs, size_t input_count,
		 const char *output);
