/* latwrap compare: compare two groups of reports */
#pragma once

#include "cli/options.h"

extern const struct cli_command compare_command;
