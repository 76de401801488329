/* Prints annotations for GitHub Actions: workflow commands on standard output */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * At most ten of each type, all that GitHub shows of one step, the most important first; the tenth
 * says how many more there are. Gates that were breached are errors; tests that failed while they
 * stalled, runs without measurement and the longest stalls are warnings, the verdict is a
 * notice. A test's annotation is attached to its file and line. Nothing else is printed.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
void github_print(const struct named_reports *reports, FILE *out);
