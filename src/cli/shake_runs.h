/* The runs of latwrap shake: one after the other, each disturbed as the search wants */
#pragma once

#include "catalog/shake.h"
#include "cli/run_options.h"

/*
 * Fills in *ret, which must be zeroed, but for what the caller knows: the command line, the options.
 * ret->memory owns it all. *ret_signal is the signal that asked to end before all was tried, or 0. Returns 0, or an exit status after a message: nothing was found.
 */
int shake_runs(const struct shake_options *options, struct shake *ret, int *ret_signal);
