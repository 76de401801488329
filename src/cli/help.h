/* Print the help of latwrap and of its commands (--help) */
#pragma once

#include <stdio.h>

#include "cli/options.h"

/*
 * all: all commands, ends with NULL. The first is the command for a run; its help also lists the
 * others.
 */
void help_print(const struct cli_command *command, const struct cli_command *const *all, FILE *out);
/*
 * Returns the placeholder for the value of an option: "DURATION", "leave|kill|wait". The caller
 * frees it.
 */
char *help_value(const struct option_spec *spec);
