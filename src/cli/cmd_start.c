/* latwrap start: measure the steps of a job, in the background, until latwrap stop */
#include "cli/cmd_start.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "cli/attempts.h"
#include "cli/job_export.h"
#include "cli/job_file.h"
#include "cli/run_options.h"
#include "report/target.h"
#include "run/job_place.h"
#include "trace/trace_fault.h"

struct recorder {
	struct job_options *options;
	struct job_place place;
	struct job job;
	int started_fd; /* tells the caller, who waits, that measuring has begun */
	int stopper_fd; /* who stops the job waits until this is closed */
	bool is_ready;
};

/* -- In the background ----------------------------------------------------------------------------- */

static int use_as(int fd, int as)
{
	return fd < 0 || dup2(fd, as) < 0 ? -errno : 0;
}

/* Lets go of all that belongs to the step that started the job: it would wait for us to close it. */
static int leave_step(const struct recorder *recorder)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	_cleanup_close_ int messages = openat(recorder->place.fd, JOB_MESSAGES,
					      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int r = messages < 0 ? -errno : use_as(null, STDIN_FILENO);

	if (r == 0)
		r = use_as(null, STDOUT_FILENO);
	if (r == 0 && chdir("/") < 0)
		r = -errno;
	if (r < 0)
		return log_errno(r, "cannot go into the background");
	return use_as(messages, STDERR_FILENO);
}

static int on_ready(void *context, const struct run_facts *facts, const struct runner_setup *setup)
{
	struct recorder *recorder = context;
	const struct job_options *options = recorder->options;
	const struct job_record record = {
		.id = facts->id,
		.report_path = options->run.report_path,
		.stall_exit_code = options->run.stall_exit_code,
	};
	int r = job_file_write(&recorder->place, &record);

	if (r < 0)
		return log_errno(r, "cannot write to '%s'", recorder->place.path);
	r = job_export(options->export, setup);
	if (r < 0)
		return r;
	if (facts->trace.status == TRACE_NONE)
		log_warning("this job is not measured: %s", facts->trace.reason);
	log_info("job '%s' watches the cgroup %s: report '%s', id %s", options->name,
		 facts->cgroup ? facts->cgroup : "(none)", options->run.report_path, facts->id);
	r = leave_step(recorder);
	if (r < 0)
		return r;
	/* The caller may have been killed: then nobody knows of the job. */
	if (write(recorder->started_fd, "", 1) != 1)
		return -EPIPE;
	recorder->started_fd = close_fd(recorder->started_fd);
	recorder->is_ready = true;
	return 0;
}

/* From now on, messages and the summary go to whoever stops the job. */
static bool on_stop(void *context)
{
	struct recorder *recorder = context;
	struct run_options *options = &recorder->options->run;
	struct job_request request = {0};
	_cleanup_close_ int fd =
		job_place_take(recorder->job.stop_fd, &request, &recorder->stopper_fd);

	if (fd < 0)
		return false;
	use_as(fd, STDERR_FILENO);
	options->quiet = request.quiet;
	options->color = request.color < COLORS ? request.color : COLOR_AUTO;
	return true;
}

static void record(struct recorder *recorder)
{
	struct run_options *options = &recorder->options->run;
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int status = EXIT_LATWRAP;

	setsid();
	if (report_target_open(options->report_path,
			       options->has_user ? options->user.uid : (uid_t)-1,
			       options->has_user ? options->user.gid : (gid_t)-1, &target) == 0)
		status = run_attempts(options, target);
	if (recorder->is_ready)
		job_file_write_status(&recorder->place, status);
	else
		job_place_remove(&recorder->place);
}

/* -- In the foreground ----------------------------------------------------------------------------- */

