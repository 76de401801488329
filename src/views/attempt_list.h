/* The attempts at a command (--retry): one entry each, the earlier ones with their whole reports */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "views/view.h"

/* What is known of an attempt beside its own report. */
struct attempt_fate {
	bool spoiled; /* it failed, and the machine may be why */
	bool retried;
	const char *reason; /* why it was tried again, or not; may hold any bytes */
};

/*
 * A list that grows by an entry with each attempt, to become "attempts" of the last one's report. An entry has
 * copies of what tells attempts apart, and the report of an attempt that was followed by another: so all
 * other fields of the report, its totals too, speak of the last attempt alone.
 */

/* Appends an entry about report, which stays the caller's. */
void attempts_add(cJSON *list, const cJSON *report, const struct attempt_fate *fate);
/* Puts the report of the last entry into it, to be kept there. */
void attempts_keep(cJSON *list, cJSON *report);
/* The opposite, when the attempt that was to follow could not be made: returns the report. why is
 * added to the reason. */
cJSON *attempts_take_back(cJSON *list, const char *why);

/* Makes list the report's "attempts"; it stays the caller's and must outlive the report. */
void attempts_attach(cJSON *report, const cJSON *list);

/* The report of the number-th attempt, from 1, in or below that of the last one; NULL: there is none. */
const cJSON *attempts_report(const cJSON *report, uint64_t number);

/* "exit status 1 after 2.05s, 12 stalls, longest 80ms". It begins with a word of ours. */
char *attempt_outcome(const cJSON *entry, const struct view_style *style);
/* "tried again: gate cpu.max<20ms breached". */
char *attempt_why(const cJSON *entry, const struct view_style *style);
/* "attempt 2: passed after 1.9s, no stalls". It begins with a word of ours. */
char *attempt_line(const cJSON *entry, const struct view_style *style);
/* The list, if it has more to tell than that the command passed at once; else NULL. */
const cJSON *attempts_to_tell(const cJSON *report);
