/* What the HTML page says without its script: the verdict and the worst of everything */
#pragma once

#include <stdio.h>

#include "views/named.h"

/* At most about 400 kB, whatever is in the reports. */
void html_print_static(const struct named_reports *reports, FILE *out);
