/* latwrap report: one or more report files as something to read */
#pragma once

#include "cli/options.h"

extern const struct cli_command report_command;
