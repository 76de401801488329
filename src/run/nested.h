/* Run a command as a span of an outer latwrap: start it and wait for it, without tracing */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "run/session.h"
#include "run/user.h"

struct nested_options {
	char *const *argv;
	const char *file; /* the program, if it differs from argv[0]; or NULL */
	const struct user_spec *user; /* NULL: the user of the caller */
	uint64_t timeout_ns; /* 0: no timeout */
	uint64_t kill_after_ns; /* from SIGTERM to SIGKILL; 0: never */
	enum leftovers leftovers;
	/*
	 * ID of the span, for $LATWRAP_SPAN: the parent of spans below; NULL: the command
	 * is not a span
	 */
	const char *id;
};

struct nested_result {
	int status; /* exit status, as returned by session_run() */
	bool started; /* the command was executed */
	int signal; /* the signal that ended the command; 0: it exited */
	uint64_t cpu_time_ns; /* includes descendants that the command waited for */
};

/* Handles the terminal, signals and job control as a run does (run/session.h). */
void nested_run(const struct nested_options *options, struct nested_result *ret);
