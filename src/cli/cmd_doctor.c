/* latwrap doctor: what works on this machine, and what to do about what does not */
#include "cli/cmd_doctor.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/util.h"
#include "cli/cmd_report.h"
#include "report/json.h"
#include "run/doctor.h"

#define EXIT_LATWRAP 125

struct arguments {
	bool json, verbose;
};

static const char *const sentences[] = {
	[TRACE_FULL] = "A run would be fully measured here.",
	[TRACE_PARTIAL] = "A run would be measured in part here.",
	[TRACE_NONE] = "A run would not be measured here: the command would run all the same.",
};

static const int exit_statuses[] = {
	[TRACE_FULL] = 0,
	[TRACE_PARTIAL] = 1,
	[TRACE_NONE] = 2,
};

/* -- Output -------------------------------------------------------------------------------------- */

static const char *color_of(enum check_status status)
{
	static const char *const codes[] = {
		[CHECK_OK] = "\033[32m",
		[CHECK_OPTIONAL_MISSING] = "\033[33m",
		[CHECK_MISSING] = "\033[1;31m",
	};

	return codes[status];
}

/* Several lines in a row with the same remedy share it. */
static bool is_repeated(const struct diagnosis *diagnosis, size_t i)
{
	const char *advice = diagnosis->checks[i].advice;
	const char *next = i + 1 < diagnosis->check_count ? diagnosis->checks[i + 1].advice : NULL;

	return advice && next && streq(advice, next);
}

/* Paths of cgroups are whatever somebody called them. */
static char *shown(const char *text)
{
	_cleanup_free_ char *clean = utf8_sanitize(text, strlen(text), NULL);

	return terminal_escape(clean);
}

static void print_text(const struct diagnosis *diagnosis)
{
	bool color = cli_color("auto", STDOUT_FILENO) > 0;
	size_t width = 0;

	for (size_t i = 0; i < diagnosis->check_count; i++)
		width = MAX(width, strlen(diagnosis->checks[i].name));
	printf("%s\n\n", sentences[diagnosis->status]);
	for (size_t i = 0; i < diagnosis->check_count; i++) {
		const struct check *check = &diagnosis->checks[i];
		_cleanup_free_ char *detail = shown(check->detail);

		printf("%s%-16s%s  %-*s  %s\n", color ? color_of(check->status) : "",
		       check_status_names[check->status], color ? "\033[0m" : "", (int)width,
		       check->name, detail);
		if (check->advice && !is_repeated(diagnosis, i)) {
			_cleanup_free_ char *advice = shown(check->advice);

			printf("%18s-> %s\n", "", advice);
		}
	}
}

static void print_json(const struct diagnosis *diagnosis)
{
	cJSON *root = cJSON_CreateObject(), *tool, *checks;
	_cleanup_free_ char *text = NULL;

	json_u64(root, "schema_version", 1);
	tool = json_object(root, "tool");
	json_text(tool, "name", "latwrap");
	json_text(tool, "version", LATWRAP_VERSION);
	json_text(root, "status", trace_status_names[diagnosis->status]);
	json_text(root, "sentence", sentences[diagnosis->status]);
	checks = json_array(root, "checks");
	for (size_t i = 0; i < diagnosis->check_count; i++) {
		const struct check *check = &diagnosis->checks[i];
		cJSON *row = json_row(checks);

		json_text(row, "name", check->name);
		json_text(row, "status", check_status_names[check->status]);
		json_name(row, "detail", check->detail, strlen(check->detail));
		json_name(row, "advice", check->advice, check->advice ? strlen(check->advice) : 0);
	}
	text = cJSON_Print(root);
	puts(text);
	cJSON_Delete(root);
}

static void print_logs(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->check_count; i++)
		if (diagnosis->checks[i].log)
			fprintf(stderr, "== %s: what the verifier said\n%s\n",
				diagnosis->checks[i].name, diagnosis->checks[i].log);
}

/* -- Command line -------------------------------------------------------------------------------- */

static const char help[] =
	"Usage: latwrap doctor [OPTION]...\n"
	"\n"
	"Tries on this machine all that a run of latwrap needs, and says what to do about\n"
	"what does not work. Starts no command, and takes away again what it makes.\n"
	"\n"
	"      --json     as JSON (docs/doctor.schema.json)\n"
	"  -v, --verbose  what the verifier said about BPF programs it refused, on standard error\n"
	"  -h, --help     show this and exit\n"
	"\n"
	"Exit status: 0 if a run would be fully measured, 1 if in part, 2 if not at all,\n"
	"125 if the command line is wrong.\n";

/* Returns 0, or -1 when all is done (--help), or an exit status. */
static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	optind = 0; /* glibc: start anew, whatever main() has parsed */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			args->json = true;
			break;
		case 'v':
			args->verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			return -1;
		default:
			log_error("wrong option '%s' (see 'latwrap doctor --help')",
				  argv[optind - 1]);
			return EXIT_LATWRAP;
		}
	}
	if (optind < argc) {
		log_error("'%s': doctor takes no arguments (see 'latwrap doctor --help')",
			  argv[optind]);
		return EXIT_LATWRAP;
	}
	return 0;
}

int cmd_doctor(int argc, char **argv)
{
	struct arguments args = {0};
	struct diagnosis diagnosis;
	int status = parse_arguments(&args, argc, argv);

	if (status != 0)
		return MAX(status, 0);
	/* As for a run: what setuid or setcap gave is not for the caller to bend. */
	doctor_examine(secure_getenv("LATWRAP_FAULT"), &diagnosis);
	if (args.json)
		print_json(&diagnosis);
	else
		print_text(&diagnosis);
	if (args.verbose)
		print_logs(&diagnosis);
	status = exit_statuses[diagnosis.status];
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_errno(errno, "cannot write to standard output");
		status = EXIT_LATWRAP;
	}
	diagnosis_done(&diagnosis);
	return status;
}
