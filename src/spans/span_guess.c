/* Guesses of spans from executed programs, for tests without messages. */
#include "spans/span_guess.h"

#include <stdlib.h>

#include "base/util.h"
#include "spans/span.h"

struct span_guess *span_guess_new(struct lineage *process, const struct span_hint *hint)
{
	struct span_guess *guess = xcalloc(1, sizeof(*guess));

	guess->process = lineage_ref(process);
	guess->hint = *hint;
	return guess;
}

void span_guess_free(struct lineage_table *table, struct span_guess *guess)
{
	lineage_unref(table, guess->process);
	span_hint_done(&guess->hint);
	free(guess);
}

static bool is_of(const struct span *span, const struct span_hint *hint)
{
	/* nextest may use the wrapper for cargo. */
	bool same_runner = span->runner &&
			   (streq(span->runner, hint->runner) ||
			    (streq(span->runner, "nextest") && streq(hint->runner, "cargo")));

	return same_runner && (!span->guessed || streq(span->name.data, hint->name) ||
			       streq(hint->runner, "cargo"));
}

bool span_guess_is_known(struct lineage_table *table, const struct span_guess *guess)
{
	struct lineage *process = guess->process;

	for (; process; process = lineage_parent(table, process))
		for (size_t i = process->open.count; i--;)
			if (is_of(process->open.entries[i].span, &guess->hint))
				return true;
	return false;
}
