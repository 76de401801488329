/* Prints reports as Markdown: the summary page of a CI job, or a comment on a merge request */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "views/named.h"

/*
 * Prints GitHub's flavour, at most MARKDOWN_BYTES_MAX bytes: of each list the worst rows, as many
 * as fit, and the number of rows left out. max_stalls 0: a number that is easy to read.
 */
void markdown_print(const struct named_reports *reports, FILE *out, size_t max_stalls);
