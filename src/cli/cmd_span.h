/* latwrap span: names an interval of the run around us */
#pragma once

#include "cli/options.h"

int cmd_span(int argc, char **argv);

/* A run within a run: its command as a span of the one around it, which measures it already. */
int cmd_span_nested(const struct run_options *options);
