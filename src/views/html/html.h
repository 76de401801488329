/* Reports as one HTML page that needs nothing else: no network, no other file */
#pragma once

#include <stdio.h>

#include "views/named.h"

/* What a mail, an artifact viewer and a phone still like. The page is smaller than that. */
#define HTML_BYTES_MAX 1000000u

/*
 * The page says the verdict and the worst of everything in plain HTML, for places where scripts do
 * not run; a script of its own makes tables that can be sorted and filtered and a timeline out of
 * the reports, which are in the page compressed, as many rows of them as have room. Its
 * Content-Security-Policy allows that script and that style by their hashes, and nothing else.
 */
void html_print(const struct named_reports *reports, FILE *out);
