/* Parse the options of a run */
#include "cli/run_options.h"

#include <errno.h>
#include <stdlib.h>

#include "answer/baseline.h"
#include "base/log.h"
#include "base/util.h"
#include "report/load.h"

/* The report contains the reports of all attempts. */
#define RETRIES_MAX 10

static int add_gate(void *target, const char *text)
{
	_cleanup_free_ char *message = NULL;
	struct run_options *options = target;
	struct gate gate;

	if (gate_parse(text, &gate, &message) < 0) {
		log_error("%s", message);
		return -EINVAL;
	}
	options->gates = xreallocarray(options->gates, options->gate_count + 1, sizeof(gate));
	options->gates[options->gate_count++] = gate;
	return 0;
}

/* A report that is missing or broken must not keep the command from running: report_load() says so. */
static int add_baseline(void *target, const char *path)
{
	struct run_options *options = target;
	_cleanup_report_ struct report *report = NULL;

	if (report_load(path, &report) < 0) {
		log_warning("the run goes on without the baseline '%s'", path);
		return 0;
	}
	if (!options->baseline)
		options->baseline = baseline_new();
	baseline_add(options->baseline, report);
	return 0;
}

static int add_watched(void *target, const char *text)
{
	_cleanup_free_ char *message = NULL;
	struct run_options *options = target;

	if (options->watched_count == GROUPS_MAX - 1) {
		log_error("--also '%s' is one too many: latwrap can watch at most %d cgroups", text,
			  GROUPS_MAX - 1);
		return -E2BIG;
	}
	if (watched_cgroup_resolve(text, &options->watched[options->watched_count], &message) < 0) {
		log_error("%s", message);
		return -EINVAL;
	}
	options->watched_count++;
	return 0;
}

static int add_include(void *target, const char *text)
{
	_cleanup_free_ char *message = NULL;
	struct run_options *options = target;

	if (include_add(&options->include, text, &message) < 0) {
		log_error("%s", message);
		return -EINVAL;
	}
	return 0;
}

