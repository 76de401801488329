/* Tests that a file told of after they had ended, without the time at which they ran */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalog/losses.h"
#include "catalog/words.h"

struct model;

/* Strings are bytes of any origin; NULL: not given. */
struct told_test {
	const char *name; /* not NULL */
	const char *runner, *file;
	uint32_t line, attempt; /* 0: not given */
	enum span_outcome outcome;
	bool has_duration;
	uint64_t duration_ns;
};

/*
 * Adds a final span of no process, in which no stall counts. Call it after model_spans_finalize() with UINT64_MAX.
 * end_ns: of the run.
 */
void model_told_test(struct model *model, const struct told_test *test, uint64_t end_ns);
void model_told_lost(struct model *model, enum span_loss loss, uint64_t count);
