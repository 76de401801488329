/* latwrap start: measure the steps of a job, in the background, until latwrap stop */
#pragma once

#include "cli/options.h"

extern const struct cli_command start_command;
