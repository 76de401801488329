/* Parse the options of a run, of a job, and of runs that are shaken */
#include "cli/run_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "answer/baseline.h"
#include "base/log.h"
#include "base/util.h"
#include "report/load.h"
#include "run/cgroup_open.h"
#include "run/job_place.h"

/* The report contains the reports of all attempts. */
#define RETRIES_MAX 10

#define SHAKE_THRESHOLD_NS (5 * NSEC_PER_MSEC)

#define PERCENT_PPM UINT64_C(10000) /* millionths */

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
		log_warning("the run continues without the baseline '%s'", path);
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

static int note_measurement(void *target, const char *text)
{
	struct run_options *options = target;

	(void)text;
	options->measurement_asked_for = true;
	return 0;
}

static int add_junit(void *target, const char *pattern)
{
	struct run_options *options = target;
	struct junit_patterns *junit = &options->junit;

	if (!*pattern) {
		log_error("--junit: the pattern is empty: name the files, such as '**/TEST-*.xml'");
		return -EINVAL;
	}
	/* A job goes to another directory. */
	if (!junit->count)
		junit->directory_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (junit->directory_fd < 0)
		return log_errno(errno, "--junit: cannot open the working directory");
	junit->list = grow_array(junit->list, junit->count, sizeof(char *));
	junit->list[junit->count++] = (char *)pattern;
	return note_measurement(target, pattern);
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

static int set_both_thresholds(void *target, const char *text)
{
	struct run_options *options = target;

	options->session.io_threshold_ns = options->session.cpu_threshold_ns;
	return note_measurement(target, text);
}

/* "5%" or "0.5%", in millionths. Returns 0, or -EINVAL for anything else. */
static int parse_percent(const char *text, uint64_t *ret_ppm)
{
	uint64_t ppm, digit_ppm = PERCENT_PPM;

	if (take_u64(&text, &ppm) < 0 || __builtin_mul_overflow(ppm, PERCENT_PPM, &ppm))
		return -EINVAL;
	if (*text == '.' && text[1] != '%')
		for (text++; *text >= '0' && *text <= '9' && digit_ppm > 1; text++) {
			digit_ppm /= 10;
			ppm += (uint64_t)(*text - '0') * digit_ppm;
		}
	if (!streq(text, "%"))
		return -EINVAL;
	*ret_ppm = ppm;
	return 0;
}

static int set_overhead(void *target, const char *text)
{
	struct run_options *options = target;
	uint64_t ppm;

	if (parse_percent(text, &ppm) < 0 || ppm == 0 || ppm > 100 * PERCENT_PPM) {
		log_error("--overhead: '%s' is not a share from 0.0001%% to 100%%, such as 5%%",
			  text);
		return -EINVAL;
	}
	options->session.overhead_ppm = ppm;
	return note_measurement(target, text);
}

static int note_report(void *target, const char *text)
{
	struct run_options *options = target;

	(void)text;
	options->report_asked_for = true;
	return 0;
}

static int check_name(void *target, const char *text)
{
	const char *complaint = job_name_complaint(text);

	(void)target;
	if (complaint)
		log_error("--name '%s': %s", text, complaint);
	return complaint ? -EINVAL : 0;
}

/* Answers at once, and not only in the background. */
static int check_cgroup(void *target, const char *text)
{
	_cleanup_free_ char *message = NULL;
	struct cgroup cgroup = CGROUP_NONE;

	(void)target;
	if (geteuid() != 0)
		message = xasprintf("'%s' shows what other users run: run latwrap as root", text);
	else
		cgroup_open_path(text, &cgroup, &message);
	cgroup_close(&cgroup);
	if (!message)
		return 0;
	log_error("--cgroup: %s", message);
	return -EINVAL;
}

static int note_seed(void *target, const char *text)
{
	struct shake_options *options = target;

	(void)text;
	options->has_seed = true;
	return 0;
}

static int note_at(void *target, const char *text)
{
	struct shake_options *options = target;

	(void)text;
	options->has_at = true;
	return 0;
}

static int add_test(void *target, const char *text)
{
	struct shake_options *options = target;

	options->names = xreallocarray(options->names, options->name_count + 2, sizeof(char *));
	options->names[options->name_count++] = (char *)text;
	options->names[options->name_count] = NULL;
	return 0;
}

static int load_replay(void *target, const char *path)
{
	struct shake_options *options = target;

	options->replay = report_free(options->replay);
	return report_load(path, &options->replay);
}

static int add_service(void *target, const char *text)
{
	struct shake_options *options = target;

	options->disturbance = DISTURB_SERVICE;
	return add_watched(target, text);
}

/* -- The table ------------------------------------------------------------------------------------- */

static const char *const switch_words[] = {"off", "on"};
static const char *const io_words[] = {[IO_ON] = "on", [IO_BLOCKED] = "blocked", [IO_OFF] = "off"};
static const char *const unsupported_words[] = {"run", "fail"};
static const char *const job_export_words[] = {
	[JOB_EXPORT_NONE] = "none", [JOB_EXPORT_SH] = "sh", [JOB_EXPORT_GITHUB] = "github"};

#define RUN(member)  FIELD(struct run_options, member)
#define JOB(member)  FIELD(struct job_options, member)
#define WORDS(array) .words = array, .word_count = ARRAY_SIZE(array)

const struct option_spec run_option_specs[] = {
	{"output", 'o', OPTION_FILE, "latwrap.json", RUN(report_path), .set = note_report,
	 .heading = "Report", .help = "write the report to FILE; - is standard output"},
	{"quiet", 'q', OPTION_FLAG, RUN(quiet), .help = "print no summary"},
	COLOR_OPTION(struct run_options, color),
#include "cli/measure_options.def"
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
	 .help = "after this time, end COMMAND and all its processes, and exit with 124"},
	{"kill-after", 0, OPTION_DURATION, "5s", RUN(session.kill_after_ns),
	 .help = "the time from SIGTERM to SIGKILL after a timeout; 0: no SIGKILL"},
	{"leftovers", 0, OPTION_CHOICE, "leave", RUN(session.leftovers), .words = leftovers_names,
	 .word_count = LEFTOVERS_WAIT + 1,
	 .help = "what to do with processes that COMMAND leaves running"},
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

const struct option_spec job_option_specs[] = {
	{"name", 0, OPTION_TEXT, "default", JOB(name), .value = "NAME", .set = check_name,
	 .heading = "Job",
	 .help = "the name of the job, for latwrap stop; each job of a user has its own"},
	{"cgroup", 0, OPTION_TEXT, JOB(cgroup), .value = "PATH", .set = check_cgroup,
	 .help = "measure this cgroup, instead of that of the caller"},
	{"export", 0, OPTION_CHOICE, "none", JOB(export), .words = job_export_words,
	 .word_count = JOB_EXPORTS,
	 .help = "how later steps name their tests: sh prints lines for eval, github "
		 "writes to $GITHUB_ENV and $GITHUB_PATH"},
	{"timeout", 0, OPTION_DURATION, "6h", RUN(session.timeout_ns),
	 .help = "end the job if nobody stops it; 0: never"},
	{"user", 'u', OPTION_USER, .set = set_user,
	 .help = "the user of the tests, who gets the report: a name, or UID[:GID]"},
	{"runner", 0, OPTION_CHOICE, "auto", RUN(session.runner), .value = "auto|none|NAME",
	 .words = runner_names, .word_count = RUNNERS,
	 .help = "the test runner that the steps start, to name tests in the report"},
	{"on-unsupported", 0, OPTION_CHOICE, "run", RUN(session.fail_unsupported),
	 WORDS(unsupported_words), .help = "without BPF: start unmeasured, or exit with 125"},
	{"output", 'o', OPTION_FILE, "latwrap.json", RUN(report_path), .heading = "Report",
	 .help = "write the report to FILE"},
/* Both commands have these rows. NOLINTNEXTLINE(readability-duplicate-include) */
#include "cli/measure_options.def"
	{"stall-exit-code", 0, OPTION_NUMBER, "99", RUN(stall_exit_code), .most = 255,
	 .help = "the exit status of latwrap stop when a gate is breached"},
	HELP_OPTION,
	{0},
};

#define SHAKE(member) FIELD(struct shake_options, member)

const struct option_spec shake_option_specs[] = {
	{"disturb", 0, OPTION_CHOICE, "pause", SHAKE(disturbance), .words = disturbance_names,
	 .word_count = DISTURB_SERVICE,
	 .heading = "Disturbance (durations have a unit: 500us, 5ms, 1.5s, 2m)",
	 .help = "let the run stand still, starve it by real-time load on its CPUs, or answer late when "
		 "it opens and reads files"},
	{"length", 0, OPTION_DURATION, SHAKE(length_ns), .least = 1,
	 .help = "try this length only, instead of searching for the one that makes a test fail"},
	{"longest", 0, OPTION_DURATION, "1s", SHAKE(longest_ns), .least = NSEC_PER_MSEC,
	 .help = "the longest disturbance of the search"},
	{"test", 0, OPTION_TEXT, .value = "NAME", .set = add_test, .repeats = true,
	 .help = "disturb this test only"},
	{"at", 0, OPTION_DURATION, SHAKE(at_ns), .set = note_at,
	 .help = "disturb so long after the begin of the test, instead of at random"},
	{"seed", 0, OPTION_NUMBER, SHAKE(seed), .most = UINT32_MAX, .set = note_seed,
	 .help = "choose the places in a test as an earlier run with this seed did"},
	{"replay", 0, OPTION_FILE, SHAKE(replay_path), .value = "REPORT", .set = load_replay,
	 .help = "put the stalls of the failed tests of this report where they were, instead of "
		 "searching"},
	{"also", 0, OPTION_TEXT, .value = "CGROUP|UNIT", .set = add_service, .repeats = true,
	 .help = "let this cgroup or systemd unit stand still, instead of the run"},

	{"runs", 0, OPTION_NUMBER, "500", SHAKE(most_runs), .least = 1, .most = UINT32_MAX,
	 .heading = "Effort", .help = "run COMMAND at most N times"},
	{"time", 0, OPTION_DURATION, "10m", SHAKE(time_ns), .least = 1,
	 .help = "stop after this time, and report what was found"},
	{"tries", 0, OPTION_NUMBER, "5", SHAKE(tries), .least = 1, .most = 1000,
	 .help = "how often to try a length before it counts"},
	{"undisturbed", 0, OPTION_NUMBER, "3", SHAKE(undisturbed), .least = 1, .most = 1000,
	 .help = "run COMMAND so often without a disturbance first"},

	{"output", 'o', OPTION_FILE, "latwrap-shake.json", RUN(report_path), .heading = "Report",
	 .help = "write the report to FILE; - is standard output"},
	{"quiet", 'q', OPTION_FLAG, RUN(quiet),
	 .help = "print no summary, and nothing between runs"},
	COLOR_OPTION(struct run_options, color),
	{"fail-below", 0, OPTION_DURATION, SHAKE(fail_below_ns), .least = 1,
	 .help = "exit with 99 if a test fails at this length or a shorter one, and with 98 if one "
		 "has no result there"},

	{"user", 'u', OPTION_USER, .set = set_user, .heading = "Launch",
	 .help = "run COMMAND as this user: a name, or UID[:GID]"},
	{"timeout", 0, OPTION_DURATION, RUN(session.timeout_ns),
	 .help = "end a run after this time, which is a failure; without it, after ten times the "
		 "longest undisturbed run and a minute"},
	{"kill-after", 0, OPTION_DURATION, "5s", RUN(session.kill_after_ns),
	 .help = "the time from SIGTERM to SIGKILL after a timeout; 0: no SIGKILL"},
	{"leftovers", 0, OPTION_CHOICE, "kill", RUN(session.leftovers), .words = leftovers_names,
	 .word_count = LEFTOVERS_WAIT + 1,
	 .help = "what to do with processes that a run leaves running"},
	{"runner", 0, OPTION_CHOICE, "auto", RUN(session.runner), .value = "auto|none|NAME",
	 .words = runner_names, .word_count = RUNNERS,
	 .help = "the test runner that COMMAND starts, to name tests in the report"},
	{"include", 0, OPTION_TEXT, .value = "PATTERN", .set = add_include, .repeats = true,
	 .help = "cgroups whose tests have names, too; they are not disturbed"},
	HELP_OPTION,
	{0},
};

/* -- Parsing --------------------------------------------------------------------------------------- */

static void set_defaults(struct run_options *ret)
{
	*ret = (struct run_options){
		.retry_exit_code = -1,
		.session.checkpoint_ns = 30 * NSEC_PER_SEC,
	};
}

/* Returns 0 or the exit status for a wrong command line. */
static int apply_options(const struct cli_command *command, struct run_options *options)
{
	struct session_options *session = &options->session;

	session->io = options->io != IO_OFF;
	session->io_blocked = options->io == IO_BLOCKED;
	if (!session->cpu && !session->io)
		return usage_error(command,
				   "--cpu=off and --io=off together leave nothing to measure");
	if (session->overhead_ppm && options->log_path)
		return usage_error(command,
				   "--overhead can end the counting of calls, and --log has each "
				   "call: leave out one of the two");
	session->user = options->has_user ? &options->user : NULL;
	session->gates = options->gates;
	session->gate_count = options->gate_count;
	session->baseline = options->baseline;
	session->watched = options->watched;
	session->watched_count = options->watched_count;
	session->include = &options->include;
	return 0;
}

int run_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct run_options *ret)
{
	char **operands;
	int r;

	set_defaults(ret);
	r = options_parse(command, argc, argv, ret, &operands);
	if (r)
		return r;
	if (!*operands)
		return usage_error(command,
				   "no command; write latwrap [OPTION]... -- COMMAND [ARG]...");
	ret->session.argv = operands;
	return apply_options(command, ret);
}

