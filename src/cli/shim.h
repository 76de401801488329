/* latwrap called as bats, go, ctest or another runner: start the real program with a wrapper */
#pragma once

/*
 * A shim is this program in a directory of its own, which comes first in PATH
 * (runners/runner_files.h). It finds the next program of its name in PATH and executes it with all
 * its own arguments, including argv[0]. It adds what the tool needs to report its tests only inside
 * a run of latwrap.
 *
 * Returns -1 if this program was not called as a shim. Otherwise it returns the exit status or does
 * not return.
 */
int shim(char **argv);
