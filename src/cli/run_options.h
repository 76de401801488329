/* Parse the options of a run, of a job, and of runs that are shaken */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/junit_tests.h"
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
	struct junit_patterns junit;
};

enum job_export { JOB_EXPORT_NONE, JOB_EXPORT_SH, JOB_EXPORT_GITHUB, JOB_EXPORTS };

struct job_options {
	struct run_options run; /* first: both tables have rows for it */
	const char *name;
	const char *cgroup; /* NULL: that of the caller */
	enum job_export export;
};

struct shake_options {
	struct run_options run; /* first: the tables share rows */
	enum disturbance disturbance;
	uint64_t seed;
	bool has_seed;
	struct report *replay; /* owned; NULL: search */
	const char *replay_path;
	uint64_t length_ns; /* the only length; 0: search */
	uint64_t longest_ns;
	uint64_t at_ns;
	bool has_at;
	char **names; /* owned: the array, which ends with NULL */
	size_t name_count;
	uint64_t most_runs, tries, undisturbed;
	uint64_t time_ns;
	uint64_t fail_below_ns; /* 0: no limit */
};

extern const struct option_spec run_option_specs[], job_option_specs[], shake_option_specs[];

/* Returns like options_parse(). The caller calls run_options_done() in any case. */
int run_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct run_options *ret);
void run_options_done(struct run_options *options);

/* The same for latwrap shake; the caller calls shake_options_done() in any case. */
int shake_options_parse(const struct cli_command *command, int argc, char **argv,
			struct shake_options *ret);
void shake_options_done(struct shake_options *options);

/* The same for a job; the caller calls run_options_done() for the part of a run. */
int job_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct job_options *ret);
