/* The system calls of 32-bit programs that have the same meaning as a call which latwrap knows. */
#pragma once

#include "abi.h"

extern const struct compat_rule compat_table[];
extern const unsigned compat_table_size;
