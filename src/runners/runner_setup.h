/* What the environment of a command needs for its test runners to find latwrap's wrappers. */
#pragma once

#include "runners/runner.h"

/* wanted is a set of 1 << RUNNER_...; *setup is empty. A wrapper that cannot be had is logged and left out. */
void runner_setup_prepare(struct runner_setup *setup, unsigned wanted,
			  const struct span_socket *socket);
