/* Prints a log (--log) as lines in the form of fatrace(8) */
#pragma once

#include <stdio.h>

/*
 * Reads a log from path ("-" is standard input) as untrusted input, and prints one line per file
 * access; fatrace may merge several accesses to a file into one line. Returns 0, or -errno after
 * logging a message.
 */
int fatrace_print(const char *path, FILE *out);
