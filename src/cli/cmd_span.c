/* latwrap span: names an interval of the run around us */
#include "cli/cmd_span.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/quote.h"
#include "base/util.h"
#include "cli/span_program.h"
#include "cli/span_relay.h"
#include "spans/span_message.h"
#include "run/nested.h"
#include "runners/span_client.h"
#include "runners/test_plan.h"
#include "runners/test_results.h"

#define EXIT_USAGE     125
#define EXIT_CANNOT    126
#define EXIT_NOT_FOUND 127
#define NAME_BYTES     1024
#define COMMAND_BYTES  200

enum mode { MODE_RUN, MODE_BEGIN, MODE_END, MODE_PLAN };

struct arguments {
	enum mode mode;
	const char *id, *parent, *file, *runner, *worker, *outcome, *true_name, *trs_file;
	uint64_t line, attempt, pid;
	int skip_code, error_code; /* -1: none */
	bool group;
	enum plan_kind plan;
	const char *name; /* of the span, or the id of the one to end */
	char **command;
};

static const char help[] =
	"Usage: latwrap span [OPTION]... NAME [--] COMMAND [ARG]...\n"
	"       latwrap span --begin [OPTION]... NAME\n"
	"       latwrap span --end [OPTION]... ID\n"
	"       latwrap span --plan=ctest|meson [--] COMMAND [ARG]...\n"
	"       latwrap span --program=go|cargo PROGRAM [ARG]...\n"
	"       latwrap span --relay\n"
	"\n"
	"Within a command that latwrap runs: names what COMMAND does, so that the report tells\n"
	"its stalls from others. --begin prints an ID for --end. --plan finds out which tests COMMAND,\n"
	"ctest or meson, will start, and names each. --program is for go test -exec and for cargo's\n"
	"runner: names PROGRAM, and its tests if it shows them. --relay passes on messages\n"
	"(docs/spans.md), one a line, of the process that starts it. Anywhere else COMMAND just runs.\n"
	"\n"
	"      --group            no test: passed and failed are those of the spans in it\n"
	"      --skip-code=N      the exit status by which COMMAND says that it skips (77)\n"
	"      --error-code=N     the exit status by which COMMAND says that it could not test\n"
	"      --trs-file=FILE    where automake's driver, as COMMAND, says how the test ended\n"
	"      --file=FILE, --line=N, --runner=NAME, --worker=NAME, --attempt=N  more about it\n"
	"      --parent=ID        the span that it is part of (what is open around it)\n"
	"      --pid=PID          the process whose span it is (--begin, --end: who called)\n"
	"      --id=ID            --begin: your own word for it, rather than one that is printed\n"
	"      --outcome=WORD     --end: passed, failed, skipped or error\n"
	"      --name=NAME        --end: the name that it turned out to have\n"
	"      --help\n"
	"\n"
	"The exit status is COMMAND's own, or 128 + the signal that ended it; 126 or 127 if it could\n"
	"not be run, 125 if the options are wrong.\n";

enum {
	OPTION_BEGIN = 256,
	OPTION_END,
	OPTION_PLAN,
	OPTION_GROUP,
	OPTION_SKIP_CODE,
	OPTION_ERROR_CODE,
	OPTION_TRS_FILE,
	OPTION_FILE,
	OPTION_LINE,
	OPTION_RUNNER,
	OPTION_WORKER,
	OPTION_ATTEMPT,
	OPTION_PARENT,
	OPTION_PID,
	OPTION_ID,
	OPTION_NAME,
	OPTION_OUTCOME,
};

