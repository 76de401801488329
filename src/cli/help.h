/* What latwrap --help prints, for a run and for each other command */
#pragma once

#include <stdio.h>

#include "cli/options.h"

/* all: every command, a NULL at the end. The first one is also the help of latwrap itself, and lists the others. */
void help_print(const struct cli_command *command, const struct cli_command *const *all, FILE *out);
/* "DURATION", "leave|kill|wait": what stands for the value of an option. The caller frees it. */
char *help_value(const struct option_spec *spec);
