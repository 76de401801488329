/* Run the command once: make the cgroup, load BPF, start the command, loop, drain the records */
#pragma once

#include "run/session_options.h"

/*
 * Runs the command. Returns an exit status as a shell does: the status of the command, 128 +
 * signal, 124 after a timeout, 126 or 127 if the command cannot be run, 125 if latwrap fails before
 * that (an error was logged). *ret_model is NULL after 125. Otherwise facts and model describe the
 * run, and the caller frees them with run_facts_done() and model_free(). *ret_facts must be zeroed.
 */
int session_run(const struct session_options *options, struct run_facts *ret_facts,
		struct model **ret_model);
