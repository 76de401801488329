/* Runs the command, again if the machine spoiled that and --retry allows it, and reports. */
#pragma once

#include "cli/run_options.h"
#include "report/target.h"

/* Returns what latwrap exits with. */
int run_attempts(const struct run_options *options, struct report_target *target);
