/* Measure a cgroup that others fill, from now until somebody ends it: a job */
#pragma once

#include "run/session_options.h"

/*
 * Measures until options->job->stop_fd is readable, the cgroup is removed, the time is up or a
 * signal asks to end. Does nothing to the processes in the cgroup. Returns 0, or 125 if latwrap
 * fails before it measures (an error was logged); results are as those of session_run().
 */
int session_watch(const struct session_options *options, struct run_facts *ret_facts,
		  struct model **ret_model);
