/* Let each of several runs read a file on standard input from the same position */
#pragma once

#include <sys/types.h>

/* Returns -1 if standard input is not a file: from a pipe, each run gets what is left. */
off_t input_position(void);
void input_rewind(off_t position); /* -1: does nothing */
