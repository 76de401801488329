/* A command run as a span of the latwrap around us, which measures it: started, waited for, not traced. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "run/session.h"
#include "run/user.h"

struct nested_options {
	char *const *argv;
	const char *file; /* the program, if it is not what argv begins with; or NULL */
	const struct user_spec *user; /* NULL: the caller */
	uint64_t timeout_ns; /* 0: none */
	uint64_t kill_after_ns; /* from SIGTERM to SIGKILL; 0: never */
	enum leftovers leftovers;
	const char *
		id; /* of the span, which is the parent of those below: $LATWRAP_SPAN; NULL: none of its own */
};

struct nested_result {
	int status; /* as a shell would have it, as session_run() returns it */
	bool started; /* it ran at all */
	int signal; /* that ended it; 0: it exited */
	uint64_t cpu_time_ns; /* of it and of the descendants that it waited for */
};

/* The terminal, signals and job control are as of a run (run/session.h). */
void nested_run(const struct nested_options *options, struct nested_result *ret);
