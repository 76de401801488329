/* What the command line of a test runner asks for, read as the runner itself reads it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* node --test: among node's own options, before a script. */
bool runner_words_node_tests(char *const *argv);

/* cargo test, cargo nextest, or one of them by way of another subcommand than cargo's own (cargo llvm-cov test). */
bool runner_words_cargo_tests(char *const *argv);

/*
 * Of go test the number of the word before which an option of it may stand, behind -C, which has to be the first; 0: it is
 * something else, or has an -exec of its own. environment is $GOFLAGS as go has it; NULL: none.
 */
size_t runner_words_go_test(char *const *argv, const char *environment);
