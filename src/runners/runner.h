/* The test runner that a command is, or starts: what makes it tell of its tests, without changing the tests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runners/span_socket.h"

/* As --runner names them; runner_names[] ends with NULL. */
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
	RUNNERS
};
extern const char *const runner_names[RUNNERS + 1];

/* What the command gets. All is owned. */
struct runner_setup {
	char **environment; /* "NAME=VALUE", NULL-terminated: what differs from the caller's */
	size_t environment_count;
};

/*
 * Which runners' wrappers the command may need, as a set of 1 << RUNNER_..., by its words alone: no file is
 * read, which would change what is measured. What starts whatever a project says (a shell, make, tox, a
 * program of the project itself) may need any.
 */
unsigned runner_recognise(char *const *argv);

/*
 * Puts the wrappers beside the socket, where any user may read them, and says what the command's
 * environment needs. A wrapper that cannot be had is logged and left out.
 */
void runner_prepare(enum runner runner, char *const *argv, const struct span_socket *socket,
		    struct runner_setup *ret);
void runner_setup_done(struct runner_setup *setup);
