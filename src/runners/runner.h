/* The test runner that a command is, or starts: what makes it tell of its tests, without changing the tests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

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

/* Those that a program of their name in PATH stands in front of (cli/shim.c). */
#define RUNNER_SHIMS                                                                        \
	(1u << RUNNER_BATS | 1u << RUNNER_PROVE | 1u << RUNNER_CTEST | 1u << RUNNER_MESON | \
	 1u << RUNNER_GO | 1u << RUNNER_CARGO | 1u << RUNNER_NODE)

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
 * Says what the command's environment needs, for the user that it will be ((uid_t)-1: the caller). Wrappers that cannot be had
 * are logged and left out.
 */
void runner_prepare(enum runner runner, char *const *argv, uid_t uid,
		    const struct span_socket *socket, struct runner_setup *ret);
void runner_setup_done(struct runner_setup *setup);