static const struct option long_options[] = {
	{"begin", no_argument, NULL, OPTION_BEGIN},
	{"end", no_argument, NULL, OPTION_END},
	{"plan", required_argument, NULL, OPTION_PLAN},
	{"group", no_argument, NULL, OPTION_GROUP},
	{"skip-code", required_argument, NULL, OPTION_SKIP_CODE},
	{"error-code", required_argument, NULL, OPTION_ERROR_CODE},
	{"trs-file", required_argument, NULL, OPTION_TRS_FILE},
	{"file", required_argument, NULL, OPTION_FILE},
	{"line", required_argument, NULL, OPTION_LINE},
	{"runner", required_argument, NULL, OPTION_RUNNER},
	{"worker", required_argument, NULL, OPTION_WORKER},
	{"attempt", required_argument, NULL, OPTION_ATTEMPT},
	{"parent", required_argument, NULL, OPTION_PARENT},
	{"pid", required_argument, NULL, OPTION_PID},
	{"id", required_argument, NULL, OPTION_ID},
	{"name", required_argument, NULL, OPTION_NAME},
	{"outcome", required_argument, NULL, OPTION_OUTCOME},
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* -- The command line ------------------------------------------------------------------------------ */

static int parse_number(const char *option, const char *text, uint64_t most, uint64_t *ret)
{
	if (parse_u64(text, ret) == 0 && *ret <= most)
		return 0;
	log_error("--%s: '%s' is not a number up to %llu", option, text, (unsigned long long)most);
	return -EINVAL;
}

static int parse_code(const char *option, const char *text, int *ret)
{
	uint64_t number;
	int r = parse_number(option, text, 255, &number);

	if (r == 0)
		*ret = (int)number;
	return r;
}

static int parse_outcome(const char *text, const char **ret)
{
	enum span_outcome outcome = span_outcome_parse(text);

	if (outcome == SPAN_UNKNOWN) {
		log_error("--outcome: '%s' is none of passed, failed, skipped, error", text);
		return -EINVAL;
	}
	*ret = span_outcome_names[outcome];
	return 0;
}

static int parse_plan(const char *text, enum plan_kind *ret)
{
	for (enum plan_kind kind = 0; kind < PLAN_KINDS; kind++) {
		if (streq(text, plan_kind_names[kind])) {
			*ret = kind;
			return 0;
		}
	}
	log_error("--plan: '%s' is neither ctest nor meson", text);
	return -EINVAL;
}

static int apply(struct arguments *args, int option, const char *value)
{
	switch (option) {
	case OPTION_BEGIN:
		args->mode = MODE_BEGIN;
		return 0;
	case OPTION_END:
		args->mode = MODE_END;
		return 0;
	case OPTION_PLAN:
		args->mode = MODE_PLAN;
		return parse_plan(value, &args->plan);
	case OPTION_GROUP:
		args->group = true;
		return 0;
	case OPTION_SKIP_CODE:
		return parse_code("skip-code", value, &args->skip_code);
	case OPTION_ERROR_CODE:
		return parse_code("error-code", value, &args->error_code);
	case OPTION_TRS_FILE:
		args->trs_file = value;
		return 0;
	case OPTION_FILE:
		args->file = value;
		return 0;
	case OPTION_LINE:
		return parse_number("line", value, UINT32_MAX, &args->line);
	case OPTION_RUNNER:
		args->runner = value;
		return 0;
	case OPTION_WORKER:
		args->worker = value;
		return 0;
	case OPTION_ATTEMPT:
		return parse_number("attempt", value, UINT32_MAX, &args->attempt);
	case OPTION_ID:
		args->id = value;
		return 0;
	case OPTION_NAME:
		args->true_name = value;
		return 0;
	case OPTION_PARENT:
		args->parent = value;
		return 0;
	case OPTION_PID:
		return parse_number("pid", value, INT32_MAX, &args->pid);
	case OPTION_OUTCOME:
		return parse_outcome(value, &args->outcome);
	default:
		return -EINVAL;
	}
}

/* Returns 0, 1 when all is done (--help), or -EINVAL. */
static int parse_arguments(struct arguments *args, int argc, char **argv)
{
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option == ':' || option == '?') {
			log_error(option == ':' ? "%s needs a value; see latwrap span --help"
						: "unknown option '%s'; see latwrap span --help",
				  argv[optind - 1]);
			return -EINVAL;
		}
		if (apply(args, option, optarg) < 0)
			return -EINVAL;
	}
	if (args->mode == MODE_PLAN) {
		args->name = "plan";
		args->command = argv + optind;
	} else {
		args->name = argv[optind];
		args->command = argv + optind + (args->name != NULL);
		if (*args->command && streq(*args->command, "--"))
			args->command++;
	}
	if (!args->name ||
	    (args->mode == MODE_RUN || args->mode == MODE_PLAN) != (*args->command != NULL)) {
		log_error(
			"write latwrap span NAME -- COMMAND, --begin NAME or --end ID; see latwrap span --help");
		return -EINVAL;
	}
	return 0;
}

