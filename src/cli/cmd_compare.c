/* latwrap compare: compare two groups of reports */
#include "cli/cmd_compare.h"

#include "base/log.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "compare/compare.h"
#include "compare/compare_json.h"
#include "compare/compare_words.h"
#include "report/load.h"
#include "shake/shake_compare.h"
#include "shake/shake_file.h"

enum {
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
};

enum format { FORMAT_TEXT, FORMAT_MARKDOWN, FORMAT_JSON, FORMATS };

static const char *const format_words[FORMATS] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_MARKDOWN] = "markdown",
	[FORMAT_JSON] = "json",
};

struct arguments {
	enum format format;
	enum color color;
	const char *output; /* a path for output_write() */
	char **reports[COMPARE_SIDES];
	int count[COMPARE_SIDES];
	struct comparison comparison;
};

static const struct option_spec specs[] = {
	{"format", 'f', OPTION_CHOICE, "text", FIELD(struct arguments, format),
	 .words = format_words, .word_count = FORMATS, .help = "the form of the result"},
	OUTPUT_OPTION(struct arguments, output),
	COLOR_OPTION(struct arguments, color),
	HELP_OPTION,
	{0},
};

/* The first "--" separates the groups: no option may follow an operand. */
static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	char **operands, **base_end;
	int r = options_parse(&compare_command, argc, argv, args, &operands);

	if (r)
		return r;
	for (base_end = operands; *base_end && !streq(*base_end, "--"); base_end++)
		;
	args->reports[COMPARE_BASE] = operands;
	args->count[COMPARE_BASE] = (int)(base_end - operands);
	args->reports[COMPARE_NEW] = base_end + (*base_end != NULL);
	args->count[COMPARE_NEW] = (int)(argv + argc - args->reports[COMPARE_NEW]);
	if (!args->count[COMPARE_BASE] || !args->count[COMPARE_NEW])
		return usage_error(&compare_command, "name reports on both sides of a --");
	return 0;
}

/* Keeps one report in memory at a time. Returns whether all could be read. */
static bool read_reports(struct arguments *args)
{
	bool all = true;

	for (int side = 0; side < COMPARE_SIDES; side++) {
		for (int i = 0; i < args->count[side]; i++) {
			_cleanup_report_ struct report *report = NULL;

			if (report_load(args->reports[side][i], &report) < 0)
				all = false;
			else
				compare_add(&args->comparison, side, report);
		}
	}
	return all;
}

static int print(FILE *out, void *userdata)
{
	const struct arguments *args = userdata;

	if (args->format == FORMAT_JSON)
		compare_print_json(&args->comparison, out);
	else if (args->format == FORMAT_MARKDOWN)
		compare_print_markdown(&args->comparison, out);
	else
		compare_print_text(&args->comparison, out,
				   terminal_color(args->color, output_fd(args->output)));
	return 0;
}

/* -- Reports of latwrap shake ----------------------------------------------------------------------- */

struct shakes {
	struct shake *of[COMPARE_SIDES]; /* owned */
	enum format format;
};

static int print_shakes(FILE *out, void *userdata)
{
	const struct shakes *shakes = userdata;
	const struct shake *base = shakes->of[COMPARE_BASE], *new = shakes->of[COMPARE_NEW];

	if (shakes->format == FORMAT_JSON)
		shake_compare_json(base, new, out);
	else
		shake_compare(base, new, shakes->format == FORMAT_MARKDOWN, out);
	return 0;
}

static int compare_shakes(const struct arguments *args)
{
	struct shakes shakes = {.format = args->format};
	int r;

	if (args->count[COMPARE_BASE] != 1 || args->count[COMPARE_NEW] != 1)
		return usage_error(&compare_command,
				   "of latwrap shake, name one report on each side of the --");
	r = shake_load(args->reports[COMPARE_BASE][0], &shakes.of[COMPARE_BASE]);
	if (r == 0)
		r = shake_load(args->reports[COMPARE_NEW][0], &shakes.of[COMPARE_NEW]);
	if (r == 0)
		r = output_write(args->output, print_shakes, &shakes);
	shake_free(shakes.of[COMPARE_BASE]);
	shake_free(shakes.of[COMPARE_NEW]);
	return r < 0 ? STATUS_FAILURE : 0;
}

static int cmd_compare(int argc, char **argv)
{
	struct arguments args = {0};
	int r = parse_arguments(&args, argc, argv);
	bool all;

	if (r)
		return r;
	if (shake_is_file(args.reports[COMPARE_BASE][0]))
		return compare_shakes(&args);
	all = read_reports(&args);
	compare_finish(&args.comparison);
	r = output_write(args.output, print, &args);
	compare_done(&args.comparison);
	return r < 0 || !all ? STATUS_FAILURE : 0;
}

const struct cli_command compare_command = {
	.name = "compare",
	.usage = "compare [OPTION]... BASE... -- NEW...",
	.about =
		"Compares reports of two groups of runs: how long they took, how long they stalled and "
		"why, and the same for each test. A rank test says which differences are more than chance, "
		"or that there are too few runs to show any.",
	.notes =
		"The exit status is 0, different or not; 1 if a report cannot be read or the result cannot "
		"be written, 2 if the command line is wrong.",
	.options = specs,
	.operands = OPERANDS_FILES,
	.usage_status = STATUS_USAGE,
	.run = cmd_compare,
};
