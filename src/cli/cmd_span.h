/* latwrap span: name an interval of the outer run */
#pragma once

#include "cli/options.h"

extern const struct cli_command span_command;
