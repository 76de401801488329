/* Decides whether to retry a failed command: only if the machine spoiled the attempt. */
#pragma once

#include <stdbool.h>

#include "model/facts.h"
#include "answer/verdict.h"

struct retry_policy {
	unsigned limit; /* number of attempts after the first; 0: none */
	bool when_clean; /* also retry a failure that nothing blames on the machine */
};

struct retry_choice {
	bool spoiled; /* the attempt failed, and a gate is breached or the machine made all failed tests fail */
	bool again;
	char *reason; /* owned; a clause that says why or why not, and may quote names */
};

/*
 * Judges attempt `number` (from 1), which ended with exit_status (0: passed). The caller ends *ret with
 * retry_choice_done().
 */
void retry_decide(const struct retry_policy *policy, const struct run_facts *facts,
		  const struct verdict *verdict, int exit_status, unsigned number,
		  struct retry_choice *ret);
void retry_choice_done(struct retry_choice *choice);
