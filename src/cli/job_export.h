/* Hand the environment that test runners need to the later steps of a job */
#pragma once

#include "cli/run_options.h"

struct runner_setup;

/* Returns 0, or -EINVAL after a message, if there is no way to export in that form here. */
int job_export_check(enum job_export form);
/* Returns 0, or -errno after a message. */
int job_export(enum job_export form, const struct runner_setup *setup);
