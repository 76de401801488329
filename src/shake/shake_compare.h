/* Two reports of latwrap shake: did the margins change? */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "catalog/shake.h"

enum margin_change { MARGIN_LARGER, MARGIN_SMALLER, MARGIN_SAME, MARGIN_CHANGES };

/*
 * A margin changed if the lengths between which it lies do not overlap: a test now bears a length at
 * which it failed before, or fails at one that it bore.
 */
enum margin_change shake_change(const struct shake_test *base, const struct shake_test *new);
/* As text, or as a Markdown table. Tests that only one of them has are left out, and counted. */
void shake_compare(const struct shake *base, const struct shake *new, bool markdown, FILE *out);
/* The same as JSON (docs/compare.schema.json) */
void shake_compare_json(const struct shake *base, const struct shake *new, FILE *out);
