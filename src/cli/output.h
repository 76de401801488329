/* Where a command prints its result: standard output, or --output=FILE */
#pragma once

#include <stdio.h>

#define OUTPUT_OPTION(type, member)                                        \
	{                                                                  \
		"output", 'o', OPTION_FILE, FIELD(type, member),           \
			.help = "write to FILE instead of standard output" \
	}

/* STDOUT_FILENO for NULL and "-", which are standard output; else -1. */
int output_fd(const char *path);
/* Writes what print() prints. Returns 0, what print() returned, or -errno after a message. */
int output_write(const char *path, int (*print)(FILE *out, void *userdata), void *userdata);
/* All that was printed on standard output. Returns 0, or -errno after a message. */
int output_flush_stdout(void);
