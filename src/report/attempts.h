/* The attempts at a command (--retry): one entry each, the earlier ones with their whole reports */
#pragma once

#include <stdbool.h>

#include "catalog/report.h"

/* What is known of an attempt besides its own report */
struct attempt_fate {
	bool spoiled; /* the attempt failed, and the machine may be why */
	bool retried;
	const char *reason; /* why latwrap retried the attempt, or did not; any bytes */
};

/*
 * A list that grows by one entry per attempt, and becomes "attempts" of the last attempt's report.
 * An entry has the outcome of an attempt, and the whole report of each attempt except the last.
 * So all other fields of the report, including its totals, describe only the last
 * attempt. A zeroed list is empty.
 */
struct attempt_list {
	struct report_attempt *list;
	size_t count;
	struct arena memory;
};

/* Also frees the reports that the list keeps. */
void attempts_done(struct attempt_list *attempts);
/* Appends an entry about report. The caller keeps the report, which must outlive the list. */
void attempts_add(struct attempt_list *attempts, const struct report *report,
		  const struct attempt_fate *fate);
/* Moves the report of the last entry into the list. */
void attempts_keep(struct attempt_list *attempts, struct report *report);
/*
 * Undoes attempts_keep() if the next attempt could not start: returns the report. Adds why to the
 * reason.
 */
struct report *attempts_take_back(struct attempt_list *attempts, const char *why);

/*
 * Sets the report's "attempts" to the list. The caller keeps the list, which must outlive the
 * report.
 */
void attempts_attach(struct report *report, const struct attempt_list *attempts);
