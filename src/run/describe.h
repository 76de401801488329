/* Describe a run: its ID, command, user, machine and CI job, and its leftovers */
#pragma once

#include "run/cgroup.h"
#include "run/session_options.h"

/* Fills in the facts that are known before the run begins. */
void describe_run(const struct session_options *options, struct run_facts *facts);

/* Lists the processes that are still in the cgroup of the run after its end; call it once. */
void describe_leftovers(const struct cgroup *cgroup, struct run_facts *facts);
