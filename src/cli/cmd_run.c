/* latwrap [OPTION]... COMMAND: run the command, judge the run, write the report */
#include "cli/cmd_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/quote.h"
#include "base/util.h"
#include "cli/attempts.h"
#include "cli/inner_run.h"
#include "cli/output.h"
#include "cli/run_options.h"
#include "report/target.h"
#include "trace/trace.h"
#include "trace/trace_fault.h"

/* Whose file it becomes: the user's, or the caller's */
static int open_target(const struct run_options *options, const char *path,
		       struct report_target **ret)
{
	return report_target_open(path, options->has_user ? options->user.uid : (uid_t)-1,
				  options->has_user ? options->user.gid : (gid_t)-1, ret);
}

/* The line on standard output tells this success from that of --help. */
static int check(const struct run_options *options)
{
	_cleanup_(report_target_closep) struct report_target *report = NULL, *log = NULL;

	if (open_target(options, options->report_path, &report) < 0)
		return EXIT_LATWRAP;
	/* Opened as a report: a log would be emptied. */
	if (options->log_path && open_target(options, options->log_path, &log) < 0)
		return EXIT_LATWRAP;
	fputs("latwrap would run:", stdout);
	for (char *const *word = options->session.argv; *word; word++) {
		putchar(' ');
		quote_for_shell(*word, stdout);
	}
	putchar('\n');
	return output_flush_stdout() < 0 ? EXIT_LATWRAP : 0;
}

static int run_and_report(struct run_options *options)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;

	if (options->check)
		return check(options);
	if (is_inner_run(options))
		return inner_run(options);
	if (open_target(options, options->report_path, &target) < 0)
		return EXIT_LATWRAP;
	/*
	 * Ignored in a set-user-ID program or one with capabilities: it would let the caller change
	 * what a privileged run does.
	 */
	options->session.faults = secure_getenv("LATWRAP_FAULT");
	if (trace_has_fault(options->session.faults, "quick-checkpoints", ""))
		options->session.checkpoint_ns = 0;
	return run_attempts(options, target);
}

static int cmd_run(int argc, char **argv)
{
	struct run_options options;
	int status = run_options_parse(&run_command, argc, argv, &options);

	if (status == 0)
		status = run_and_report(&options);
	run_options_done(&options);
	return status;
}

const struct cli_command run_command = {
	.name = "run",
	.usage = "[run] [OPTION]... [--] COMMAND [ARG]...",
	.about =
		"Runs COMMAND in its own cgroup, measures how long its threads wait for a CPU and how "
		"long its file operations take, and writes a report of every stall.",
	.notes =
		"The exit status is that of COMMAND, or 128 + the signal that ended it; 124 after a "
		"timeout, 125 if latwrap fails, 126 or 127 if COMMAND cannot be run.",
	.options = run_option_specs,
	.operands = OPERANDS_COMMAND,
	.usage_status = EXIT_LATWRAP,
	.run = cmd_run,
};
