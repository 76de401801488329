/* latwrap report: one or more report files as something to read */
#include "cli/cmd_report.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/report_junit.h"
#include "views/attempt_list.h"
#include "views/rows/csv.h"
#include "views/fatrace/fatrace.h"
#include "views/github/github.h"
#include "views/html/html.h"
#include "views/junit/junit_places.h"
#include "report/load.h"
#include "views/markdown/markdown.h"
#include "views/rows/ndjson.h"
#include "views/openmetrics/openmetrics.h"
#include "views/otlp/otlp.h"
#include "report/target.h"
#include "views/text/text.h"
#include "views/text/text_several.h"
#include "views/tmt/tmt.h"
#include "views/trace/trace_events.h"
#include "views/view.h"

enum {
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
};

struct arguments {
	const struct format *format;
	const char *output; /* NULL: standard output */
	const char *color;
	unsigned int max_stalls;
	bool max_stalls_given;
	uint64_t attempt; /* of those in a report; 0: the last */
	char **reports;
	size_t n_reports;
	char **junit; /* owned: the array */
	size_t n_junit;
	int *junit_result;
	bool failed; /* some report could not be read; the others are shown all the same */
};

/* -- Terminal ------------------------------------------------------------------------------------ */

int cli_color(const char *when, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (streq(when, "always"))
		return 1;
	if (streq(when, "never"))
		return 0;
	if (!streq(when, "auto"))
		return -EINVAL;
	return isatty(fd) && !(no_color && *no_color) && !(term && streq(term, "dumb"));
}

