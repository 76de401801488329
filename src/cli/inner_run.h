/* Run latwrap inside an outer run: its command becomes a span of the outer run */
#pragma once

#include "cli/run_options.h"

/*
 * Returns whether this is a run inside an outer run. False if an option asks for something that
 * needs a report of its own.
 */
bool is_inner_run(const struct run_options *options);
/* Returns the exit status. */
int inner_run(const struct run_options *options);
