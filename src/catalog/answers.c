/* The catalog of answers: whose fault a failed test was */
#include "catalog/answers.h"

#include <stddef.h>

const struct answer_facts answer_catalog[ANSWERS] = {
	[ANSWER_NONE] = {NULL, NULL},
	[ANSWER_UNMEASURED] = {"unmeasured", "not measured"},
	[ANSWER_INTERRUPTED] = {"interrupted", "interrupted"},
	[ANSWER_MACHINE] = {"machine", "the machine"},
	[ANSWER_CROWDED] = {"crowded", "the run's own load"},
	[ANSWER_WAITED] = {"waited", "waited for others"},
	[ANSWER_CODE] = {"code", "the code"},
};
