/* A log (--log) as the lines that fatrace(8) prints */
#pragma once

#include <stdio.h>

/*
 * Reads a log, untrusted as a report is, from path ("-" is standard input) and prints its file accesses as they were
 * one by one, where fatrace may put several of a file into one line. Returns 0, or -errno after a message.
 */
int fatrace_print(const char *path, FILE *out);
