/* latwrap [OPTION]... COMMAND: run, judge, report. */
#include "cli/cmd_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/cmd_report.h"
#include "cli/cmd_span.h"
#include "cli/options.h"
#include "model/verdict.h"
#include "report/build.h"
#include "report/load.h"
#include "report/target.h"
#include "report/text.h"
#include "report/write.h"
#include "run/session.h"
#include "run/span_client.h"

#define EXIT_LATWRAP 125
#define EXIT_NOT_RUN 126

static void write_checkpoint(void *context, const struct run_facts *facts,
			     const struct model *model)
{
	struct verdict verdict;
	_cleanup_json_ cJSON *report = NULL;

	verdict_reach(model, facts, &verdict);
	report = report_build(
		&(struct report_source){.model = model, .facts = facts, .verdict = &verdict});
	report_write_to(report, context);
	verdict_done(&verdict);
}

/* A gate speaks only about a command that ran. */
static int judge(const struct run_options *options, const struct verdict *verdict,
		 const struct run_facts *facts, int status)
{
	bool ran = facts->exit.ended && status != EXIT_NOT_RUN && status != EXIT_NOT_RUN + 1;

	if (!verdict->breached || !ran)
		return status;
	if (status == 0)
		return options->stall_exit_code;
	return options->retry_exit_code >= 0 ? options->retry_exit_code : status;
}

/* written_to: NULL when the report went to a stream, or nowhere. */
static void print_summary(const struct run_options *options, const cJSON *report,
			  const char *written_to)
{
	struct text_options text = {
		.color = cli_color(options->color, STDERR_FILENO) > 0,
		.width = cli_width(STDERR_FILENO),
		.max_stalls = TEXT_STALLS_DEFAULT,
		.report_path = written_to,
	};
	_cleanup_free_ char *summary = NULL;
	size_t size;
	FILE *out;

	/* In one piece: what the command left running may still write. */
	out = open_memstream(&summary, &size);
	if (!out)
		return;
	report_print_text(report, out, &text);
	fclose(out);
	fwrite(summary, 1, size, stderr);
}

static int finish(const struct run_options *options, struct report_target *target,
		  const struct model *model, const struct run_facts *facts, int status)
{
	struct verdict verdict;
	_cleanup_json_ cJSON *report = NULL;
	bool written;

	verdict_reach(model, facts, &verdict);
	status = judge(options, &verdict, facts, status);
	report = report_build(&(struct report_source){
		.model = model,
		.facts = facts,
		.verdict = &verdict,
		.complete = true,
		.exit_status = status,
	});
	verdict_done(&verdict);
	/* A report that cannot be written is an error message, not a failure of the command's tests. */
	written = report_write_to(report, target) == 0 && !report_target_is_stream(target);
	if (!options->quiet)
		print_summary(options, report, written ? options->report_path : NULL);
	return status;
}

/* A run within a run is measured already, unless it is asked for what only a report of its own can give. */
static bool is_part_of_another(const struct run_options *options)
{
	return !options->report_asked_for && !options->gate_count && !options->also_count &&
	       options->session.runner == RUNNER_AUTO && span_client_is_inside();
}

int cmd_run(int argc, char **argv)
{
	struct run_options options;
	struct run_facts facts = {0};
	struct model *model = NULL;
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
	if (!report_target_is_stream(target)) {
		options.session.checkpoint = write_checkpoint;
		options.session.context = target;
	}
	status = session_run(&options.session, &facts, &model);
	if (model) {
		status = finish(&options, target, model, &facts, status);
		model_free(model);
	}
end:
	run_facts_done(&facts);
	options_done(&options);
	return status;
}