/* -- Messages -------------------------------------------------------------------------------------- */

static void add_text(cJSON *message, const char *key, const char *text)
{
	_cleanup_free_ char *cut = text ? xstrndup(text, NAME_BYTES) : NULL;

	if (cut && *cut)
		cJSON_AddStringToObject(message, key, cut);
}

/* As others can find it who are elsewhere. */
static void add_file(cJSON *message, const char *file)
{
	_cleanup_free_ char *here = NULL, *path = NULL;

	if (file && *file && *file != '/')
		here = get_current_dir_name();
	while (startswith(file ? file : "", "./"))
		file += 2;
	path = here ? xasprintf("%s/%s", here, file) : NULL;
	add_text(message, "file", path ? path : file);
}

static void add_now(cJSON *message, const char *key)
{
	cJSON_AddNumberToObject(message, key, (double)now_ns(CLOCK_MONOTONIC));
}

static cJSON *begin_message(const struct arguments *args, const char *id)
{
	cJSON *message = span_client_message("begin", id);
	const char *parent = args->parent ? args->parent : getenv("LATWRAP_SPAN");

	add_now(message, "time_ns");
	add_text(message, "name", *args->name ? args->name : "?");
	add_text(message, "runner", args->runner ? args->runner : "span");
	add_file(message, args->file);
	add_text(message, "worker", args->worker);
	add_text(message, "parent", parent);
	if (args->line)
		cJSON_AddNumberToObject(message, "line", (double)args->line);
	/* The first of them is nothing to mention. */
	if (args->attempt > 1)
		cJSON_AddNumberToObject(message, "attempt", (double)args->attempt);
	return message;
}

/* The span is not of this short process but of the one that called it. */
static void add_owner(cJSON *message, const struct arguments *args)
{
	if (args->pid) {
		cJSON_AddNumberToObject(message, "pid", (double)args->pid);
		return;
	}
	cJSON_AddBoolToObject(message, "of_parent", true);
	cJSON_AddNumberToObject(message, "pid", getppid());
}

/* From its beginning on: the difference is the span's. */
static void add_cpu_time(cJSON *message, const struct arguments *args)
{
	uint64_t cpu_ns;

	if (span_client_cpu_time(args->pid ? (pid_t)args->pid : getppid(), &cpu_ns) == 0)
		cJSON_AddNumberToObject(message, "cpu_time_ns", (double)cpu_ns);
}

static const char *outcome_of(const struct arguments *args, const struct nested_result *result)
{
	enum span_outcome outcome = SPAN_FAILED;

	if (args->group)
		return NULL;
	if (args->trs_file && result->started && result->status == 0)
		return span_outcome_names[trs_outcome(args->trs_file)];
	if (!result->started || result->signal || result->status == args->error_code)
		outcome = SPAN_ERROR;
	else if (result->status == 0)
		outcome = SPAN_PASSED;
	else if (result->status == args->skip_code)
		outcome = SPAN_SKIPPED;
	return span_outcome_names[outcome];
}

/* -- What it does ---------------------------------------------------------------------------------- */

static int run_in_place(char *const *command)
{
	execvp(command[0], command);
	log_errno(errno, "cannot run '%s'", command[0]);
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT;
}

static int run_as_span(const struct arguments *args, struct span_client *client,
		       struct nested_options *nested)
{
	_cleanup_free_ char *id = span_client_new_id();
	struct nested_result result;
	const char *outcome;
	cJSON *message;

