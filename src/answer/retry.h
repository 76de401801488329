/* Whether a failed command is worth another attempt: only if the machine spoiled this one. */
#pragma once

#include <stdbool.h>

#include "model/facts.h"
#include "model/model.h"
#include "answer/verdict.h"

struct retry_policy {
	unsigned limit; /* attempts after the first; 0: none */
	bool when_clean; /* also after failures that nothing shows the machine to have caused */
};

struct retry_choice {
	bool spoiled; /* it failed, and a gate was breached, or all failed tests stood still before */
	bool again;
	char *reason; /* why, or why not: a clause of ours around names; owned */
};

/*
 * Judges the attempt that has just ended with this exit status (0: it passed), the number-th, from 1.
 * The caller ends *ret with retry_choice_done().
 */
void retry_decide(const struct retry_policy *policy, const struct model *model,
		  const struct run_facts *facts, const struct verdict *verdict, int exit_status,
		  unsigned number, struct retry_choice *ret);
void retry_choice_done(struct retry_choice *choice);
