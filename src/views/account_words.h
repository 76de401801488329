/* The account of a test in words: where its time went */
#pragma once

#include "catalog/report.h"

/* "ran", "waited" or "slept": "it VERB 360ms WORDS" with the words of the catalog. */
const char *account_verb(enum account_part part);

/* The parts that took time, the largest first; equal ones in the order of the catalog. Returns how many. */
size_t account_parts(const struct report_account *account, enum account_part ret[PARTS]);

/* "waited 360ms for a CPU that another program had, ran 22ms on a CPU, 3ms otherwise": the largest parts.
 * NULL: no account, or no time in it. The caller frees it. */
char *account_line(const struct report_account *account);
