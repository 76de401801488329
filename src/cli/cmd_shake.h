/* latwrap shake: run the command again and again, disturb it, and find each test's margin */
#pragma once

#include "cli/options.h"

extern const struct cli_command shake_command;
