/* The command line of a run. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/util.h"
#include "cli/cmd_report.h"

/* Each leaves a report inside the last one. */
#define RETRIES_MAX 10

static const char help[] =
	"Usage: latwrap [OPTION]... [--] COMMAND [ARG]...\n"
	"       latwrap report [OPTION]... REPORT...\n"
	"       latwrap compare [OPTION]... BASE... -- NEW...\n"
	"       latwrap doctor [--json]\n"
	"       latwrap span NAME [--] COMMAND [ARG]...\n"
	"\n"
	"Runs COMMAND in a cgroup of its own, measures how long its threads waited for a\n"
	"CPU and how long its file operations took, and writes a report of every stall.\n"
	"\n"
	"Report:\n"
	"  -o, --output=FILE          where it goes (latwrap.json; - is standard output)\n"
	"      --max-stalls=N         stalls kept per kind, the longest (1000)\n"
	"      --self-profile         count what latwrap's own BPF programs cost, in tracing.programs\n"
	"      --log=FILE             write each call, process and longer wait to FILE, as JSON lines\n"
	"      --log-wait=DURATION    the shortest wait for a CPU in it (1ms)\n"
	"  -q, --quiet                no summary at the end\n"
	"      --color=WHEN           auto, always, never\n"
	"What counts as a stall (durations carry a unit: 500us, 5ms, 1.5s, 2m):\n"
	"      --threshold=DURATION   CPU and I/O at once\n"
	"      --cpu-threshold=DURATION  runnable, but not running (5ms)\n"
	"      --io-threshold=DURATION   inside one file operation (10ms)\n"
	"      --hiccup-threshold=DURATION  a CPU that took no interrupt (5ms)\n"
	"      --cpu=on|off, --io=on|blocked|off  what to measure\n"
	"      --also=CGROUP|UNIT     watch this, too, and report it apart; may be repeated\n"
	"Judgement:\n"
	"  -g, --gate=EXPR            a limit such as 'cpu.max<100ms', 'io.count<=10' or\n"
	"                             'any.total<1s'; may be repeated\n"
	"      --stall-exit-code=N    when COMMAND passed and a gate was breached (99)\n"
	"      --retry-exit-code=N    when COMMAND failed and a gate was breached\n"
	"      --retry=N              run COMMAND again, up to N times, when it failed and a gate was\n"
	"                             breached, or all of its failed tests stood still\n"
	"      --no-retry-when-clean  let other failures stand (the default)\n"
	"      --retry-when-clean     repeat them, too\n"
	"Launch:\n"
	"  -u, --user=NAME|UID[:GID]  run COMMAND as this user\n"
	"      --timeout=DURATION     end COMMAND and all it started, exit with 124\n"
	"      --kill-after=DURATION  from SIGTERM to SIGKILL after a timeout (5s; 0: never)\n"
	"      --leftovers=leave|kill|wait  what COMMAND leaves running (leave)\n"
	"      --runner=auto|none|NAME    the test runner, to name tests in the report (auto)\n"
	"      --on-unsupported=run|fail    without BPF: run unmeasured, or exit with 125\n"
	"  -h, --help, -V, --version\n"
	"\n"
	"The exit status is COMMAND's own, or 128 + the signal that ended it; 124 after a\n"
	"timeout, 125 if latwrap itself failed, 126 or 127 if COMMAND could not be run.\n";

