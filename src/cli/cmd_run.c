/* latwrap [OPTION]... COMMAND: run, judge, report. */
#include "cli/cmd_run.h"

#include <stdlib.h>

#include "base/util.h"
#include "cli/attempts.h"
#include "cli/cmd_span.h"
#include "cli/options.h"
#include "report/target.h"
#include "runners/span_client.h"
#include "trace/trace.h"

#define EXIT_LATWRAP 125

/* A run within a run is measured already, unless it is asked for what only a report of its own can give. */
static bool is_part_of_another(const struct run_options *options)
{
	return !options->report_asked_for && !options->gate_count && !options->also_count &&
	       !options->retry.limit && !options->log_path &&
	       options->session.runner == RUNNER_AUTO && span_client_is_inside();
}

int cmd_run(int argc, char **argv)
{
	struct run_options options;
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int status = EXIT_LATWRAP;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		status = 0;
		goto end;
	case OPTIONS_BAD:
		goto end;
	case OPTIONS_RUN:
		break;
	}
	if (is_part_of_another(&options)) {
		status = cmd_span_nested(&options);
		goto end;
	}
	if (report_target_open(options.report_path, options.has_user ? options.user.uid : (uid_t)-1,
			       options.has_user ? options.user.gid : (gid_t)-1, &target) < 0)
		goto end;
	/* Not for setuid or setcap: it would let the caller change what a privileged run does. */
	options.session.faults = secure_getenv("LATWRAP_FAULT");
	if (trace_has_fault(options.session.faults, "quick-checkpoints", ""))
		options.session.checkpoint_ns = 0;
	status = run_attempts(&options, target);
end:
	options_done(&options);
	return status;
}
