/* How a test ended, from the files in which its runner says so. */
#pragma once

#include "spans/span_message.h"

/*
 * From the .trs file of automake's parallel test harness ("File-based test results"): what speaks most against the
 * test, of all its lines. SPAN_UNKNOWN without such a file or a result in it.
 */
enum span_outcome trs_outcome(const char *path);