enum {
	OPTION_THRESHOLD = 256,
	OPTION_CPU_THRESHOLD,
	OPTION_IO_THRESHOLD,
	OPTION_HICCUP_THRESHOLD,
	OPTION_CPU,
	OPTION_IO,
	OPTION_ALSO,
	OPTION_SELF_PROFILE,
	OPTION_LOG,
	OPTION_LOG_WAIT,
	OPTION_MAX_STALLS,
	OPTION_COLOR,
	OPTION_STALL_EXIT_CODE,
	OPTION_RETRY_EXIT_CODE,
	OPTION_RETRY,
	OPTION_RETRY_WHEN_CLEAN,
	OPTION_NO_RETRY_WHEN_CLEAN,
	OPTION_TIMEOUT,
	OPTION_KILL_AFTER,
	OPTION_LEFTOVERS,
	OPTION_RUNNER,
	OPTION_ON_UNSUPPORTED,
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"threshold", required_argument, NULL, OPTION_THRESHOLD},
	{"cpu-threshold", required_argument, NULL, OPTION_CPU_THRESHOLD},
	{"io-threshold", required_argument, NULL, OPTION_IO_THRESHOLD},
	{"hiccup-threshold", required_argument, NULL, OPTION_HICCUP_THRESHOLD},
	{"cpu", required_argument, NULL, OPTION_CPU},
	{"io", required_argument, NULL, OPTION_IO},
	{"self-profile", no_argument, NULL, OPTION_SELF_PROFILE},
	{"also", required_argument, NULL, OPTION_ALSO},
	{"max-stalls", required_argument, NULL, OPTION_MAX_STALLS},
	{"log", required_argument, NULL, OPTION_LOG},
	{"log-wait", required_argument, NULL, OPTION_LOG_WAIT},
	{"quiet", no_argument, NULL, 'q'},
	{"color", required_argument, NULL, OPTION_COLOR},
	{"gate", required_argument, NULL, 'g'},
	{"stall-exit-code", required_argument, NULL, OPTION_STALL_EXIT_CODE},
	{"retry-exit-code", required_argument, NULL, OPTION_RETRY_EXIT_CODE},
	{"retry", required_argument, NULL, OPTION_RETRY},
	{"retry-when-clean", no_argument, NULL, OPTION_RETRY_WHEN_CLEAN},
	{"no-retry-when-clean", no_argument, NULL, OPTION_NO_RETRY_WHEN_CLEAN},
	{"user", required_argument, NULL, 'u'},
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	{"kill-after", required_argument, NULL, OPTION_KILL_AFTER},
	{"leftovers", required_argument, NULL, OPTION_LEFTOVERS},
	{"runner", required_argument, NULL, OPTION_RUNNER},
	{"on-unsupported", required_argument, NULL, OPTION_ON_UNSUPPORTED},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

/* -- Values ---------------------------------------------------------------------------------------- */

static int parse_duration(const char *option, const char *text, uint64_t *ret_ns)
{
	int r = duration_parse(text, ret_ns);

	if (r == -ERANGE)
		log_error("--%s: '%s' is no duration from 1ns to 584 years", option, text);
	else if (r < 0)
		log_error(
			"--%s: '%s' is not a duration; write a number and a unit, such as 500us, 5ms or 1.5s",
			option, text);
	return r;
}

static int parse_threshold(const char *option, const char *text, uint64_t *ret_ns)
{
	int r = parse_duration(option, text, ret_ns);

	if (r == 0 && *ret_ns == 0) {
		log_error("--%s: a threshold of 0 would make every wait a stall; the least is 1ns",
			  option);
		return -EINVAL;
	}
	return r;
}

/* Index of text in words, or -EINVAL with a message that lists them. */
static int parse_word(const char *option, const char *text, const char *const *words, size_t count)
{
	_cleanup_free_ char *list = xstrdup("");

	for (size_t i = 0; i < count; i++) {
		char *longer;

		if (streq(text, words[i]))
			return i;
		longer = xasprintf("%s%s%s", list, i ? ", " : "", words[i]);
		free(list);
		list = longer;
	}
	log_error("--%s: '%s' is none of %s", option, text, list);
	return -EINVAL;
}

static int parse_number(const char *option, const char *text, uint64_t least, uint64_t most,
			uint64_t *ret)
{
	uint64_t number;

	if (parse_u64(text, &number) < 0 || number < least || number > most) {
		log_error("--%s: '%s' is not a number from %llu to %llu", option, text,
			  (unsigned long long)least, (unsigned long long)most);
		return -EINVAL;
	}
	*ret = number;
	return 0;
}

