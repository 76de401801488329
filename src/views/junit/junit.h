/* Adds the answer and the stalls of each test to the user's own JUnit file; all other bytes stay as they are */
#pragma once

#include <stdio.h>

#include "views/junit/junit_match.h"

/*
 * Test cases whose test failed or stalled get properties ("latwrap.answer", "latwrap.stalled_ns" ...),
 * those that stalled also a line in their system-out. tests[i] is the test of file->cases[i], or NULL.
 * A case that has such properties already stays as it is.
 */
void junit_print(const struct junit_file *file, const struct test *const *tests, FILE *out);
