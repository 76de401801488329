/* Write the result of a command to standard output or to --output=FILE */
#pragma once

#include <stdio.h>

#define OUTPUT_OPTION(type, member)                                        \
	{                                                                  \
		"output", 'o', OPTION_FILE, FIELD(type, member),           \
			.help = "write to FILE instead of standard output" \
	}

/* Returns STDOUT_FILENO for NULL and "-", which mean standard output; otherwise -1. */
int output_fd(const char *path);
/*
 * Writes the output of print() to path. Returns 0, the result of print(), or -errno after a
 * message.
 */
int output_write(const char *path, int (*print)(FILE *out, void *userdata), void *userdata);
/* Flushes standard output. Returns 0, or -errno after a message. */
int output_flush_stdout(void);
