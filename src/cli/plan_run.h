/* ctest or meson, run with the tests that it will start told to a latwrap around us */
#pragma once

#include "runners/test_plan.h"

/* file is the program; what argv begins with need not be. Returns its exit status, as a shell would have it. */
int plan_run(enum plan_kind kind, const char *file, char *const *argv, struct span_client *client);
