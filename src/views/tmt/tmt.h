/* Prints results in the form that tmt reads from a test with "result: custom" */
#pragma once

#include <stdio.h>

#include "views/named.h"

/*
 * For $TMT_TEST_DATA/results.json (https://tmt.readthedocs.io/en/stable/spec/results.html): "/", the
 * whole run, fails with the command or a breached gate; then every test, with its own outcome and,
 * as a note, what stalled in it. That the machine stalled makes nothing fail. JSON is YAML,
 * so it also serves as results.yaml.
 */
void tmt_print(const struct named_reports *reports, FILE *out);
