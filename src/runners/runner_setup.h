/* Set the environment variables by which test runners find the wrappers of latwrap */
#pragma once

#include "runners/runner.h"

struct runner_wish {
	unsigned runners; /* 1 << RUNNER_...: the runners that the command may start */
	enum runner explicitly; /* the value of --runner */
	const char *program; /* the first word of the command */
	uid_t uid; /* of the user that the command runs as; (uid_t)-1: the caller */
};

/* *setup must be empty. */
void runner_setup_prepare(struct runner_setup *setup, const struct runner_wish *wish,
			  const struct span_socket *socket);
