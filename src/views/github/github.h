/* Prints annotations for GitHub Actions: workflow commands on standard output */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * GitHub shows ten annotations of each type for a step: prints the ten most important. If there are more, the tenth says
 * how many. A breached gate that changed the exit status is an error. Failed tests, a command that failed without a failed
 * test, and failed runs that were not measured are warnings. The verdict, attempts and watched cgroups are notices. The
 * annotation of a test is attached to its file and line. Prints nothing else.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
void github_print(const struct named_reports *reports, FILE *out);
