/* The formats of latwrap report: their names and printing functions */
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
	VIEW_BASELINE,
	VIEWS,
};

struct view_options {
	bool color;
	unsigned int width; /* 0: the default */
	int64_t max_stalls; /* -1: the default of the view */
};

struct view_format {
	const char *name, *help;
	/* One of these prints the view; none for VIEW_JUNIT, which writes its files itself. */
	void (*all)(const struct named_reports *reports, FILE *out);
	void (*all_with)(const struct named_reports *reports, const struct view_options *options,
			 FILE *out);
	void (*each)(const struct named_report *report, FILE *out);
	/* Returns false if the report does not say when the run began. */
	bool (*each_dated)(const struct named_report *report, FILE *out);
	int (*log)(const char *path, FILE *out); /* reads a log instead of a report */

	void (*header)(FILE *out); /* before each(); may be NULL */
	bool uses_junit; /* the view uses --junit */
};

extern const struct view_format view_formats[VIEWS];
