/* latwrap shake: run the command again and again, disturb it, and find each test's margin */
#include "cli/cmd_shake.h"

#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/run_options.h"
#include "cli/shake_runs.h"
#include "report/target.h"
#include "shake/fail_below.h"
#include "shake/shake_file.h"
#include "shake/shake_words.h"
#include "trace/trace_fault.h"

#define STATUS_BELOW   99
#define STATUS_UNKNOWN 98

static int fill_json(FILE *out, void *userdata)
{
	shake_print_json(userdata, out);
	return 0;
}

/* In one piece: leftovers may still write to standard error. */
static void print_summary(const struct shake *shake, enum color color, const char *written_to)
{
	_cleanup_free_ char *summary = NULL;
	size_t size;
	FILE *out = open_memstream(&summary, &size);

	if (!out)
		return;
	shake_print_text(shake, terminal_color(color, STDERR_FILENO), written_to, out);
	fclose(out);
	log_text(summary, size);
}

static int exit_status(const struct shake_options *options, const struct shake *shake)
{
	_cleanup_free_ char *message = NULL;
	enum fail_below found = FAIL_BELOW_NONE;

	if (options->fail_below_ns)
		found = fail_below_judge(shake, options->fail_below_ns, options->names, &message);
	if (message)
		log_error("--fail-below: %s", message);
	return found == FAIL_BELOW_SOME      ? STATUS_BELOW
	       : found == FAIL_BELOW_UNKNOWN ? STATUS_UNKNOWN
					     : 0;
}

static int shake_and_report(struct shake_options *options, struct shake *shake)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	const struct run_options *run = &options->run;
	bool written;
	int status, signal;

	if (report_target_open(run->report_path, run->has_user ? run->user.uid : (uid_t)-1,
			       run->has_user ? run->user.gid : (gid_t)-1, &target) < 0)
		return EXIT_LATWRAP;
	options->run.session.faults = secure_getenv("LATWRAP_FAULT");
	log_set_quiet(run->quiet);
	status = shake_runs(options, shake, &signal);
	if (status)
		return status;
	report_target_last_time(target, !shake->complete);
	written = report_target_write(target, fill_json, shake) == 0 &&
		  !report_target_is_stream(target);
	if (!run->quiet)
		print_summary(shake, run->color, written ? run->report_path : NULL);
	return signal ? 128 + signal : exit_status(options, shake);
}

static int cmd_shake(int argc, char **argv)
{
	struct shake_options options;
	_cleanup_(shake_freep) struct shake *shake = xcalloc(1, sizeof(*shake));
	int status = shake_options_parse(&shake_command, argc, argv, &options);

	if (status == 0)
		status = shake_and_report(&options, shake);
	shake_options_done(&options);
	return status;
}

const struct cli_command shake_command = {
	.name = "shake",
	.usage = "shake [OPTION]... [--] COMMAND [ARG]...",
	.about =
		"Runs COMMAND again and again and lets each of its tests stand still for a while, to "
		"find the time after which the test fails: its margin.",
	.notes =
		"Exit status: 0; with --fail-below, 99 if a test fails, and otherwise 98 if one has no "
		"result; 128 + the signal that ended it; 125 if latwrap fails, 126 or 127 if COMMAND "
		"cannot be run.",
	.options = shake_option_specs,
	.operands = OPERANDS_COMMAND,
	.usage_status = EXIT_LATWRAP,
	.run = cmd_shake,
};
