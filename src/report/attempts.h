/* The attempts at a command (--retry): one entry each, the earlier ones with their whole reports */
#pragma once

#include <stdbool.h>

#include "catalog/report.h"

/* What is known of an attempt beside its own report. */
struct attempt_fate {
	bool spoiled; /* it failed, and the machine may be why */
	bool retried;
	const char *reason; /* why it was tried again, or not; may hold any bytes */
};

/*
 * A list that grows by an entry with each attempt, to become "attempts" of the last one's report. An entry has what tells
 * attempts apart, and the report of an attempt that was followed by another: so all other fields of the report, its
 * totals too, speak of the last attempt alone. Zeroed: empty.
 */
struct attempt_list {
	struct report_attempt *list;
	size_t count;
	struct arena memory;
};

/* Ends the reports that are kept in it as well. */
void attempts_done(struct attempt_list *attempts);
/* Appends an entry about report, which stays the caller's and must outlive the list. */
void attempts_add(struct attempt_list *attempts, const struct report *report,
		  const struct attempt_fate *fate);
/* Puts the report of the last entry into it, to be kept there. */
void attempts_keep(struct attempt_list *attempts, struct report *report);
/* The opposite, when the attempt that was to follow could not be made: returns the report. why is
 * added to the reason. */
struct report *attempts_take_back(struct attempt_list *attempts, const char *why);

/* Makes the list the report's "attempts"; it stays the caller's and must outlive the report. */
void attempts_attach(struct report *report, const struct attempt_list *attempts);
