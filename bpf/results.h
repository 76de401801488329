/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Results of tests that a program prints */
#ifndef LATWRAP_RESULTS_H
#define LATWRAP_RESULTS_H

#include "kernel_read.h"

/* A program of the run has printed results of tests: these are still read once the run has stepped down. */
bool has_seen_results = false;

int look_at_output(u64 fd, u64 from, u64 bytes);

#endif
