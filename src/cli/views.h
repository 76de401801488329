/* The formats of latwrap report: their names, and what prints each */
#pragma once

#include <stdint.h>

#include "views/named.h"

enum view {
	VIEW_TEXT,
	VIEW_MARKDOWN,
	VIEW_HTML,
	VIEW_TRACE,
	VIEW_GITHUB,
	VIEW_CSV,
	VIEW_NDJSON,
	VIEW_OPENMETRICS,
	VIEW_OTLP,
	VIEW_FATRACE,
	VIEW_TMT,
	VIEW_JUNIT,
	VIEWS,
};

struct view_options {
	bool color;
	unsigned int width; /* 0: the default */
	int64_t max_stalls; /* -1: the view's own default */
};

struct view_format {
	const char *name, *help;
	/* One of these prints; none does for VIEW_JUNIT, which has files of its own to write. */
	void (*all)(const struct named_reports *reports, FILE *out);
	void (*all_with)(const struct named_reports *reports, const struct view_options *options,
			 FILE *out);
	void (*each)(const struct named_report *report, FILE *out);
	/* False: the report does not say when the run began. */
	bool (*each_dated)(const struct named_report *report, FILE *out);
	int (*log)(const char *path, FILE *out); /* reads a log, not a report */

	void (*header)(FILE *out); /* before each(); may be NULL */
	bool uses_junit; /* --junit is of use to it */
};

extern const struct view_format view_formats[VIEWS];
