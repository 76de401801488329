/* latwrap doctor: what works on this machine, and what to do about what does not */
#pragma once

#include "cli/options.h"

extern const struct cli_command doctor_command;
