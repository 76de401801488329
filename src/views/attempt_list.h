/* The attempts at a command (--retry) in words, and their reports */
#pragma once

#include <stdbool.h>
#include "views/view.h"

/* The report of the number-th attempt, from 1, in or below that of the last one; NULL: there is none. */
const struct report *attempts_report(const struct report *report, uint64_t number);

/* "exit status 1 after 2.05s, 12 stalls, longest 80ms". It begins with a word of ours. */
char *attempt_outcome(const struct report_attempt *entry, const struct view_style *style);
/* "tried again: gate cpu.max<20ms breached". */
char *attempt_why(const struct report_attempt *entry, const struct view_style *style);
/* "attempt 2: passed after 1.9s, no stalls". It begins with a word of ours. */
char *attempt_line(const struct report_attempt *entry, const struct view_style *style);
/* Whether they have more to tell than that the command passed at once. */
bool attempts_tell(const struct report *report);
/* Whether the command passed in it. */
bool attempt_passed(const struct report_attempt *entry);
