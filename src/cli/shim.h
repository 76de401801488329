/* latwrap called as bats, cargo, ctest, go, meson, node or prove: starts the real one so that its tests get names */
#pragma once

/*
 * A shim is this program, in a directory of its own that PATH begins with (runners/runner_files.h). It finds the program of
 * its name that PATH has behind it and executes that, with all that it was given itself; the first word, too. Only while
 * a latwrap runs around it does it add what the tool needs to tell of its tests.
 *
 * Returns -1 unless this is one; else the exit status, or does not return.
 */
int shim(char **argv);
