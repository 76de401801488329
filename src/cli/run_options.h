/* Parse the options of a run, and those of a job */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "cli/terminal.h"
#include "answer/gate.h"
#include "answer/retry.h"
#include "run/session.h"
#include "run/user.h"

enum io_mode { IO_ON, IO_BLOCKED, IO_OFF };

struct run_options {
	struct session_options session;
	enum io_mode io;
	const char *report_path;
	bool report_asked_for; /* -o was given */
	/* An option says what to measure, or that measuring is required */
	bool measurement_asked_for;
	enum color color;
	bool quiet;
	bool check; /* the options only: run nothing */
	const char *log_path; /* NULL: no log */
	uint64_t log_wait_ns;
	int stall_exit_code; /* if the command passed and a gate is breached */
	/* If the command failed and a gate is breached; -1: the status of the command */
	int retry_exit_code;
	struct retry_policy retry;
	struct user_spec user;
	bool has_user;
	struct gate *gates;
	struct baseline *baseline; /* owned; NULL: no --baseline */
	size_t gate_count;
	struct watched_cgroup watched[GROUPS_MAX - 1];
	size_t watched_count;
	struct include include;
};

enum job_export { JOB_EXPORT_NONE, JOB_EXPORT_SH, JOB_EXPORT_GITHUB, JOB_EXPORTS };

struct job_options {
	struct run_options run; /* first: both tables have rows for it */
	const char *name;
	const char *cgroup; /* NULL: that of the caller */
	enum job_export export;
};

extern const struct option_spec run_option_specs[], job_option_specs[];

/* Returns like options_parse(). The caller calls run_options_done() in any case. */
int run_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct run_options *ret);
void run_options_done(struct run_options *options);

/* The same for a job; the caller calls run_options_done() for the part of a run. */
int job_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct job_options *ret);
