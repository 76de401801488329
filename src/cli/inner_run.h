/* A run within a run: its command is a span of the outer run, which measures it already */
#pragma once

#include "cli/run_options.h"

/* Not if it is asked for what only a report of its own can give. */
bool is_inner_run(const struct run_options *options);
/* Returns an exit status. */
int inner_run(const struct run_options *options);
