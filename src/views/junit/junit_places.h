/* Adds file and line of tests from the user's JUnit files if the report does not have them */
#pragma once

#include "views/junit/junit_match.h"

/*
 * Sets "file" and "line" of the spans of reports, which must be changeable, from the case that
 * matches the span. Logs and skips a file that cannot be read; returns the first such error.
 */
int junit_add_places(const struct named_reports *reports, char *const *paths, size_t count);
