/* latwrap span: name an interval of the outer run */
#include "cli/cmd_span.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/plan_run.h"
#include "cli/span_program.h"
#include "cli/span_relay.h"
#include "cli/span_run.h"
#include "runners/test_plan.h"

#define EXIT_USAGE     125
#define EXIT_CANNOT    126
#define EXIT_NOT_FOUND 127

enum mode { MODE_RUN, MODE_BEGIN, MODE_END, MODE_PLAN, MODE_PROGRAM, MODE_RELAY };

struct arguments {
	enum mode mode;
	struct span_label label;
	struct span_rules rules;
	const char *id; /* for --begin; NULL: make a new one */
	const char *true_name;
	enum span_outcome outcome;
	uint64_t pid;
	enum plan_kind plan;
	enum program_kind program;
	char **command;
};

/* -- The command line ------------------------------------------------------------------------------ */

static int set_mode_plan(void *target, const char *text)
{
	(void)text;
	((struct arguments *)target)->mode = MODE_PLAN;
	return 0;
}

static int set_mode_program(void *target, const char *text)
{
	(void)text;
	((struct arguments *)target)->mode = MODE_PROGRAM;
	return 0;
}

#define SPAN(member) FIELD(struct arguments, member)

static const struct option_spec specs[] = {
	{"group", 0, OPTION_FLAG, SPAN(rules.group), .heading = "The span",
	 .help = "not a test: only the spans in it pass or fail"},
	{"skip-code", 0, OPTION_NUMBER, "77", SPAN(rules.skip_code), .most = 255,
	 .help = "the exit status with which COMMAND says that it skips the test"},
	{"error-code", 0, OPTION_NUMBER, SPAN(rules.error_code), .most = 255,
	 .help = "the exit status with which COMMAND says that it cannot test"},
	{"trs-file", 0, OPTION_FILE, SPAN(rules.trs_file),
	 .help = "where COMMAND, automake's driver, writes how the test ended"},
	{"file", 0, OPTION_FILE, SPAN(label.file), .help = "the source file of the test"},
	{"line", 0, OPTION_NUMBER, SPAN(label.line), .most = UINT32_MAX,
	 .help = "the line of the test in the source file"},
	{"runner", 0, OPTION_TEXT, .value = "NAME", SPAN(label.runner), .help = "the test runner"},
	{"worker", 0, OPTION_TEXT, .value = "NAME", SPAN(label.worker),
	 .help = "the worker of the test runner"},
	{"attempt", 0, OPTION_NUMBER, SPAN(label.attempt), .most = UINT32_MAX,
	 .help = "which attempt of the test this is, from 1"},
	{"parent", 0, OPTION_TEXT, .value = "ID", SPAN(label.parent),
	 .help = "the span around this one, instead of the innermost open span"},
	{"pid", 0, OPTION_NUMBER, .value = "PID", SPAN(pid), .most = INT32_MAX,
	 .help = "with --begin or --end: the process of the span, instead of the caller"},
	{"begin", 0, OPTION_CONSTANT, SPAN(mode), .least = MODE_BEGIN, .heading = "Other forms",
	 .help = "begin a span and print an ID for --end"},
	{"id", 0, OPTION_TEXT, .value = "ID", SPAN(id),
	 .help = "with --begin: use this ID instead of a new one"},
	{"end", 0, OPTION_CONSTANT, SPAN(mode), .least = MODE_END,
	 .help = "end the span with this ID"},
	{"outcome", 0, OPTION_CHOICE, SPAN(outcome), .least = SPAN_PASSED,
	 .words = &span_outcome_names[SPAN_PASSED], .word_count = SPAN_UNKNOWN - SPAN_PASSED,
	 .help = "with --end: how the test ended"},
	{"name", 0, OPTION_TEXT, .value = "NAME", SPAN(true_name),
	 .help = "with --end: the name of the test, if it was not known at its beginning"},
	{"plan", 0, OPTION_CHOICE, SPAN(plan), .words = plan_kind_names, .word_count = PLAN_KINDS,
	 .set = set_mode_plan, .help = "find out which tests COMMAND will start, and name each"},
	{"program", 0, OPTION_CHOICE, SPAN(program), .words = program_kind_names,
	 .word_count = PROGRAM_KINDS, .set = set_mode_program,
	 .help = "for go test -exec and cargo's runner: name PROGRAM, and the tests it shows"},
	{"relay", 0, OPTION_CONSTANT, SPAN(mode), .least = MODE_RELAY,
	 .help = "pass on messages (docs/spans.md) from standard input, one a line"},
	HELP_OPTION,
	{0},
};

