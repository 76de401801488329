/* Why a verdict is what it is, in sentences: its reasons, whose fault it was, and what to do */
#pragma once

#include "catalog/report.h"

#define REASONS_MAX 8

/*
 * The verdict's reasons but for those about gates, which views show on their own, then those to
 * blame whom no reason names. At most REASONS_MAX, of any bytes; the caller frees each. Returns how
 * many there are.
 */
size_t reasons_list(const struct report *report, char *ret[REASONS_MAX]);
