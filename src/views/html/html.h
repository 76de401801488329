/* Prints reports as one HTML page that loads nothing: no network, no other file */
#pragma once

#include <stdio.h>

#include "views/named.h"

/* The page is smaller than this: mail, artifact viewers and phones still handle that. */
#define HTML_BYTES_MAX 1000000u

/*
 * The page shows the verdict and the worst of everything in plain HTML, for places where scripts do
 * not run. Its own script makes a timeline and tables that can be sorted and filtered. Their data
 * are the reports, compressed, with as many rows as fit. The Content-Security-Policy of the page
 * allows this script and style by their hashes, and nothing else.
 */
void html_print(const struct named_reports *reports, FILE *out);
