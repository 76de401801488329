/* The operations of io_uring and Linux AIO that count as file I/O, each with the system call that does the same. */
#pragma once

#include "abi.h"

extern const struct ring_rule ring_table[RING_TABLE_SIZE];
extern const u16 aio_table[AIO_TABLE_SIZE]; /* numbers of the calls; 0: not on a file */
