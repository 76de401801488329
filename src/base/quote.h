/* Quote the words of a command line so that a POSIX shell reads the same words */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Writes word to out: unchanged if the shell takes it literally, else in single quotes. */
void quote_for_shell(const char *word, FILE *out);

/* Returns whether path stays one word where words are split at spaces or colons, or expanded. */
bool is_plain_path(const char *path);
