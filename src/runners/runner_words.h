/* Parse the command line of a test runner as the runner itself does. Pure functions */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns whether node runs tests: --test is among the options of node, before a script, or the script
 * is the program of a runner that has a wrapper.
 */
bool runner_words_node_tests(char *const *argv);

/*
 * Returns the index of the word with the script if php runs one of PHPUnit (phpunit,
 * simple-phpunit, phpunit.phar), or of its -f; if not, 0. The words before are options.
 */
size_t runner_words_php_script(char *const *argv);

/*
 * Returns whether cargo runs tests: cargo test, cargo nextest, or one of these as an argument of an
 * external subcommand (cargo llvm-cov test).
 */
bool runner_words_cargo_tests(char *const *argv);

/*
 * For go test, returns the index of the word before which an option can be inserted: after -C,
 * which must be the first option. Returns 0 for other commands, or if go test has an -exec already.
 * environment is the $GOFLAGS that go uses; NULL: none.
 */
size_t runner_words_go_test(char *const *argv, const char *environment);

/*
 * Returns whether argv[0] is a Python that runs a file or a module, which may call pytest.main(). The
 * code of -c and of standard input has to name pytest itself.
 */
bool runner_words_python_runs_file(char *const *argv);
