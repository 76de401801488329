/* Read the outcome of a test from the result file of its runner */
#pragma once

#include "spans/span_message.h"

/*
 * Returns the worst result in a .trs file of the parallel test harness of automake ("File-based
 * test results"). SPAN_UNKNOWN if there is no such file or it has no result.
 */
enum span_outcome trs_outcome(const char *path);
