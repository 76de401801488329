/* Reports as Markdown: a CI job's summary page, a merge request's comment */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "views/named.h"

/*
 * GitHub's flavour, at most MARKDOWN_BYTES_MAX bytes: of every list the worst first, as many as
 * have room, and how many are left out. max_stalls 0: a number fit to be read.
 */
void markdown_print(const struct named_reports *reports, FILE *out, size_t max_stalls);
