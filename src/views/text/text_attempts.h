/* The attempts of a run in its summary, and why there was another, or none */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "views/view.h"

/* Nothing without --retry, nor about a command that passed at once. style escapes for a terminal. */
void text_print_attempts(const struct report *report, FILE *out, bool color,
			 const struct view_style *style);