/* The recorder has another working directory. Returns NULL after a message. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *directory = *path == '/' ? NULL : getcwd(NULL, 0);

	if (*path == '/')
		return xstrdup(path);
	if (directory && !streq(path, "-"))
		return xasprintf("%s/%s", directory, path);
	log_error("--output='%s': a job can only write its report to a file", path);
	return NULL;
}

static int claim(struct recorder *recorder)
{
	const char *name = recorder->options->name;
	_cleanup_free_ char *complaint = NULL;
	int r = job_place_claim(name, &recorder->place, &complaint);

	if (r == -EBUSY)
		log_error(
			"job '%s' is running already: end it with latwrap stop%s%s, or give this one "
			"another --name",
			name, streq(name, "default") ? "" : " --name=",
			streq(name, "default") ? "" : name);
	else if (r < 0)
		log_error("no place for the state of the job: %s", complaint);
	if (r < 0)
		return r;
	recorder->job.stop_fd = job_place_listen(&recorder->place);
	if (recorder->job.stop_fd >= 0)
		return 0;
	log_errno(recorder->job.stop_fd, "cannot make a socket in '%s'", recorder->place.path);
	job_place_remove(&recorder->place);
	return recorder->job.stop_fd;
}

/* Returns once measuring has begun, or when the recorder has failed and said why. */
static int start_recorder(struct recorder *recorder)
{
	int ends[2];
	char started;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		job_place_remove(&recorder->place);
		log_errno(errno, "cannot start the job");
		return EXIT_LATWRAP;
	}
	fflush(NULL);
	recorder->started_fd = ends[1];
	pid = fork();
	if (pid == 0) {
		close_fd(ends[0]);
		record(recorder);
		_exit(0);
	}
	close_fd(ends[1]);
	if (pid < 0)
		log_errno(errno, "cannot start the job");
	if (pid > 0 && read(ends[0], &started, 1) == 1)
		return 0;
	if (pid < 0)
		job_place_remove(&recorder->place);
	return EXIT_LATWRAP;
}

static int start(struct job_options *options)
{
	_cleanup_free_ char *report_path = absolute(options->run.report_path);
	struct session_options *session = &options->run.session;
	struct recorder recorder = {
		.options = options,
		.place = JOB_PLACE_NONE,
		.job = {.cgroup = options->cgroup,
			.stop_fd = -1,
			.stop = on_stop,
			.ready = on_ready,
			.context = &recorder},
		.started_fd = -1,
		.stopper_fd = -1,
	};
	int status = EXIT_LATWRAP;

	if (!report_path || job_export_check(options->export) < 0 || claim(&recorder) < 0)
		return status;
	options->run.report_path = report_path;
	session->job = &recorder.job;
	session->faults = secure_getenv("LATWRAP_FAULT");
	if (trace_has_fault(session->faults, "quick-checkpoints", ""))
		session->checkpoint_ns = 0;
	status = start_recorder(&recorder);
	session->job = NULL;
	options->run.report_path = NULL;
	close_fd(recorder.job.stop_fd);
	job_place_close(&recorder.place);
	return status;
}

static char **command_line(int argc, char **argv)
{
	char **words = xcalloc((size_t)argc + 2, sizeof(*words));

	words[0] = (char *)"latwrap";
	memcpy(&words[1], argv, (size_t)argc * sizeof(*words));
	return words;
}

static int cmd_start(int argc, char **argv)
{
	_cleanup_free_ char **words = command_line(argc, argv);
	struct job_options options;
	int status;

	/* Descriptors of the step: the recorder must not keep them open. */
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
	status = job_options_parse(&start_command, argc, argv, &options);
	options.run.session.argv = words;
	if (status == 0)
		status = start(&options);
	run_options_done(&options.run);
	return status;
}

const struct cli_command start_command = {
	.name = "start",
	.usage = "start [OPTION]...",
	.about =
		"Measures, from now on and in the background, all that runs in the caller's cgroup: the later "
		"steps of a CI job. Ends with latwrap stop. Changes and ends no process.",
	.notes =
		"Exit status: 0 once measuring has begun, 125 if latwrap cannot start or the command line is "
		"wrong.",
	.options = job_option_specs,
	.operands = OPERANDS_NONE,
	.options_anywhere = true,
	.usage_status = EXIT_LATWRAP,
	.run = cmd_start,
};
