/* Explains a verdict in sentences: its reasons, whose fault the stalls were, and what to do */
#pragma once

#include "catalog/report.h"

#define REASONS_MAX 8

/*
 * Lists the reasons of the verdict except those about gates, which views show separately; then
 * those to blame that no reason names. At most REASONS_MAX, of any bytes; the caller frees each.
 * Returns their number.
 */
size_t reasons_list(const struct report *report, char *ret[REASONS_MAX]);
