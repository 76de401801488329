/* Quote the words of a command line so that a POSIX shell reads the same words */
#pragma once

#include <stdio.h>

/* Writes word to out: unchanged if the shell takes it literally, else in single quotes. */
void quote_for_shell(const char *word, FILE *out);
