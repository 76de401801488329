/* The answer for a failed test: whose time was it? With the evidence, and the same for the run as a whole */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/usual.h"
#include "catalog/answers.h"
#include "model/facts.h"
#include "model/model.h"
#include "spans/span.h"

struct answers {
	const struct model *model;
	const struct run_facts *facts;
	uint64_t least_ns; /* a shorter time never matters: the shortest stall */
	uint64_t ended_ns; /* when somebody ended the run from outside; 0: nobody did */
	char *ended_by; /* owned; "SIGTERM", "the timeout"; NULL: nobody */
	struct usual_table *usual;
	uint64_t count[ANSWERS]; /* of tests */
	uint64_t unplaced; /* of these: failed tests of which nobody knows when they ran, or where */
	struct account *run; /* the run's own account; owned; NULL: not measured */
	/* Of a command that failed without a failed test that is placed; else ANSWER_NONE */
	enum answer of_run;
	char *run_evidence; /* of of_run, as for answer_of(); owned */
};

/* The model and the facts must outlive *ret, which the caller ends with answers_done(). */
void answers_reach(const struct model *model, const struct run_facts *facts, struct answers *ret);
void answers_done(struct answers *answers);

/*
 * ANSWER_NONE for a span that did not fail and was not interrupted. *ret_evidence is one sentence with the numbers, NULL
 * for ANSWER_NONE. It may name threads, in hostile bytes. The caller frees it.
 */
enum answer answer_of(const struct answers *answers, const struct span *span, char **ret_evidence);

/* The failed and interrupted tests. */
uint64_t answers_tests(const struct answers *answers);
/* What the machine cost the run, in one sentence; NULL: not measured. The caller frees it. */
char *answers_cost(const struct answers *answers);
