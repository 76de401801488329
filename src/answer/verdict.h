/* The verdict of a run: clean, stalled or unmeasured, with reasons, the result of each gate, and the blame. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/answer.h"
#include "answer/blame.h"
#include "answer/gate.h"
#include "catalog/words.h"
#include "model/facts.h"
#include "model/model.h"

struct gate_outcome {
	const struct gate *gate; /* borrowed from the facts */
	enum gate_result result;
	uint64_t actual; /* ns or a count; 0 if unmeasured */
};

struct verdict {
	enum verdict_status status;
	char *sentence;
	size_t reason_count;
	char **reasons;
	size_t outcome_count;
	struct gate_outcome *outcomes;
	bool breached; /* any gate */
	size_t blame_count;
	struct blame *blame;
	struct answers answers;
};

/* The model and the facts must outlive *ret. The caller ends *ret with verdict_done(). */
void verdict_reach(const struct model *model, const struct run_facts *facts, struct verdict *ret);
void verdict_done(struct verdict *verdict);
