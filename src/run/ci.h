/* What the CI system's environment variables say about this run */
#pragma once

#include <stddef.h>

#include "model/facts.h"

/* No value is longer, whatever the variable holds. */
#define CI_VALUE_MAX_BYTES 1024

/*
 * Fills *ret from the environment; the caller frees the strings. Without a CI system all are NULL;
 * with one, "provider" is set, and each of the others if the system tells it. Only the variables
 * named in ci.c's table are read: never the whole environment, and no variable that is meant to
 * hold a secret. A user name and password inside a URL are left out. Every value is valid UTF-8,
 * but otherwise hostile: anyone who opens a pull request chooses its branch's name.
 */
void ci_read(struct ci_facts *ret);

/*
 * The text with each $NAME (capitals, digits, underscores) replaced by that environment variable,
 * cleaned as above. NULL if one of them is unset or empty. The caller frees the result.
 */
char *ci_expand(const char *text);
