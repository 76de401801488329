/* latwrap [OPTION]... COMMAND: run, judge, report. */
#pragma once

#include "cli/options.h"

extern const struct cli_command run_command;
