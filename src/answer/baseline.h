/* Earlier reports as the measure for a failed test: what the same test lost when it passed */
#pragma once

#include "answer/usual.h"
#include "catalog/report.h"

struct span;
struct baseline;

/* The caller frees it with baseline_free(). */
struct baseline *baseline_new(void);
void baseline_free(struct baseline *baseline); /* baseline may be NULL */

/* Adds the tests of a report that passed and have an account. Nothing of the report is referred to afterwards. */
void baseline_add(struct baseline *baseline, const struct report *report);

/*
 * What the test of this name and file lost when it passed; tests 0: it never did. baseline may be NULL. The gauge can be compared
 * only with that of the same CPU model and version of latwrap; cpu_model may be NULL.
 */
struct usual baseline_find(const struct baseline *baseline, const struct span *span,
			   const char *cpu_model);
