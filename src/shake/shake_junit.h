/* What latwrap shake found, as JUnit XML: a test that fails only when disturbed is a failure */
#pragma once

#include <stdio.h>

#include "catalog/shake.h"

void shake_print_junit(const struct shake *shake, FILE *out);
