/* The attempts at a command (--retry) in words, and their reports */
#pragma once

#include <stdbool.h>
#include "views/view.h"

/*
 * Finds the report of attempt `number` (from 1) in the last attempt's report; NULL if there is
 * none.
 */
const struct report *attempts_report(const struct report *report, uint64_t number);

/* "exit status 1 after 2.05s, 12 stalls, longest 80ms". The text begins with a fixed word. */
char *attempt_outcome(const struct report_attempt *entry, const struct view_style *style);
/* "tried again: gate cpu.max<20ms breached" */
char *attempt_why(const struct report_attempt *entry, const struct view_style *style);
/* "attempt 2: passed after 1.9s, no stalls". The text begins with a fixed word. */
char *attempt_line(const struct report_attempt *entry, const struct view_style *style);
/* Whether the attempts show more than a command that passed at once */
bool attempts_worth_showing(const struct report *report);
/* Whether the command passed in this attempt */
bool attempt_passed(const struct report_attempt *entry);
