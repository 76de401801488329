/* What is known of a run before it begins: its id, who runs what where, the machine and the CI job. */
#pragma once

#include "run/session.h"

void describe_run(const struct session_options *options, struct run_facts *facts);
