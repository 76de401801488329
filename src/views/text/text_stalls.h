/* The worst stalls of one report or several in the text view, and what caused all of them */
#pragma once

#include "views/text/text_print.h"

void text_print_stalls(const struct text *t);
/* What was watched beside the run (--also), apart. */
void text_print_also(const struct text *t);
