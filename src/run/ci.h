/* Read facts about the run from the environment variables of the CI system */
#pragma once

#include <stddef.h>

#include "model/facts.h"

/* Longer values are truncated. */
#define CI_VALUE_MAX_BYTES 1024

/*
 * Fills *ret from the environment; the caller frees the strings. Without a CI system all strings
 * are NULL. With one, "provider" is set, and the others are set if the system has them. Reads only
 * the variables in the table of ci.c: never the whole environment, and no variable that should hold
 * a secret. Removes user name and password from URLs. Each value is valid UTF-8, but otherwise
 * untrusted: anyone who opens a pull request chooses the name of its branch.
 */
void ci_read(struct ci_facts *ret);

/*
 * Returns text with each $NAME (capitals, digits, underscores) replaced by that environment
 * variable, cleaned as above; the caller frees it. NULL if a variable is unset or empty.
 */
char *ci_expand(const char *text);