static int parse_exit_code(const char *option, const char *text, int *ret)
{
	uint64_t number;
	int r = parse_number(option, text, 0, 255, &number);

	if (r == 0)
		*ret = number;
	return r;
}

static int parse_switch(const char *option, const char *text, bool *ret)
{
	static const char *const words[] = {"off", "on"};
	int r = parse_word(option, text, words, ARRAY_SIZE(words));

	if (r >= 0)
		*ret = r;
	return r;
}

static int parse_io(const char *text, struct session_options *session)
{
	static const char *const words[] = {"off", "on", "blocked"};
	int r = parse_word("io", text, words, ARRAY_SIZE(words));

	if (r >= 0) {
		session->io = r != 0;
		session->io_blocked = r == 2;
	}
	return r;
}

static int add_gate(struct run_options *options, const char *text)
{
	_cleanup_free_ char *message = NULL;
	struct gate gate;

	if (gate_parse(text, &gate, &message) < 0) {
		log_error("%s", message);
		return -EINVAL;
	}
	options->gates = xreallocarray(options->gates, options->gate_count + 1, sizeof(gate));
	options->gates[options->gate_count++] = gate;
	return 0;
}

static int add_also(struct run_options *options, const char *text)
{
	_cleanup_free_ char *message = NULL;

	if (options->also_count == GROUPS_MAX - 1) {
		log_error("--also '%s' is one too many; at most %d cgroups can be watched", text,
			  GROUPS_MAX - 1);
		return -E2BIG;
	}
	if (also_resolve(text, &options->also[options->also_count], &message) < 0) {
		log_error("%s", message);
		return -EINVAL;
	}
	options->also_count++;
	return 0;
}

static int set_user(struct run_options *options, const char *text)
{
	_cleanup_free_ char *message = NULL;

	if (options->has_user)
		user_free(&options->user);
	options->has_user = false;
	if (user_resolve(text, &options->user, &message) < 0) {
		log_error("%s", message);
		return -EINVAL;
	}
	options->has_user = true;
	return 0;
}

/* -- The line -------------------------------------------------------------------------------------- */

static int apply(struct run_options *options, int option, const char *value)
{
	static const char *const fates[] = {"leave", "kill", "wait"};
	static const char *const unsupported[] = {"run", "fail"};
	struct session_options *session = &options->session;
	uint64_t number;
	int r;

	switch (option) {
	case 'o':
		options->report_path = value;
		options->report_asked_for = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'g':
		return add_gate(options, value);
	case 'u':
		return set_user(options, value);
	case OPTION_THRESHOLD:
		r = parse_threshold("threshold", value, &session->cpu_threshold_ns);
		session->io_threshold_ns = session->cpu_threshold_ns;
		return r;
	case OPTION_CPU_THRESHOLD:
		return parse_threshold("cpu-threshold", value, &session->cpu_threshold_ns);
	case OPTION_IO_THRESHOLD:
		return parse_threshold("io-threshold", value, &session->io_threshold_ns);
	case OPTION_HICCUP_THRESHOLD:
		return parse_threshold("hiccup-threshold", value, &session->hiccup_threshold_ns);
	case OPTION_CPU:
		return parse_switch("cpu", value, &session->cpu);
	case OPTION_IO:
		return parse_io(value, session);
	case OPTION_SELF_PROFILE:
		session->self_profile = true;
		return 0;
	case OPTION_ALSO:
		return add_also(options, value);
	case OPTION_MAX_STALLS:
		r = parse_number("max-stalls", value, 0, 1000000, &number);
		if (r == 0)
			session->max_stalls = number;
		return r;
	case OPTION_LOG:
		options->log_path = value;
		return 0;
	case OPTION_LOG_WAIT:
		return parse_threshold("log-wait", value, &options->log_wait_ns);
	case OPTION_COLOR:
		options->color = value;
		if (cli_color(value, 2) >= 0)
			return 0;
		log_error("--color: '%s' is none of auto, always, never", value);
		return -EINVAL;
	case OPTION_STALL_EXIT_CODE:
		return parse_exit_code("stall-exit-code", value, &options->stall_exit_code);
	case OPTION_RETRY_EXIT_CODE:
		return parse_exit_code("retry-exit-code", value, &options->retry_exit_code);
	case OPTION_RETRY:
		r = parse_number("retry", value, 0, RETRIES_MAX, &number);
		if (r == 0)
			options->retry.limit = number;
		return r;
	case OPTION_RETRY_WHEN_CLEAN:
	case OPTION_NO_RETRY_WHEN_CLEAN:
		options->retry.when_clean = option == OPTION_RETRY_WHEN_CLEAN;
		return 0;
	case OPTION_TIMEOUT:
		return parse_duration("timeout", value, &session->timeout_ns);
	case OPTION_KILL_AFTER:
		return parse_duration("kill-after", value, &session->kill_after_ns);
	case OPTION_LEFTOVERS:
		r = parse_word("leftovers", value, fates, ARRAY_SIZE(fates));
		if (r >= 0)
			session->leftovers = r;
		return r;
	case OPTION_RUNNER:
		r = parse_word("runner", value, runner_names, RUNNERS);
		if (r >= 0)
			session->runner = (enum runner)r;
		return r < 0 ? r : 0;
	case OPTION_ON_UNSUPPORTED:
		r = parse_word("on-unsupported", value, unsupported, ARRAY_SIZE(unsupported));
		session->fail_unsupported = r == 1;
		return r;
	default:
		return -EINVAL;
	}
}

