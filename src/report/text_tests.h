/* The failed tests of a run in its summary, each with the answer: stood still, or look at the code */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "report/view.h"

/* Prints nothing if no test failed. */
void text_print_tests(const cJSON *report, FILE *out, bool color, const struct view_style *style);
