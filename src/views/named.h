/* Reports with the names that the caller gave them, for views of several reports */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "views/view.h"

/* name is as hostile as the report: artifacts are unpacked into directories with any name. */
struct named_report {
	const char *name;
	const struct report *report;
};

struct named_reports {
	const struct named_report *list;
	size_t count;
};

/* A stall of one of the reports */
struct named_stall {
	const struct report_stall *stall;
	const struct named_report *of;
	size_t order; /* its index in the report */
};

/*
 * Lists all stalls of all runs, the longest first; equal ones in the order of the reports. The
 * caller frees *ret (NULL if there is none). Returns their number.
 */
size_t named_stalls(const struct named_reports *reports, struct named_stall **ret);

/*
 * "fedora #2, build7: artifacts/latwrap.json": what distinguishes this report. The text begins with
 * a name.
 */
char *named_label(const struct named_report *report, const struct view_style *style);

/*
 * Computes the wall time offset_ns after the start of the run, in ns since 1970. Returns false if
 * the report does not say when it began.
 */
bool named_unix_ns(const struct report *report, uint64_t offset_ns, uint64_t *ret_ns);

/* "2024-03-07T14:05:09.123456789+00:00": the same time in RFC 3339. Returns buf, or NULL. */
#define NAMED_TIME_BYTES 48
const char *named_time(char buf[NAMED_TIME_BYTES], const struct report *report, uint64_t offset_ns);
