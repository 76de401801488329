/* Words of a command line, quoted so that a POSIX shell would read them back. */
#pragma once

#include <stdio.h>

/* Plain words stay as they are; others stand in single quotes. */
void quote_for_shell(const char *word, FILE *out);
