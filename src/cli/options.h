/* The command line of a run. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "answer/gate.h"
#include "answer/retry.h"
#include "run/session.h"
#include "run/user.h"

struct run_options {
	struct session_options session;
	const char *report_path;
	bool report_asked_for; /* -o was given */
	const char *color; /* auto, always, never */
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

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_BAD };

/*
 * Parses the words after the program's name. OPTIONS_DONE: --help or --version was answered; OPTIONS_BAD: a
 * message that quotes the input was logged. The caller ends ret with options_done() in every case.
 */
enum options_result options_parse(int argc, char **argv, struct run_options *ret);
void options_done(struct run_options *options);
