/* A run in words and numbers: its id, who runs what where, the machine, the CI job, what it left behind. */
#pragma once

#include "run/cgroup.h"
#include "run/session.h"

/* What is known before it begins. */
void describe_run(const struct session_options *options, struct run_facts *facts);

/* Lists the processes that live in the run's cgroup, now that it has ended; once. */
void describe_leftovers(const struct cgroup *cgroup, struct run_facts *facts);
