/* What the environment of a command needs for its test runners to find latwrap's wrappers. */
#pragma once

#include "runners/runner.h"

struct runner_wish {
	unsigned runners; /* 1 << RUNNER_...: those that the command may start */
	enum runner explicitly; /* asked for by name; or RUNNER_AUTO */
	const char *program; /* that the command is */
	uid_t uid; /* of the user that it will be; (uid_t)-1: the caller */
};

/* *setup is empty. */
void runner_setup_prepare(struct runner_setup *setup, const struct runner_wish *wish,
			  const struct span_socket *socket);
