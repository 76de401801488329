/* Tests that a file told of after they had ended: most without the time at which they ran */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "catalog/losses.h"
#include "catalog/words.h"

struct model;

/* When a test ran; CLOCK_MONOTONIC */
struct told_time {
	bool is_known;
	uint64_t start_ns, end_ns;
	uint64_t surely_from_ns, surely_until_ns; /* the part of it that is surely its own */
	bool overlaps; /* with another test */
	bool is_placed; /* all that the run did then is the test's, along the path of this process */
	uint32_t host_pid;
};

/* Strings are bytes of any origin; NULL: not given. */
struct told_test {
	const char *name; /* not NULL */
	const char *runner, *file;
	uint32_t line, attempt; /* 0: not given */
	enum span_outcome outcome;
	bool has_duration;
	uint64_t duration_ns;
	struct told_time time;
};

/*
 * Adds a final span. Without a time, no stall counts in it. Call it after model_spans_finalize() with UINT64_MAX.
 * end_ns: of the run.
 */
void model_told_test(struct model *model, const struct told_test *test, uint64_t end_ns);
void model_told_lost(struct model *model, enum span_loss loss, uint64_t count);
