/* latwrap compare: two groups of reports, and whether they differ */
#pragma once

#include "cli/options.h"

extern const struct cli_command compare_command;
