/* latwrap stop: end a job, show its report and judge its gates */
#include "cli/cmd_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/job_file.h"
#include "cli/summary.h"
#include "cli/terminal.h"
#include "report/load.h"
#include "views/view.h"

struct arguments {
	const char *name;
	enum color color;
	bool quiet;
};

/* -- Ending ---------------------------------------------------------------------------------------- */

/* Passes on what the recorder has said since the last call. */
static void show_messages(int fd)
{
	char text[4096];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		log_text(text, (size_t)n);
}

/* Returns when the recorder has ended. */
static void end(const struct job_place *place, const struct arguments *args)
{
	const struct job_request request = {.color = (unsigned char)args->color,
					    .quiet = args->quiet};
	_cleanup_close_ int fd = job_place_ask(place, &request);
	char end;

	while (fd >= 0 && read(fd, &end, sizeof(end)) < 0 && errno == EINTR)
		;
	job_place_wait(place);
}

/* -- Without its recorder -------------------------------------------------------------------------- */

/* The report is the last checkpoint, if the recorder came that far. Gates that hold may do so by now only. */
static int judge_checkpoint(const struct job_place *place, const struct arguments *args)
{
	_cleanup_report_ struct report *report = NULL;
	struct job_record record;
	int r = job_file_read(place, &record);
	_cleanup_free_ char *memory = record.memory;

	if (r == 0 && access(record.report_path, F_OK) == 0)
		r = report_load(record.report_path, &report);
	if (r < 0 || !report || !streq(report->run.id, record.id)) {
		log_error(
			"the recorder of job '%s' was killed before its first checkpoint: there is no "
			"report",
			args->name);
		return 0;
	}
	log_error("the recorder of job '%s' was killed: the report is its last checkpoint",
		  args->name);
	if (!args->quiet)
		summary_print(report, args->color, record.report_path);
	return view_gates_breached(report) ? record.stall_exit_code : 0;
}

/* -- The command line ------------------------------------------------------------------------------ */

static int stop(const struct arguments *args)
{
	struct job_place place;
	int status = -ENOENT;
	int messages = -1;

	if (!job_name_complaint(args->name) && job_place_find(args->name, &place) == 0) {
		messages = openat(place.fd, JOB_MESSAGES, O_RDONLY | O_CLOEXEC);
		show_messages(messages);
		end(&place, args);
		show_messages(messages);
		status = job_file_read_status(&place);
		/* Somebody else may have stopped it meanwhile. */
		if (status < 0 && faccessat(place.fd, JOB_FILE, F_OK, 0) == 0)
			status = judge_checkpoint(&place, args);
		if (status >= 0)
			job_place_remove(&place);
		close_fd(messages);
		job_place_close(&place);
	}
	if (status >= 0)
		return status;
	log_error("no job '%s' is running that %s started: begin one with latwrap start",
		  args->name, geteuid() == 0 ? "root" : "you");
	return EXIT_LATWRAP;
}

static const struct option_spec specs[] = {
	{"name", 0, OPTION_TEXT, "default", FIELD(struct arguments, name), .value = "NAME",
	 .help = "the name of the job that latwrap start was given"},
	{"quiet", 'q', OPTION_FLAG, FIELD(struct arguments, quiet), .help = "print no summary"},
	COLOR_OPTION(struct arguments, color),
	HELP_OPTION,
	{0},
};

static int cmd_stop(int argc, char **argv)
{
	struct arguments args = {0};
	char **operands;
	int status = options_parse(&stop_command, argc, argv, &args, &operands);

	if (status)
		return status;
	if (*operands)
		return usage_error(&stop_command,
				   "'%s': latwrap stop takes no arguments; name a job with "
				   "--name",
				   *operands);
	return stop(&args);
}

const struct cli_command stop_command = {
	.name = "stop",
	.usage = "stop [OPTION]...",
	.about =
		"Ends a job that latwrap start began: writes its report, prints the summary and judges "
		"the gates.",
	.notes =
		"Exit status: 0, or that of --stall-exit-code if a gate is breached; 125 if there is no such "
		"job or the command line is wrong.",
	.options = specs,
	.operands = OPERANDS_NONE,
	.options_anywhere = true,
	.usage_status = EXIT_LATWRAP,
	.run = cmd_stop,
};
