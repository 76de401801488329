/* Recognise which test runners a command may start, and prepare their wrappers */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#include "runners/span_socket.h"

/* The values of --runner; runner_names[] ends with NULL. */
enum runner {
	RUNNER_AUTO,
	RUNNER_NONE,
	RUNNER_PYTEST,
	RUNNER_BATS,
	RUNNER_PROVE,
	RUNNER_AUTOMAKE,
	RUNNER_CTEST,
	RUNNER_MESON,
	RUNNER_GO,
	RUNNER_CARGO,
	RUNNER_NODE,
	RUNNER_UNITTEST,
	RUNNERS
};
extern const char *const runner_names[RUNNERS + 1];

/* The runners with a shim: a program of the same name that comes first in PATH (cli/shim.c). */
#define RUNNER_SHIMS                                                                        \
	(1u << RUNNER_BATS | 1u << RUNNER_PROVE | 1u << RUNNER_CTEST | 1u << RUNNER_MESON | \
	 1u << RUNNER_GO | 1u << RUNNER_CARGO | 1u << RUNNER_NODE)

/* The changes to the environment of the command. All is owned. */
struct runner_setup {
	char **environment; /* variables that differ from those of the caller */
	size_t environment_count;
};

/*
 * Returns the runners whose wrappers the command may need, as a set of 1 << RUNNER_... Uses only
 * the words of the command: reading a file would change what is measured. A program that starts
 * whatever a project says (a shell, make, tox, a program of the project itself) may need all of
 * them.
 */
unsigned runner_recognise(char *const *argv);

/*
 * Fills *ret with the variables that the wrappers need, for the user that the command will run as
 * ((uid_t)-1: the caller). Wrappers that are not available are logged and left out.
 */
void runner_prepare(enum runner runner, char *const *argv, uid_t uid,
		    const struct span_socket *socket, struct runner_setup *ret);
void runner_setup_done(struct runner_setup *setup);
