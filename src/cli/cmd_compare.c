/* latwrap compare: two groups of reports, and whether they differ */
#include "cli/cmd_compare.h"

#include <errno.h>
#include <getopt.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/cmd_report.h"
#include "compare/compare.h"
#include "report/load.h"
#include "report/target.h"

enum {
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
};

static const char help[] =
	"Usage: latwrap compare [OPTION]... BASE... -- NEW...\n"
	"\n"
	"Compares reports of two groups of runs: how long they took, how long they stood still\n"
	"and because of what, and the same for each test. A rank test says which differences\n"
	"are more than chance, or that so few runs could show none.\n"
	"\n"
	"  -f, --format=FORMAT  text, markdown or json (text)\n"
	"  -o, --output=FILE    write to FILE instead of standard output\n"
	"      --color=WHEN     auto, always or never (auto)\n"
	"      --help           show this and exit\n"
	"\n"
	"Exit status: 0, different or not; 1 if a report could not be read or the result not\n"
	"written, 2 if the command line is wrong.\n";

struct arguments {
	const char *format, *output, *color;
	char **reports[COMPARE_SIDES];
	int count[COMPARE_SIDES];
	struct comparison comparison;
};

static int usage_error(const char *message, const char *what)
{
	log_error("%s%s (see 'latwrap compare --help')", message, what);
	return STATUS_USAGE;
}

static int parse_option(struct arguments *args, int option, const char *given)
{
	switch (option) {
	case 'f':
		args->format = optarg;
		return streq(optarg, "text") || streq(optarg, "markdown") || streq(optarg, "json")
			       ? 0
			       : usage_error("there is no format ", optarg);
	case 'o':
		args->output = streq(optarg, "-") ? NULL : optarg;
		return 0;
	case 'c':
		args->color = optarg;
		return cli_color(optarg, -1) >= 0
			       ? 0
			       : usage_error("neither auto, always nor never: ", optarg);
	case ':':
		return usage_error("a value is missing: ", given);
	default:
		return usage_error("wrong option ", given);
	}
}

/* Returns 0, or -1 when all is done (--help), or an exit status. */
static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"output", required_argument, NULL, 'o'},
		{"color", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, r, at;

	optind = 0;
	opterr = 0;
	/* '+': the first "--" is to be found where it stands, between the groups. */
	while ((option = getopt_long(argc, argv, "+:f:o:", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return -1;
		}
		r = parse_option(args, option, argv[optind - 1]);
		if (r)
			return r;
	}
	for (at = optind; at < argc && !streq(argv[at], "--"); at++)
		;
	args->reports[COMPARE_BASE] = argv + optind;
	args->count[COMPARE_BASE] = at - optind;
	args->reports[COMPARE_NEW] = argv + MIN(at + 1, argc);
	args->count[COMPARE_NEW] = argc - MIN(at + 1, argc);
	if (!args->count[COMPARE_BASE] || !args->count[COMPARE_NEW])
		return usage_error("name reports on both sides of a ", "--");
	return 0;
}

/* One report in memory at a time. Returns whether all could be read. */
static bool read_reports(struct arguments *args)
{
	bool all = true;

	for (int side = 0; side < COMPARE_SIDES; side++) {
		for (int i = 0; i < args->count[side]; i++) {
			_cleanup_json_ cJSON *report = NULL;

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

	if (streq(args->format, "json"))
		compare_print_json(&args->comparison, out);
	else if (streq(args->format, "markdown"))
		compare_print_markdown(&args->comparison, out);
	else
		compare_print_text(&args->comparison, out,
				   cli_color(args->color, args->output ? -1 : STDOUT_FILENO) > 0);
	return 0;
}

static int write_result(struct arguments *args)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int r;

	if (!args->output) {
		print(stdout, args);
		if (fflush(stdout) == EOF || ferror(stdout))
			return log_errno(errno, "cannot write to standard output");
		return 0;
	}
	r = report_target_open(args->output, (uid_t)-1, (gid_t)-1, &target);
	return r < 0 ? r : report_target_write(target, print, args);
}

int cmd_compare(int argc, char **argv)
{
	struct arguments args = {.format = "text", .color = "auto"};
	int r = parse_arguments(&args, argc, argv);
	bool all;

	if (r)
		return MAX(r, 0);
	all = read_reports(&args);
	compare_finish(&args.comparison);
	r = write_result(&args);
	compare_done(&args.comparison);
	return r < 0 || !all ? STATUS_FAILURE : 0;
}
