/* Prints how long waits and file operations took, as bars, for the text view */
#pragma once

#include <stdio.h>

#include "catalog/report.h"

/*
 * Prints one line per power of two from just below the threshold up to the longest (at most ten
 * lines), and a column for each kind that has stalls. Prints nothing without stalls. width is in
 * columns.
 */
void text_print_histogram(const struct report *report, FILE *out, unsigned int width);
