/* Makes the payload of the HTML page: the reports as JSON, compressed, in base64 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "views/named.h"

/*
 * Prints at most max_bytes of base64 of gzip of
 *   {"causes": {cause: words}, "reports": [{"name", "label", "report": {...},
 *    "words": [{"who", "what", "why": [[ns, text]...]}, ...one per stall], "watchedWords": [[...], ...one
 *    list per row of "watched"], "reasons": [text...], "cut": {list: rows}}]}
 * Where that has no room, the lists lose rows, those that matter least first, then long texts their
 * ends; "cut" counts the rows. Returns false, with nothing printed, if max_bytes is too little for
 * anything.
 */
bool html_payload_print(const struct named_reports *reports, FILE *out, size_t max_bytes);
