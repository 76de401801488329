/* Prints the attempts of a run in the text view, and why latwrap did or did not retry */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "views/view.h"

/*
 * Prints nothing without --retry, or if the command passed at once. style must escape for a
 * terminal.
 */
void text_print_attempts(const struct report *report, FILE *out, bool color,
			 const struct view_style *style);
