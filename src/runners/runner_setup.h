/* Set the environment variables by which test runners find the wrappers of latwrap */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "runners/runner.h"
#include "runners/span_socket.h"

/* The changes to the environment of the command. All is owned. */
struct runner_setup {
	char **environment; /* variables that differ from those of the caller */
	size_t environment_count;
};

/*
 * Fills *ret with the variables that the wrappers need, for the user that the command will run as
 * ((uid_t)-1: the caller). Wrappers that are not available are logged and left out.
 */
void runner_prepare(enum runner runner, char *const *argv, uid_t uid,
		    const struct span_socket *socket, struct runner_setup *ret);
void runner_setup_done(struct runner_setup *setup);
