/* latwrap doctor: say what works on this machine, and what to do about the rest */
#include "cli/cmd_doctor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/util.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "run/doctor.h"

struct arguments {
	bool json, verbose;
};

static const char *const sentences[] = {
	[TRACE_FULL] = "A run would be fully measured here.",
	[TRACE_PARTIAL] = "A run would be partly measured here.",
	[TRACE_NONE] = "A run would not be measured here: the command would still run.",
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

/* Checks in a row with the same advice show it once, at the last one. */
static bool is_repeated(const struct diagnosis *diagnosis, size_t i)
{
	const char *advice = diagnosis->checks[i].advice;
	const char *next = i + 1 < diagnosis->check_count ? diagnosis->checks[i + 1].advice : NULL;

	return advice && next && streq(advice, next);
}

/* Escape paths of cgroups, which can have any name. */
static char *shown(const char *text)
{
	_cleanup_free_ char *clean = utf8_sanitize(text, strlen(text), NULL);

	return terminal_escape(clean);
}

static void print_text(const struct diagnosis *diagnosis)
{
	bool color = terminal_color(COLOR_AUTO, STDOUT_FILENO);
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
	struct json_writer json;

	json_writer_open(&json, stdout, JSON_LINES);
	json_open_object(&json, NULL);
	json_put_u64(&json, "schema_version", 1);
	json_put_tool(&json);
	json_put_text(&json, "status", trace_status_names[diagnosis->status]);
	json_put_text(&json, "sentence", sentences[diagnosis->status]);
	json_open_array(&json, "checks");
	for (size_t i = 0; i < diagnosis->check_count; i++) {
		const struct check *check = &diagnosis->checks[i];

		json_open_object(&json, NULL);
		json_put_text(&json, "name", check->name);
		json_put_text(&json, "status", check_status_names[check->status]);
		json_put_text(&json, "detail", check->detail);
		json_put_text(&json, "advice", check->advice);
		json_close(&json);
	}
	json_close(&json);
	json_close(&json);
	putchar('\n');
}

static void print_logs(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->check_count; i++)
		if (diagnosis->checks[i].log)
			fprintf(stderr, "== %s: what the verifier said\n%s\n",
				diagnosis->checks[i].name, diagnosis->checks[i].log);
}

/* -- Command line -------------------------------------------------------------------------------- */

static const struct option_spec specs[] = {
	{"json", 0, OPTION_FLAG, FIELD(struct arguments, json),
	 .help = "print JSON (docs/doctor.schema.json)"},
	{"verbose", 'v', OPTION_FLAG, FIELD(struct arguments, verbose),
	 .help = "print on standard error what the verifier says about BPF programs it refuses"},
	HELP_OPTION,
	{0},
};

static int cmd_doctor(int argc, char **argv)
{
	struct arguments args = {0};
	struct diagnosis diagnosis;
	char **operands;
	int status = options_parse(&doctor_command, argc, argv, &args, &operands);

	if (status)
		return status;
	if (*operands)
		return usage_error(&doctor_command, "'%s': doctor takes no arguments", *operands);
	/*
	 * As in a run: a caller must not change what a set-user-ID program or one with capabilities
	 * does.
	 */
	doctor_examine(secure_getenv("LATWRAP_FAULT"), &diagnosis);
	if (args.json)
		print_json(&diagnosis);
	else
		print_text(&diagnosis);
	if (args.verbose)
		print_logs(&diagnosis);
	status = exit_statuses[diagnosis.status];
	if (output_flush_stdout() < 0)
		status = EXIT_LATWRAP;
	diagnosis_done(&diagnosis);
	return status;
}

const struct cli_command doctor_command = {
	.name = "doctor",
	.usage = "doctor [OPTION]...",
	.about =
		"Checks everything that a run needs on this machine, and says how to fix what does not work. "
		"Starts no command, and leaves nothing behind.",
	.notes =
		"Exit status: 0 if a run would be fully measured, 1 if partly, 2 if not at all, 125 if the "
		"command line is wrong.",
	.options = specs,
	.operands = OPERANDS_NONE,
	.options_anywhere = true,
	.usage_status = EXIT_LATWRAP,
	.run = cmd_doctor,
};
