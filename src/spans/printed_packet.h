/* Parses a packet of subunit's second version. A pure function. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "spans/printed_line.h"

/*
 * https://github.com/testing-cabal/subunit. A packet that only begins in the data is longer, and its checksum is not known.
 * name and flow, the route code, are parts of the data without a NUL.
 */
struct printed_line printed_packet(const void *data, size_t bytes, bool is_begin);
