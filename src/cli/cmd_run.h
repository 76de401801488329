/* latwrap [OPTION]... COMMAND: run the command, judge the run, write the report */
#pragma once

#include "cli/options.h"

extern const struct cli_command run_command;
