/* latwrap report: show one or more reports in a view */
#pragma once

#include "cli/options.h"

extern const struct cli_command report_command;
