/* A file of lines that grows while a run goes on: what its reader has not taken waits in memory, not the run. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/outlet.h"

struct growing_file;

/* Takes over outlet. *ret lives as long as the stream, which the caller closes. NULL with errno set. */
FILE *growing_file_open(struct outlet outlet, struct growing_file **ret);
/* What was printed, and flushed, and has not been taken yet. 0, or -errno, also of an earlier failure. */
int growing_file_drain(struct growing_file *file, uint64_t patience_ns);
/* 0, or -errno: from then on nothing is written. */
int growing_file_error(const struct growing_file *file);
/* Printed since the last call, or drained in vain, that will never be in the file. */
uint64_t growing_file_lost_lines(struct growing_file *file);
