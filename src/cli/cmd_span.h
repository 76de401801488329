/* latwrap span: names an interval of the run around us */
#pragma once

#include "cli/options.h"

extern const struct cli_command span_command;
