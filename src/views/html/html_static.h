/* Prints what the HTML page shows without its script: the verdict and the worst of everything */
#pragma once

#include <stdio.h>

#include "views/named.h"

/* Prints at most about 400 kB, whatever the reports contain. */
void html_print_static(const struct named_reports *reports, FILE *out);
