/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Results of tests that a program prints */
#ifndef LATWRAP_RESULTS_H
#define LATWRAP_RESULTS_H

#include "kernel_read.h"

int look_at_output(u64 fd, u64 from, u64 bytes);

#endif
