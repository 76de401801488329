/* Prints a comparison of runs as JSON (docs/compare.schema.json) */
#pragma once

#include <stdio.h>

#include "compare/compare.h"

void compare_print_json(const struct comparison *comparison, FILE *out);
