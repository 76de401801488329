/* Run ctest or meson, and announce its tests to an outer latwrap first */
#pragma once

#include "runners/test_plan.h"

/*
 * file is the program to run, which may differ from argv[0]. Returns its exit status as a shell
 * does.
 */
int plan_run(enum plan_kind kind, const char *file, char *const *argv, struct span_client *client);
