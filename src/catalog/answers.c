/* The catalog of answers: whose fault a failed test was */
#include "catalog/answers.h"

#include <stddef.h>

const struct answer_facts answer_catalog[ANSWERS] = {
	[ANSWER_NONE] = {NULL, NULL, NULL},
	[ANSWER_UNMEASURED] = {"unmeasured", "not measured",
			       "nobody can tell whose fault the failure is"},
	[ANSWER_INTERRUPTED] = {"interrupted", "interrupted",
				"the run was ended from outside while the test ran"},
	[ANSWER_MACHINE] = {"machine", "the machine",
			    "other programs or the hardware took time that the test needed: "
			    "another try may pass"},
	[ANSWER_CROWDED] = {"crowded", "the run's own load",
			    "other processes of the run took time that the test needed: "
			    "run fewer jobs at a time"},
	[ANSWER_WAITED] = {"waited", "waited for others",
			   "most of the time the test slept until another program answered, "
			   "or until its own time-out"},
	[ANSWER_CODE] = {"code", "the code",
			 "the test had the CPU and the disk when it needed them: look at the code"},
};
