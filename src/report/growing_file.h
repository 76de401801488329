/* A file of lines that grows during a run; its reader cannot make the run wait */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/outlet.h"

struct growing_file;

/*
 * Takes ownership of outlet. *ret lives as long as the stream, which the caller closes. Returns
 * NULL with errno set on error.
 */
FILE *growing_file_open(struct outlet outlet, struct growing_file **ret);
/*
 * Writes what was printed and flushed but not yet taken. Returns 0 or -errno, also that of an
 * earlier failure.
 */
int growing_file_drain(struct growing_file *file, uint64_t patience_ns);
/* 0, or the -errno after which nothing is written */
int growing_file_error(const struct growing_file *file);
/* The bytes printed since the last call, or drained in vain, that will never be in the file */
uint64_t growing_file_lost_lines(struct growing_file *file);
