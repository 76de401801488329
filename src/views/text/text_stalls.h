/* Prints the worst stalls in the text view, and the causes of all stalls */
#pragma once

#include "views/text/text_print.h"

void text_print_stalls(const struct text *t);
/* Prints the watched cgroups (--also). */
void text_print_watched(const struct text *t);