static int set_user(void *target, const char *text)
{
	_cleanup_free_ char *message = NULL;
	struct run_options *options = target;

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

static int note_measurement(void *target, const char *text)
{
	struct run_options *options = target;

	(void)text;
	options->measurement_asked_for = true;
	return 0;
}

static int set_both_thresholds(void *target, const char *text)
{
	struct run_options *options = target;

	options->session.io_threshold_ns = options->session.cpu_threshold_ns;
	return note_measurement(target, text);
}

static int note_report(void *target, const char *text)
{
	struct run_options *options = target;

	(void)text;
	options->report_asked_for = true;
	return 0;
}

/* -- The table ------------------------------------------------------------------------------------- */

static const char *const switch_words[] = {"off", "on"};
static const char *const io_words[] = {[IO_ON] = "on", [IO_BLOCKED] = "blocked", [IO_OFF] = "off"};
static const char *const unsupported_words[] = {"run", "fail"};

#define RUN(member)  FIELD(struct run_options, member)
#define WORDS(array) .words = array, .word_count = ARRAY_SIZE(array)

const struct option_spec run_option_specs[] = {
	{"output", 'o', OPTION_FILE, "latwrap.json", RUN(report_path), .set = note_report,
	 .heading = "Report", .help = "write the report to FILE; - is standard output"},
	{"max-stalls", 0, OPTION_NUMBER, "1000", RUN(session.max_stalls), .most = 100000,
	 .set = note_measurement, .help = "keep the N longest stalls of each kind"},
	{"self-profile", 0, OPTION_FLAG, RUN(session.self_profile), .set = note_measurement,
	 .help = "measure what latwrap's own BPF programs cost"},
	{"log", 0, OPTION_FILE, RUN(log_path),
	 .help = "write each file operation, process and longer wait to FILE, as JSON lines"},
	{"log-wait", 0, OPTION_DURATION, "1ms", RUN(log_wait_ns), .least = 1,
	 .help = "the shortest wait for a CPU in the log"},
	{"quiet", 'q', OPTION_FLAG, RUN(quiet), .help = "print no summary"},
	COLOR_OPTION(struct run_options, color),

	{"threshold", 0, OPTION_DURATION, RUN(session.cpu_threshold_ns), .least = 1,
	 .set = set_both_thresholds,
	 .heading = "What counts as a stall (durations have a unit: 500us, 5ms, 1.5s, 2m)",
	 .help = "set --cpu-threshold and --io-threshold"},
	{"cpu-threshold", 0, OPTION_DURATION, "5ms", RUN(session.cpu_threshold_ns), .least = 1,
	 .set = note_measurement, .help = "the shortest stall of a thread that waits for a CPU"},
	{"io-threshold", 0, OPTION_DURATION, "10ms", RUN(session.io_threshold_ns), .least = 1,
	 .set = note_measurement, .help = "the shortest stall in a file operation"},
	{"hiccup-threshold", 0, OPTION_DURATION, "5ms", RUN(session.hiccup_threshold_ns),
	 .least = 1, .set = note_measurement,
	 .help = "the shortest stall of a CPU that takes no interrupt"},
	{"cpu", 0, OPTION_CHOICE, "on", "on|off", RUN(session.cpu), WORDS(switch_words),
	 .set = note_measurement, .help = "measure waits for a CPU"},
	{"io", 0, OPTION_CHOICE, "on", RUN(io), WORDS(io_words), .set = note_measurement,
	 .help = "measure file operations; blocked: only while they sleep"},
	{"services", 0, OPTION_CHOICE, "on", "on|off", RUN(session.services), WORDS(switch_words),
	 .set = note_measurement, .help = "follow what COMMAND wakes outside its cgroup"},
	{"include", 0, OPTION_TEXT, .value = "PATTERN", .set = add_include, .repeats = true,
	 .help = "cgroups that are part of the run, such as 'system.slice/docker-*.scope'"},
	{"also", 0, OPTION_TEXT, .value = "CGROUP|UNIT", .set = add_watched, .repeats = true,
	 .help = "measure this cgroup or systemd unit too, and report it apart"},

	{"gate", 'g', OPTION_TEXT, .value = "GATE", .set = add_gate, .repeats = true,
	 .heading = "Judgement",
	 .help = "a limit, such as 'cpu.max<100ms', 'io.count<=10' or 'any.total<1s'"},
	{"baseline", 0, OPTION_FILE, .value = "REPORT", .set = add_baseline, .repeats = true,
	 .help = "compare a failed test with what it lost in this earlier report, where it passed"},
	{"stall-exit-code", 0, OPTION_NUMBER, "99", RUN(stall_exit_code), .most = 255,
	 .help = "the exit status when COMMAND passes and a gate is breached"},
	{"retry-exit-code", 0, OPTION_NUMBER, RUN(retry_exit_code), .most = 255,
	 .help = "the exit status when COMMAND fails and a gate is breached"},
	{"retry", 0, OPTION_NUMBER, RUN(retry.limit), .most = RETRIES_MAX,
	 .help = "run COMMAND again, up to N times, when it fails and a gate is breached or "
		 "the machine made all of its failed tests fail"},
	{"no-retry-when-clean", 0, OPTION_CONSTANT, RUN(retry.when_clean), .least = false,
	 .help = "do not repeat other failures (the default)"},
	{"retry-when-clean", 0, OPTION_CONSTANT, RUN(retry.when_clean), .least = true,
	 .help = "repeat other failures too"},

	{"user", 'u', OPTION_USER, .set = set_user, .heading = "Launch",
	 .help = "run COMMAND as this user: a name, or UID[:GID]"},
	{"timeout", 0, OPTION_DURATION, RUN(session.timeout_ns),
	 .help = "end COMMAND and all that it started, exit with 124"},
	{"kill-after", 0, OPTION_DURATION, "5s", RUN(session.kill_after_ns),
	 .help = "the time from SIGTERM to SIGKILL after a timeout; 0: no SIGKILL"},
	{"leftovers", 0, OPTION_CHOICE, "leave", RUN(session.leftovers), .words = leftovers_names,
	 .word_count = LEFTOVERS_WAIT + 1,
	 .help = "what happens to processes that COMMAND leaves running"},
	{"runner", 0, OPTION_CHOICE, "auto", RUN(session.runner), .value = "auto|none|NAME",
	 .words = runner_names, .word_count = RUNNERS,
	 .help = "the test runner that COMMAND starts, to name tests in the report"},
	{"on-unsupported", 0, OPTION_CHOICE, "run", RUN(session.fail_unsupported),
	 WORDS(unsupported_words), .set = note_measurement,
	 .help = "without BPF: run COMMAND unmeasured, or exit with 125"},
	{"check", 0, OPTION_FLAG, RUN(check),
	 .help = "say what would run with these options, or what is wrong with them; run nothing"},
	HELP_OPTION,
	{"version", 'V', OPTION_VERSION, .help = "show the version and exit"},
	{0},
};

/* -- Parsing --------------------------------------------------------------------------------------- */

int run_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct run_options *ret)
{
	char **operands;
	int r;

	*ret = (struct run_options){
		.retry_exit_code = -1,
		.session.checkpoint_ns = 30 * NSEC_PER_SEC,
	};
	r = options_parse(command, argc, argv, ret, &operands);
	if (r)
		return r;
	if (!*operands)
		return usage_error(command,
				   "no command; write latwrap [OPTION]... -- COMMAND [ARG]...");
	ret->session.io = ret->io != IO_OFF;
	ret->session.io_blocked = ret->io == IO_BLOCKED;
	if (!ret->session.cpu && !ret->session.io)
		return usage_error(command,
				   "--cpu=off and --io=off together leave nothing to measure");
	ret->session.argv = operands;
	ret->session.user = ret->has_user ? &ret->user : NULL;
	ret->session.gates = ret->gates;
	ret->session.gate_count = ret->gate_count;
	ret->session.baseline = ret->baseline;
	ret->session.watched = ret->watched;
	ret->session.watched_count = ret->watched_count;
	ret->session.include = &ret->include;
	return 0;
}

void run_options_done(struct run_options *options)
{
	for (size_t i = 0; i < options->gate_count; i++)
		gate_done(&options->gates[i]);
	free(options->gates);
	baseline_free(options->baseline);
	for (size_t i = 0; i < options->watched_count; i++)
		watched_cgroup_done(&options->watched[i]);
	include_done(&options->include);
	if (options->has_user)
		user_free(&options->user);
}