int job_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct job_options *ret)
{
	char **operands;
	int r;

	*ret = (struct job_options){0};
	set_defaults(&ret->run);
	r = options_parse(command, argc, argv, ret, &operands);
	if (r)
		return r;
	if (*operands)
		return usage_error(
			command,
			"'%s': latwrap start runs no command; it measures the steps after it",
			*operands);
	return apply_options(command, &ret->run);
}

/* What it takes to name tests, and to know which failures the machine made */
static void measure_little(struct run_options *run)
{
	run->io = IO_OFF;
	run->session.cpu = true;
	run->session.cpu_threshold_ns = run->session.hiccup_threshold_ns = SHAKE_THRESHOLD_NS;
	run->session.checkpoint_ns = 0;
	run->session.may_repeat = true;
}

int shake_options_parse(const struct cli_command *command, int argc, char **argv,
			struct shake_options *ret)
{
	char **operands;
	int r;

	*ret = (struct shake_options){0};
	set_defaults(&ret->run);
	ret->names = xcalloc(1, sizeof(char *));
	r = options_parse(command, argc, argv, ret, &operands);
	if (r)
		return r;
	if (!*operands)
		return usage_error(
			command, "no command; write latwrap shake [OPTION]... -- COMMAND [ARG]...");
	if (ret->replay && (ret->length_ns || ret->has_at))
		return usage_error(command,
				   "--replay takes place and length from the report: leave "
				   "out --length and --at");
	if (ret->length_ns && ret->fail_below_ns && ret->length_ns != ret->fail_below_ns)
		return usage_error(command,
				   "--length tries no other length, so --fail-below would not be "
				   "tried: give both the same one, or leave out --length");
	/* The search tries that length, too. */
	ret->longest_ns = MAX(ret->longest_ns, ret->fail_below_ns);
	ret->run.session.argv = operands;
	measure_little(&ret->run);
	/* Who answers for files is woken by strangers, too, and the path of a test would go through them. */
	ret->run.session.services = ret->disturbance != DISTURB_FILES;
	return apply_options(command, &ret->run);
}

void shake_options_done(struct shake_options *options)
{
	free(options->names);
	report_free(options->replay);
	run_options_done(&options->run);
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
	if (options->junit.count)
		close_fd(options->junit.directory_fd);
	free(options->junit.list);
	if (options->has_user)
		user_free(&options->user);
}