static bool takes_name(enum mode mode)
{
	return mode == MODE_RUN || mode == MODE_BEGIN || mode == MODE_END;
}

static bool takes_command(enum mode mode)
{
	return mode == MODE_RUN || mode == MODE_PLAN || mode == MODE_PROGRAM;
}

static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	char **operands;
	int r = options_parse(&span_command, argc, argv, args, &operands);

	if (r)
		return r;
	args->command = operands;
	if (takes_name(args->mode)) {
		args->label.name = *operands;
		args->command += *operands != NULL;
		if (*args->command && streq(*args->command, "--"))
			args->command++;
	}
	if ((takes_name(args->mode) && !args->label.name) ||
	    takes_command(args->mode) != (*args->command != NULL))
		return usage_error(&span_command,
				   "write latwrap span NAME -- COMMAND, --begin NAME or --end ID");
	return 0;
}

/* -- Modes ------------------------------------------------------------------------------------- */

static int run_in_place(char *const *command)
{
	execvp(command[0], command);
	log_errno(errno, "cannot run '%s'", command[0]);
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT;
}

/* The span belongs to the caller, not to this short-lived process. */
static void add_owner(cJSON *message, const struct arguments *args)
{
	if (args->pid) {
		cJSON_AddNumberToObject(message, "pid", (double)args->pid);
		return;
	}
	cJSON_AddBoolToObject(message, "of_parent", true);
	cJSON_AddNumberToObject(message, "pid", getppid());
}

/*
 * Adds the CPU time of the owner so far: the difference between begin and end is that of the span.
 */
static void add_cpu_time(cJSON *message, const struct arguments *args)
{
	uint64_t cpu_ns;

	if (span_client_cpu_time(args->pid ? (pid_t)args->pid : getppid(), &cpu_ns) == 0)
		cJSON_AddNumberToObject(message, "cpu_time_ns", (double)cpu_ns);
}

/* Does not fail, for the sake of the calling script: at worst the report lacks a name. */
static int send_one(const struct arguments *args, struct span_client *client)
{
	_cleanup_free_ char *id = args->mode == MODE_END ? xstrdup(args->label.name)
				  : args->id             ? xstrdup(args->id)
							 : span_client_new_id();
	cJSON *message;

	if (args->mode == MODE_BEGIN) {
		message = span_begin_message(&args->label, id);
		puts(id);
	} else {
		message = span_client_message("end", id);
		cJSON_AddNumberToObject(message, "time_ns", (double)now_ns(CLOCK_MONOTONIC));
		span_add_text(message, "name", args->true_name);
		span_add_text(message, "outcome", span_outcome_names[args->outcome]);
	}
	add_owner(message, args);
	add_cpu_time(message, args);
	if (client->fd >= 0)
		span_client_send(client, message);
	else
		cJSON_Delete(message);
	return fflush(stdout) == EOF ? EXIT_USAGE : 0;
}

static int cmd_span(int argc, char **argv)
{
	struct arguments args = {.rules.error_code = -1};
	_cleanup_(span_client_close) struct span_client client = SPAN_CLIENT_NONE;
	struct nested_options nested = {0};
	int r = parse_arguments(&args, argc, argv);

	if (r)
		return r;
	if (args.mode == MODE_RELAY)
		return span_relay();
	if (args.mode == MODE_PROGRAM)
		return span_program(args.program, args.command);
	r = span_client_open(&client);
	if (args.mode == MODE_BEGIN || args.mode == MODE_END)
		return send_one(&args, &client);
	if (r < 0)
		return run_in_place(args.command);
	if (args.mode == MODE_PLAN)
		return plan_run(args.plan, args.command[0], args.command, &client);
	nested.argv = args.command;
	return span_run(&args.label, &args.rules, &nested, &client);
}

const struct cli_command span_command = {
	.name = "span",
	.usage = "span [OPTION]... NAME [--] COMMAND [ARG]...\n"
		 "span --begin [OPTION]... NAME\n"
		 "span --end [OPTION]... ID\n"
		 "span --plan=ctest|meson [--] COMMAND [ARG]...\n"
		 "span --program=go|cargo PROGRAM [ARG]...\n"
		 "span --relay",
	.about =
		"Inside a run of latwrap, reports COMMAND as a test with this name. Outside of a run, only runs "
		"COMMAND.",
	.notes =
		"The exit status is that of COMMAND, or 128 + the signal that ended it; 126 or 127 if COMMAND "
		"cannot be run, 125 if the command line is wrong.",
	.options = specs,
	.operands = OPERANDS_NAMED_COMMAND,
	.usage_status = EXIT_USAGE,
	.run = cmd_span,
};
