/* The failed tests of one run or several in the text view, each with the answer and its evidence */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "views/named.h"

/* Prints nothing if no test failed. */
void text_print_tests(const struct named_reports *reports, FILE *out, bool color,
		      const struct view_style *style);
