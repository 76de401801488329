/* The operations of io_uring that count as file I/O, each with the system call that does the same. */
#pragma once

#include "abi.h"

extern const struct ring_rule ring_table[RING_TABLE_SIZE];
