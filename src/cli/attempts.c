/* Run the command, again if --retry allows it and the machine spoiled the attempt, and report */
#include "cli/attempts.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/outlet.h"
#include "base/util.h"
#include "cli/input.h"
#include "cli/junit_tests.h"
#include "cli/summary.h"
#include "answer/retry.h"
#include "model/symbols.h"
#include "answer/verdict.h"
#include "model/record.h"
#include "report/attempts.h"
#include "report/build.h"
#include "report/event_log.h"
#include "report/fit.h"
#include "report/load.h"
#include "report/write.h"
#include "run/collect.h"
#include "system/rlimits.h"
#include "run/session.h"
#include "run/session_watch.h"
#include "run/signals.h"

/* While the command runs, a message on standard error must not delay its timeout for long. */
#define LOG_PATIENCE_NS NSEC_PER_SEC

struct attempts {
	const struct run_options *options;
	struct report_target *target;
	unsigned number; /* number of the current attempt, from 1 */
	struct attempt_list list; /* attempts that have ended */
	struct report *report; /* report of the last attempt */
	int exit_status;
	bool is_ended; /* nobody waits for the run, or a timeout or signal ended it: do not wait for readers */
	struct event_log log;
};

/* What is written here the reader takes. */
static int write_report(const struct attempts *attempts, struct report *report)
{
	report_fit(report, REPORT_VALUES_MAX, REPORT_FILE_BYTES_MAX);
	return report_write_to(report, attempts->target);
}

static void write_checkpoint(void *context, const struct run_facts *facts,
			     const struct model *model)
{
	const struct attempts *attempts = context;
	struct verdict verdict;
	_cleanup_report_ struct report *report = NULL;

	verdict_reach(model, facts, &verdict);
	report = report_build(
		&(struct report_source){.model = model, .facts = facts, .verdict = &verdict});
	attempts_attach(report, &attempts->list);
	write_report(attempts, report);
	verdict_done(&verdict);
}

/* Gates apply only to a command that ran, and to a job. */
static int judge(const struct run_options *options, const struct verdict *verdict,
		 const struct run_facts *facts, int status)
{
	bool ran = facts->is_job || (facts->exit.ended && !facts->not_run);

	if (!verdict->breached || !ran)
		return status;
	if (status == 0)
		return options->stall_exit_code;
	return options->retry_exit_code >= 0 ? options->retry_exit_code : status;
}

/* Sets attempts->report and adds an entry to attempts->list. Returns whether to try again. */
static bool conclude(struct attempts *attempts, struct model *model, struct run_facts *facts,
		     int status)
{
	const struct run_options *options = attempts->options;
	struct retry_choice choice;
	struct verdict verdict;
	bool again;

	if (options->junit.count && !facts->not_run)
		junit_tests_add(&options->junit, options->session.user, facts, model);
	/* A signal that came too late for the command applies to the next attempt. */
	if (!facts->exit.told_to_end)
		facts->exit.told_to_end = signals_pending_end();
	attempts->is_ended = facts->is_job || facts->exit.timed_out || facts->exit.told_to_end;
	verdict_reach(model, facts, &verdict);
	retry_decide(&options->retry, facts, &verdict, status, attempts->number, &choice);
	attempts->exit_status = judge(options, &verdict, facts, status);
	attempts->report = report_build(&(struct report_source){
		.model = model,
		.facts = facts,
		.verdict = &verdict,
		.complete = true,
		.exit_status = attempts->exit_status,
	});
	verdict_done(&verdict);
	again = choice.again;
	if (options->retry.limit)
		attempts_add(&attempts->list, attempts->report,
			     &(struct attempt_fate){choice.spoiled, choice.again, choice.reason});
	if (again) {
		log_warning("attempt %u failed, trying again: %s", attempts->number, choice.reason);
		attempts_keep(&attempts->list, steal_ptr(attempts->report));
	}
	retry_choice_done(&choice);
	return again;
}

/* -- The log ---------------------------------------------------------------------------------------- */

static void begin_log(void *context, const struct run_facts *facts)
{
	struct attempts *attempts = context;

	event_log_begin(&attempts->log, facts, attempts->number);
}

static void log_record(void *context, const void *record, size_t bytes)
{
	struct attempts *attempts = context;

	event_log_record(&attempts->log, record, bytes);
}

static void write_log(void *context, const struct model *model, uint64_t until_ns, bool partial,
		      uint64_t lost)
{
	struct attempts *attempts = context;

	event_log_write(&attempts->log, model, until_ns, partial, lost);
}

