/* Run the command, again if --retry allows it and the machine spoiled the attempt, and report */
#pragma once

#include "cli/run_options.h"
#include "report/target.h"

/* Returns the exit status of latwrap. */
int run_attempts(const struct run_options *options, struct report_target *target);
