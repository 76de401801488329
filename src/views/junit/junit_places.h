/* Where tests stand, file and line, by the user's JUnit files where the report does not know */
#pragma once

#include "views/junit/junit_match.h"

/*
 * The spans of reports, which the caller may change, get "file" and "line" of the case that is their test. A
 * file that cannot be read is logged and left out: returns the first such error.
 */
int junit_add_places(const struct named_reports *reports, char *const *paths, size_t count);
