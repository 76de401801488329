/* latwrap doctor: say what works on this machine, and what to do about the rest */
#pragma once

#include "cli/options.h"

extern const struct cli_command doctor_command;
