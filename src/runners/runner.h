/* Recognise which test runners a command may start */
#pragma once

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
	RUNNER_RSPEC,
	RUNNER_MINITEST,
	RUNNER_MAVEN,
	RUNNER_PHPUNIT,
	RUNNER_PHP,
	RUNNERS
};
extern const char *const runner_names[RUNNERS + 1];

/* The runners with a shim: a program of the same name that comes first in PATH (cli/shim.c). */
#define RUNNER_SHIMS                                                                        \
	(1u << RUNNER_BATS | 1u << RUNNER_PROVE | 1u << RUNNER_CTEST | 1u << RUNNER_MESON | \
	 1u << RUNNER_GO | 1u << RUNNER_CARGO | 1u << RUNNER_NODE | 1u << RUNNER_PHPUNIT |  \
	 1u << RUNNER_PHP)

/*
 * Returns the runners whose wrappers the command may need, as a set of 1 << RUNNER_... Uses only
 * the words of the command: reading a file would change what is measured. A program that starts
 * whatever a project says (a shell, make, tox, a program of the project itself) may need all of
 * them.
 */
unsigned runner_recognise(char *const *argv);
