/* The options of a run */
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
	bool measurement_asked_for; /* what is to be measured was given, or that it must be */
	enum color color;
	bool quiet;
	const char *log_path; /* NULL: no log */
	uint64_t log_wait_ns;
	int stall_exit_code; /* command passed, gate breached */
	int retry_exit_code; /* command failed, gate breached; -1: the command's own */
	struct retry_policy retry;
	struct user_spec user;
	bool has_user;
	struct gate *gates;
	size_t gate_count;
	struct also also[GROUPS_MAX - 1];
	size_t also_count;
};

extern const struct option_spec run_option_specs[];

/* As options_parse(). The caller ends ret with run_options_done() in every case. */
int run_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct run_options *ret);
void run_options_done(struct run_options *options);