unsigned int cli_width(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* -- Formats ------------------------------------------------------------------------------------- */

struct format {
	const char *name;
	const char *what;
	/* Prints all of args->reports. Returns 0, or -errno when it makes no sense to go on. */
	int (*print)(struct arguments *args, FILE *out);
};

/* One of args->reports, or the attempt in it that was asked for. */
static int load(const struct arguments *args, const char *path, cJSON **ret)
{
	_cleanup_json_ cJSON *report = NULL;
	const cJSON *chosen;
	int r = report_load(path, &report);

	if (r < 0)
		return r;
	chosen = args->attempt ? attempts_report(report, args->attempt) : report;
	if (!chosen) {
		log_error("%s: has no attempt %" PRIu64, path, args->attempt);
		return -ENOENT;
	}
	*ret = chosen == report ? steal_ptr(report) : cJSON_Duplicate(chosen, true);
	return *ret ? 0 : -ENOMEM;
}

/* Row by row: only one report is in memory at a time. */
static int print_each(struct arguments *args, FILE *out,
		      void (*print)(const struct named_report *report, FILE *out))
{
	for (size_t i = 0; i < args->n_reports; i++) {
		_cleanup_json_ cJSON *report = NULL;

		if (load(args, args->reports[i], &report) < 0) {
			args->failed = true;
			continue;
		}
		print(&(struct named_report){.name = args->reports[i], .report = report}, out);
	}
	return 0;
}

static int print_csv(struct arguments *args, FILE *out)
{
	csv_print_header(out);
	return print_each(args, out, csv_print_report);
}

static int print_ndjson(struct arguments *args, FILE *out)
{
	return print_each(args, out, ndjson_print_report);
}

static int print_otlp(struct arguments *args, FILE *out)
{
	for (size_t i = 0; i < args->n_reports; i++) {
		_cleanup_json_ cJSON *report = NULL;

		if (load(args, args->reports[i], &report) < 0) {
			args->failed = true;
			continue;
		}
		if (otlp_print_report(&(struct named_report){args->reports[i], report}, out))
			continue;
		log_error("%s: does not say when the run began", args->reports[i]);
		args->failed = true;
	}
	return 0;
}

/* One view of all of them. */
static int print_all(struct arguments *args, FILE *out,
		     void (*print)(const struct named_reports *reports, FILE *out,
				   const struct arguments *args))
{
	_cleanup_free_ struct named_report *list = xcalloc(args->n_reports, sizeof(*list));
	_cleanup_free_ cJSON **loaded = xcalloc(args->n_reports, sizeof(*loaded));
	struct named_reports reports = {.list = list};

	for (size_t i = 0; i < args->n_reports; i++) {
		if (load(args, args->reports[i], &loaded[i]) < 0) {
			args->failed = true;
			continue;
		}
		list[reports.count++] = (struct named_report){
			.name = args->reports[i],
			.report = loaded[i],
		};
	}
	if (!args->junit_result && junit_add_places(&reports, args->junit, args->n_junit) < 0)
		args->failed = true;
	if (reports.count > 0)
		print(&reports, out, args);
	for (size_t i = 0; i < args->n_reports; i++)
		cJSON_Delete(loaded[i]);
	return reports.count > 0 ? 0 : -EINVAL;
}

static void text(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	const struct text_options options = {
		.color = cli_color(args->color, args->output ? -1 : STDOUT_FILENO) > 0,
		.width = args->output ? 0 : cli_width(STDOUT_FILENO),
		.max_stalls = args->max_stalls,
	};

	if (reports->count == 1)
		report_print_text(reports->list[0].report, out, &options);
	else
		report_print_text_several(reports, out, &options);
}

static int print_text(struct arguments *args, FILE *out)
{
	return print_all(args, out, text);
}

static void markdown(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	markdown_print(reports, out, args->max_stalls_given ? args->max_stalls : 0);
}

static int print_markdown(struct arguments *args, FILE *out)
{
	return print_all(args, out, markdown);
}

static void github(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	(void)args;
	github_print(reports, out);
}

static int print_github(struct arguments *args, FILE *out)
{
	return print_all(args, out, github);
}

static void openmetrics(const struct named_reports *reports, FILE *out,
			const struct arguments *args)
{
	(void)args;
	openmetrics_print(reports, out);
}

static int print_openmetrics(struct arguments *args, FILE *out)
{
	return print_all(args, out, openmetrics);
}

static void tmt(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	(void)args;
	tmt_print(reports, out);
}

static int print_tmt(struct arguments *args, FILE *out)
{
	return print_all(args, out, tmt);
}

static void html(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	(void)args;
	html_print(reports, out);
}

static int print_html(struct arguments *args, FILE *out)
{
	return print_all(args, out, html);
}

static void trace(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	(void)args;
	if (reports->count > TRACE_REPORTS_MAX)
		log_warning("only %d of the %zu reports have room in one trace", TRACE_REPORTS_MAX,
			    reports->count);
	trace_events_print(reports, out);
}

static int print_trace(struct arguments *args, FILE *out)
{
	return print_all(args, out, trace);
}

/* Writes by itself: of several JUnit files several. */
static void junit(const struct named_reports *reports, FILE *out, const struct arguments *args)
{
	(void)out;
	*args->junit_result = report_junit(reports, args->junit, args->n_junit, args->output);
}

static int print_junit(struct arguments *args, FILE *out)
{
	int result = 0, r;

	args->junit_result = &result;
	r = print_all(args, out, junit);
	args->junit_result = NULL;
	return r < 0 ? r : result;
}

static int print_fatrace(struct arguments *args, FILE *out)
{
	for (size_t i = 0; i < args->n_reports; i++)
		if (fatrace_print(args->reports[i], out) < 0)
			args->failed = true;
	return 0;
}

static const struct format formats[] = {
	{"text", "a summary for a terminal", print_text},
	{"markdown", "a CI job's summary page, at most 900 KiB", print_markdown},
	{"html", "one page with tables and a timeline, smaller than 1 MB", print_html},
	{"trace", "a timeline for ui.perfetto.dev and speedscope", print_trace},
	{"github", "annotations for GitHub Actions, at most 10 of a type", print_github},
	{"csv", "one stall a line, for spreadsheets", print_csv},
	{"ndjson", "one stall a line, as JSON", print_ndjson},
	{"openmetrics", "numbers, for GitLab's metrics report and Prometheus", print_openmetrics},
	{"otlp", "OpenTelemetry traces, as JSON lines for a collector", print_otlp},
	{"fatrace", "of a log (latwrap --log), not of a report: as fatrace(8) prints it",
	 print_fatrace},
	{"tmt", "results.json of a tmt test with 'result: custom'", print_tmt},
	{"junit", "your own JUnit file (--junit), with the stalls of each test", print_junit},
};

static const struct format *find_format(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (streq(name, formats[i].name))
			return &formats[i];
	return NULL;
}

/* -- Command line -------------------------------------------------------------------------------- */

static void print_help(void)
{
	printf("Usage: latwrap report [OPTIONS] REPORT...\n"
	       "\n"
	       "Shows reports that latwrap has written, of several at once one view of all of them.\n"
	       "REPORT may be - for standard input.\n"
	       "\n"
	       "  -f, --format FORMAT  one of those below (default: %s)\n"
	       "  -o, --output FILE    write to FILE instead of standard output\n"
	       "      --junit FILE     for the format junit; may be repeated, then -o is a directory.\n"
	       "                       For github and markdown: where tests stand, file and line\n"
	       "      --stalls N       list the N worst stalls (default: %d; markdown: 100)\n"
	       "      --attempt N      of a run with --retry, the N-th attempt rather than the last\n"
	       "      --color WHEN     auto, always or never (default: auto)\n"
	       "      --help           show this and exit\n"
	       "\n"
	       "Formats:\n",
	       formats[0].name, TEXT_STALLS_DEFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		printf("  %-12s %s\n", formats[i].name, formats[i].what);
	printf("\n"
	       "Exit status: 0, 1 if a report could not be read or the result not written,\n"
	       "2 if the command line is wrong.\n");
}

static int __attribute__((format(printf, 1, 2))) usage_error(const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = xvasprintf(fmt, ap);
	va_end(ap);
	log_error("%s (see 'latwrap report --help')", message);
	return STATUS_USAGE;
}

static int parse_option(struct arguments *args, int option)
{
	uint64_t number;

	switch (option) {
	case 'f':
		args->format = find_format(optarg);
		return args->format ? 0 : usage_error("there is no format '%s'", optarg);
	case 'o':
		args->output = streq(optarg, "-") ? NULL : optarg;
		return 0;
	case 'n':
		if (parse_u64(optarg, &number) < 0 || number > UINT_MAX)
			return usage_error("'%s' is not a number of stalls", optarg);
		args->max_stalls = (unsigned int)number;
		args->max_stalls_given = true;
		return 0;
	case 'a':
		if (parse_u64(optarg, &args->attempt) < 0 || !args->attempt)
			return usage_error("'%s' is no number of an attempt", optarg);
		return 0;
	case 'j':
		args->junit = xreallocarray(args->junit, args->n_junit + 1, sizeof(char *));
		args->junit[args->n_junit++] = optarg;
		return 0;
	case 'c':
		args->color = optarg;
		return cli_color(optarg, -1) >= 0
			       ? 0
			       : usage_error("'%s' is not auto, always or never", optarg);
	default:
		return -1;
	}
}

/* Returns 0, or -1 when all is done (--help), or an exit status. */
static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},  {"output", required_argument, NULL, 'o'},
		{"stalls", required_argument, NULL, 'n'},  {"color", required_argument, NULL, 'c'},
		{"attempt", required_argument, NULL, 'a'}, {"junit", required_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},          {0},
	};
	int option, r;

	optind = 0; /* glibc: start anew, whatever main() has parsed */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":f:o:", options, NULL)) != -1) {
		const char *given = argv[optind - 1];

		if (option == 'h') {
			print_help();
			return -1;
		}
		if (option == ':')
			return usage_error("option '%s' needs a value", given);
		if (option == '?')
			return startswith(given, "--") ? usage_error("wrong option '%s'", given)
						       : usage_error("wrong option '-%c'", optopt);
		r = parse_option(args, option);
		if (r != 0)
			return r;
	}
	args->reports = argv + optind;
	args->n_reports = (size_t)(argc - optind);
	if (args->format->print == print_junit && !args->n_junit)
		return usage_error("--format=junit needs --junit=FILE");
	if (args->n_junit && args->format->print != print_junit &&
	    args->format->print != print_github && args->format->print != print_markdown)
		return usage_error("--junit is for the formats junit, github and markdown");
	return args->n_reports ? 0 : usage_error("no report is named");
}

static int fill(FILE *out, void *userdata)
{
	struct arguments *args = userdata;

	return args->format->print(args, out);
}

static int print_to_stdout(struct arguments *args)
{
	int r = args->format->print(args, stdout);

	if (r >= 0 && (fflush(stdout) == EOF || ferror(stdout)))
		r = log_errno(errno, "cannot write to standard output");
	return r;
}

int cmd_report(int argc, char **argv)
{
	struct arguments args = {
		.format = &formats[0],
		.color = "auto",
		.max_stalls = TEXT_STALLS_DEFAULT,
	};
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int r = parse_arguments(&args, argc, argv);

	if (r != 0) {
		free(args.junit);
		return MAX(r, 0);
	}
	if (args.format->print == print_junit) {
		r = print_junit(&args, NULL);
	} else if (!args.output) {
		r = print_to_stdout(&args);
	} else {
		r = report_target_open(args.output, (uid_t)-1, (gid_t)-1, &target);
		if (r >= 0)
			r = report_target_write(target, fill, &args);
	}
	free(args.junit);
	return r < 0 || args.failed ? STATUS_FAILURE : 0;
}