	nested->id = id;
	span_client_send(client, begin_message(args, id));
	nested_run(nested, &result);
	outcome = outcome_of(args, &result);
	message = span_client_message("end", id);
	add_now(message, "time_ns");
	cJSON_AddNumberToObject(message, "cpu_time_ns", (double)result.cpu_time_ns);
	if (outcome)
		cJSON_AddStringToObject(message, "outcome", outcome);
	span_client_send(client, message);
	return result.status;
}

static int run_planned(const struct arguments *args, struct span_client *client)
{
	const struct nested_options options = {.argv = args->command};
	uint64_t since_ns = now_ns(CLOCK_REALTIME);
	struct nested_result result;
	struct plan plan;

	plan_make(args->plan, args->command, &plan);
	plan_announce(&plan, client);
	nested_run(&options, &result);
	plan_report(&plan, since_ns, client);
	plan_done(&plan);
	return result.status;
}

/* Never an error of the caller's script: at worst the report lacks a name. */
static int send_one(const struct arguments *args, struct span_client *client)
{
	_cleanup_free_ char *id = args->mode == MODE_END ? xstrdup(args->name)
				  : args->id             ? xstrdup(args->id)
							 : span_client_new_id();
	cJSON *message;

	if (args->mode == MODE_BEGIN) {
		message = begin_message(args, id);
		puts(id);
	} else {
		message = span_client_message("end", id);
		add_now(message, "time_ns");
		add_text(message, "name", args->true_name);
		if (args->outcome)
			cJSON_AddStringToObject(message, "outcome", args->outcome);
	}
	add_owner(message, args);
	add_cpu_time(message, args);
	if (client->fd >= 0)
		span_client_send(client, message);
	else
		cJSON_Delete(message);
	return fflush(stdout) == EOF ? EXIT_USAGE : 0;
}

int cmd_span(int argc, char **argv)
{
	struct arguments args = {.skip_code = 77, .error_code = -1};
	struct nested_options nested = {0};
	_cleanup_(span_client_close) struct span_client client;
	const char *kind = argc > 2 ? startswith(argv[1], "--program=") : NULL;
	int r;

	/* What go and cargo are given to start their programs with: all behind it is the program's. */
	if (kind)
		return span_program(kind, argv + 2);
	if (argc == 2 && streq(argv[1], "--relay"))
		return span_relay();
	r = span_client_open(&client);
	switch (parse_arguments(&args, argc, argv)) {
	case 0:
		break;
	case 1:
		return 0;
	default:
		return EXIT_USAGE;
	}
	if (args.mode == MODE_BEGIN || args.mode == MODE_END)
		return send_one(&args, &client);
	if (r < 0)
		return run_in_place(args.command);
	if (args.mode == MODE_PLAN)
		return run_planned(&args, &client);
	nested.argv = args.command;
	return run_as_span(&args, &client, &nested);
}

/* As the shell would have it, if it is not too long for a name. */
static char *command_line(char *const *argv)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	for (char *const *word = argv; out && *word && ftell(out) < COMMAND_BYTES; word++) {
		if (word != argv)
			putc(' ', out);
		quote_for_shell(*word, out);
	}
	if (out)
		fclose(out);
	return line ? line : xstrdup("?");
}

int cmd_span_nested(const struct run_options *options)
{
	const struct session_options *session = &options->session;
	_cleanup_free_ char *name = command_line(session->argv);
	_cleanup_(span_client_close) struct span_client client;
	struct arguments args = {
		.skip_code = -1, .error_code = -1, .name = name, .runner = "latwrap"};
	struct nested_options nested = {
		.argv = session->argv,
		.user = session->user,
		.timeout_ns = session->timeout_ns,
		.kill_after_ns = session->kill_after_ns,
	};

	span_client_open(&client);
	if (session->leftovers != LEFTOVERS_LEAVE)
		log_warning("--leftovers is left to the latwrap around this one");
	return run_as_span(&args, &client, &nested);
}