static void set_defaults(struct run_options *ret)
{
	*ret = (struct run_options){
		.report_path = "latwrap.json",
		.color = "auto",
		.stall_exit_code = 99,
		.retry_exit_code = -1,
		.log_wait_ns = NSEC_PER_MSEC,
		.session =
			{
				.cpu_threshold_ns = 5 * NSEC_PER_MSEC,
				.io_threshold_ns = 10 * NSEC_PER_MSEC,
				.hiccup_threshold_ns = 5 * NSEC_PER_MSEC,
				.cpu = true,
				.io = true,
				.kill_after_ns = 5 * NSEC_PER_SEC,
				.max_stalls = 1000,
				.checkpoint_ns = 30 * NSEC_PER_SEC,
			},
	};
}

enum options_result options_parse(int argc, char **argv, struct run_options *ret)
{
	int option;

	set_defaults(ret);
	opterr = 0;
	optind = 1;
	/* '+': the first word that is no option is the command, as for env(1) and timeout(1). */
	while ((option = getopt_long(argc, argv, "+:o:qg:u:hV", long_options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(help, stdout);
			return OPTIONS_DONE;
		case 'V':
			puts("latwrap " LATWRAP_VERSION);
			return OPTIONS_DONE;
		case ':':
			log_error("%s needs a value; see latwrap --help", argv[optind - 1]);
			return OPTIONS_BAD;
		case '?':
			log_error("unknown option '%s'; see latwrap --help", argv[optind - 1]);
			return OPTIONS_BAD;
		}
		if (apply(ret, option, optarg) < 0)
			return OPTIONS_BAD;
	}
	if (optind >= argc) {
		log_error(
			"no command given; write latwrap [OPTION]... -- COMMAND [ARG]..., or see latwrap --help");
		return OPTIONS_BAD;
	}
	if (!ret->session.cpu && !ret->session.io) {
		log_error("--cpu=off and --io=off together leave nothing to measure");
		return OPTIONS_BAD;
	}
	ret->session.argv = argv + optind;
	ret->session.user = ret->has_user ? &ret->user : NULL;
	ret->session.gates = ret->gates;
	ret->session.gate_count = ret->gate_count;
	ret->session.also = ret->also;
	ret->session.also_count = ret->also_count;
	return OPTIONS_RUN;
}

void options_done(struct run_options *options)
{
	for (size_t i = 0; i < options->gate_count; i++)
		gate_done(&options->gates[i]);
	free(options->gates);
	for (size_t i = 0; i < options->also_count; i++)
		also_done(&options->also[i]);
	if (options->has_user)
		user_free(&options->user);
}
