/* The catalog of answers: whose fault a failed test was */
#pragma once

enum answer {
	ANSWER_NONE, /* the test did not fail */
	ANSWER_UNMEASURED,
	ANSWER_INTERRUPTED, /* the run was ended from outside while the test ran */
	ANSWER_MACHINE, /* the machine took time on the critical path, and that matters */
	ANSWER_CROWDED, /* the same, but the run's own threads or quota took it */
	ANSWER_WAITED, /* most of the time asleep for somebody else, or until its own time-out */
	ANSWER_CODE, /* the time went to the test's own work, or there is too little of it to explain a failure */
	ANSWERS
};

struct answer_facts {
	const char *name; /* in reports; NULL for ANSWER_NONE */
	const char *words; /* "the machine" */
	const char *meaning; /* for a reader who sees the words for the first time */
};
extern const struct answer_facts answer_catalog[ANSWERS];
