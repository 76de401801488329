/* latwrap report of what latwrap shake found */
#pragma once

#include "cli/terminal.h"
#include "cli/views.h"

/* output: a path for output_write(). Returns 0, or -errno after a message. */
int shake_report(const char *path, enum view view, enum color color, const char *output);
