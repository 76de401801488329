/* latwrap report: show one or more reports in a view */
#include "cli/cmd_report.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/report_junit.h"
#include "cli/output.h"
#include "cli/shake_report.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "views/attempt_list.h"
#include "views/junit/junit_places.h"
#include "report/load.h"
#include "shake/shake_file.h"

enum {
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
};

struct arguments {
	enum view view;
	enum color color;
	const char *output; /* a path for output_write() */
	int64_t max_stalls; /* -1: not given */
	uint64_t attempt; /* number of an attempt in the report; 0: the last */
	char **reports;
	size_t report_count;
	const char *shake; /* the only report, if latwrap shake wrote it; or NULL */
	char **junit; /* owned: the array */
	size_t junit_count;
	bool failed; /* some report could not be read; the others are still shown */
};

/* -- Printing ------------------------------------------------------------------------------------ */

/*
 * Loads one of args->reports. *ret_chosen is the requested attempt in it, or the report itself.
 * Returns whether it exists.
 */
static bool load(struct arguments *args, const char *path, struct report **ret,
		 const struct report **ret_chosen)
{
	*ret_chosen = NULL;
	if (report_load(path, ret) == 0) {
		*ret_chosen = args->attempt ? attempts_report(*ret, args->attempt) : *ret;
		if (!*ret_chosen)
			log_error("%s has no attempt %" PRIu64, path, args->attempt);
	}
	args->failed |= !*ret_chosen;
	return *ret_chosen != NULL;
}

/* Prints row by row, with one report in memory at a time. */
static void print_each(struct arguments *args, const struct view_format *format, FILE *out)
{
	if (format->header)
		format->header(out);
	for (size_t i = 0; i < args->report_count; i++) {
		_cleanup_report_ struct report *report = NULL;
		struct named_report named = {.name = args->reports[i]};

		if (!load(args, args->reports[i], &report, &named.report))
			continue;
		if (format->each) {
			format->each(&named, out);
		} else if (!format->each_dated(&named, out)) {
			log_error("%s does not say when the run began: this view needs it",
				  args->reports[i]);
			args->failed = true;
		}
	}
}

static int print_view(struct arguments *args, const struct named_reports *reports, FILE *out)
{
	const struct view_format *format = &view_formats[args->view];
	const struct view_options options = {
		.color = terminal_color(args->color, output_fd(args->output)),
		.width = terminal_width(output_fd(args->output)),
		.max_stalls = args->max_stalls,
	};

	if (args->view == VIEW_JUNIT)
		return report_junit(reports, args->junit, args->junit_count, args->output);
	if (junit_add_places(reports, args->junit, args->junit_count) < 0)
		args->failed = true;
	if (format->all_with)
		format->all_with(reports, &options, out);
	else
		format->all(reports, out);
	return 0;
}

/* Prints one view of all reports. */
static int print_all(struct arguments *args, FILE *out)
{
	_cleanup_free_ struct named_report *list = xcalloc(args->report_count, sizeof(*list));
	_cleanup_free_ struct report **loaded = xcalloc(args->report_count, sizeof(*loaded));
	struct named_reports reports = {.list = list};
	int r = -EINVAL;

	for (size_t i = 0; i < args->report_count; i++) {
		struct named_report *named = &list[reports.count];

		named->name = args->reports[i];
		reports.count += load(args, args->reports[i], &loaded[i], &named->report);
	}
	if (reports.count > 0)
		r = print_view(args, &reports, out);
	for (size_t i = 0; i < args->report_count; i++)
		report_free(loaded[i]);
	return r;
}

static int print(FILE *out, void *userdata)
{
	struct arguments *args = userdata;
	const struct view_format *format = &view_formats[args->view];

	if (!format->log && !format->each && !format->each_dated)
		return print_all(args, out);
	if (!format->log)
		print_each(args, format, out);
	for (size_t i = 0; format->log && i < args->report_count; i++)
		if (format->log(args->reports[i], out) < 0)
			args->failed = true;
	return 0;
}

/* -- Command line -------------------------------------------------------------------------------- */

static int add_junit(void *target, const char *text)
{
	struct arguments *args = target;

	args->junit = xreallocarray(args->junit, args->junit_count + 1, sizeof(text));
	args->junit[args->junit_count++] = (char *)text;
	return 0;
}

static const struct option_spec specs[] = {
	{"format", 'f', OPTION_CHOICE, "text", "FORMAT", FIELD(struct arguments, view),
	 .words = &view_formats[0].name, .word_count = VIEWS, .word_stride = sizeof(*view_formats),
	 .help = "one of the formats below"},
	OUTPUT_OPTION(struct arguments, output),
	{"junit", 0, OPTION_FILE, .set = add_junit, .repeats = true,
	 .help = "for junit: the JUnit file to add to; of several, -o is the directory to write to. "
		 "For github and markdown: a JUnit file that names the file and line of tests"},
	{"stalls", 0, OPTION_NUMBER, FIELD(struct arguments, max_stalls), .most = UINT_MAX,
	 .help = "list the N worst stalls (text: 5; markdown: 100)"},
	{"attempt", 0, OPTION_NUMBER, FIELD(struct arguments, attempt), .least = 1,
	 .most = UINT_MAX, .help = "show attempt N of a run with --retry, instead of the last"},
	COLOR_OPTION(struct arguments, color),
	HELP_OPTION,
	{0},
};

static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	int r = options_parse(&report_command, argc, argv, args, &args->reports);

	if (r)
		return r;
	while (args->reports[args->report_count])
		args->report_count++;
	if (args->report_count == 1 && shake_is_file(args->reports[0]))
		args->shake = args->reports[0];
	if (args->view == VIEW_JUNIT && !args->junit_count && !args->shake)
		return usage_error(&report_command, "--format=junit needs --junit=FILE");
	if (args->junit_count && !view_formats[args->view].uses_junit)
		return usage_error(&report_command,
				   "--junit is for the formats junit, github and markdown");
	return args->report_count ? 0 : usage_error(&report_command, "no report is named");
}

static int cmd_report(int argc, char **argv)
{
	struct arguments args = {.max_stalls = -1};
	int r = parse_arguments(&args, argc, argv);

	if (r == 0 && args.shake) {
		r = shake_report(args.shake, args.view, args.color, args.output) < 0
			    ? STATUS_FAILURE
			    : 0;
	} else if (r == 0) {
		/*
		 * report_junit() opens its outputs itself: with several inputs, files in a
		 * directory.
		 */
		r = output_write(args.view == VIEW_JUNIT ? NULL : args.output, print, &args);
		r = r < 0 || args.failed ? STATUS_FAILURE : 0;
	}
	free(args.junit);
	return r;
}

const struct cli_command report_command = {
	.name = "report",
	.usage = "report [OPTION]... REPORT...",
	.about =
		"Shows reports that latwrap has written, several at once in one view. REPORT may be - for "
		"standard input.",
	.notes =
		"Exit status: 0; 1 if a report cannot be read or the result cannot be written, 2 if the "
		"command line is wrong.",
	.options = specs,
	.operands = OPERANDS_FILES,
	.options_anywhere = true,
	.usage_status = STATUS_USAGE,
	.run = cmd_report,
};
