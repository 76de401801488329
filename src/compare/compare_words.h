/* Prints a comparison of runs as text for a terminal and as Markdown */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "compare/compare.h"

/* "CPU stalls: behind other programs"; for a metric of a test "duration" or "stalled time". The caller frees the string. */
char *compare_metric_words(const char *metric);
/* "no difference that these runs could show" */
const char *compare_verdict_words(enum compare_verdict verdict);

void compare_print_text(const struct comparison *comparison, FILE *out, bool color);
void compare_print_markdown(const struct comparison *comparison, FILE *out);
