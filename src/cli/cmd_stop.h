/* latwrap stop: end a job, show its report and judge its gates */
#pragma once

#include "cli/options.h"

extern const struct cli_command stop_command;
