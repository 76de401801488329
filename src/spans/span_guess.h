/* Guesses of spans from executed programs, for tests without messages. */
#pragma once

#include <stdbool.h>

#include "spans/lineage.h"
#include "spans/span_hint.h"

/* A queued guess. It becomes a span unless a message has begun one. */
struct span_guess {
	struct lineage *process; /* owned reference */
	struct span_hint hint;
};

/* Takes ownership of the hint's strings. */
struct span_guess *span_guess_new(struct lineage *process, const struct span_hint *hint);
void span_guess_free(struct lineage_table *table, struct span_guess *guess);

/*
 * Whether an open span already stands for the guess: the runner's own span, or a guess for the same test, as all processes of
 * a test inherit the variable.
 */
bool span_guess_is_known(struct lineage_table *table, const struct span_guess *guess);