static uint64_t end_log(void *context, const struct run_facts *facts)
{
	struct attempts *attempts = context;
	uint64_t unwritten = event_log_end(&attempts->log, facts);

	if (attempts->log.error)
		log_error("the log '%s' is incomplete: %s", attempts->options->log_path,
			  outlet_reason(attempts->log.error));
	return unwritten;
}

/* A report replaces a file, and with it a log in that file. */
static int check_apart(const struct run_options *options, const struct attempts *attempts,
		       const struct stat *log)
{
	struct stat report;

	if (report_target_is_stream(attempts->target) || lstat(options->report_path, &report) < 0 ||
	    log->st_dev != report.st_dev || log->st_ino != report.st_ino)
		return 0;
	log_error("--output and --log name the same file '%s': name two files",
		  options->report_path);
	return -EINVAL;
}

static int open_log(const struct run_options *options, struct attempts *attempts,
		    struct session_log *ret)
{
	struct stat st;
	int r;

	*ret = (struct session_log){
		.wait_ns = options->log_wait_ns,
		.context = attempts,
		.begin = begin_log,
		.record = log_record,
		.write = write_log,
		.end = end_log,
	};
	r = report_growing_open(options->log_path,
				options->has_user ? options->user.uid : (uid_t)-1,
				options->has_user ? options->user.gid : (gid_t)-1,
				&attempts->log.file, &attempts->log.out, &st);
	if (r == 0)
		r = check_apart(options, attempts, &st);
	if (r < 0 && attempts->log.out)
		fclose(steal_ptr(attempts->log.out));
	return r;
}

/* -- All of them ------------------------------------------------------------------------------------ */

/* Returns whether to try again. */
static bool make_attempt(struct attempts *attempts, const struct session_options *session)
{
	struct run_facts facts = {0};
	struct model *model = NULL;
	int status = session->job ? session_watch(session, &facts, &model)
				  : session_run(session, &facts, &model);
	bool again = false;

	if (model) {
		again = conclude(attempts, model, &facts, status);
		model_free(model);
	} else if (attempts->number > 1) {
		/* The result is that of the previous attempt, not the failure of latwrap. */
		log_error("attempt %u cannot start: the result is that of attempt %u",
			  attempts->number, attempts->number - 1);
		attempts->report = attempts_take_back(&attempts->list,
						      "latwrap failed to start another attempt");
	} else {
		attempts->exit_status = status;
	}
	run_facts_done(&facts);
	return again;
}

/* Call this as late as possible, just before the report is written. */
static void note_cpu_time(struct report *report)
{
	struct trace_facts until_now = {0};

	collect_overhead(&until_now);
	report->tracing.overhead.latwrap_user_ns = until_now.latwrap_user_ns;
	report->tracing.overhead.latwrap_system_ns = until_now.latwrap_system_ns;
}

int run_attempts(const struct run_options *options, struct report_target *target)
{
	struct session_options session = options->session;
	struct attempts attempts = {.options = options, .target = target};
	off_t position = options->retry.limit ? input_position() : -1;
	struct rlimits limits;
	struct session_log log;
	sigset_t mask;
	bool written;

	if (options->log_path) {
		if (open_log(options, &attempts, &log) < 0)
			return EXIT_LATWRAP;
		session.log = &log;
	}
	sigprocmask(SIG_SETMASK, NULL, &mask);
	session.sigmask = &mask;
	rlimits_raise(&limits);
	session.limits = &limits;
	session.may_repeat = options->retry.limit > 0;
	if (!report_target_is_stream(target)) {
		session.checkpoint = write_checkpoint;
		session.context = &attempts;
	}
	log_set_patience(LOG_PATIENCE_NS);
	for (attempts.number = 1; make_attempt(&attempts, &session); attempts.number++)
		input_rewind(position);
	log_set_patience(attempts.is_ended ? OUTLET_PATIENCE_NS : OUTLET_NO_HURRY);
	if (attempts.report) {
		attempts_attach(attempts.report, &attempts.list);
		/*
		 * Failing to write the report is an error message, but does not change the exit
		 * status.
		 */
		report_target_last_time(target, attempts.is_ended);
		note_cpu_time(attempts.report);
		written = write_report(&attempts, attempts.report) == 0 &&
			  !report_target_is_stream(target);
		if (!options->quiet)
			summary_print(attempts.report, options->color,
				      written ? options->report_path : NULL);
	}
	if (attempts.log.out)
		fclose(attempts.log.out);
	report_free(attempts.report);
	attempts_done(&attempts.list);
	return attempts.exit_status;
}
