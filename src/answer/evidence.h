/* The evidence for an answer: one sentence with the numbers that decided */
#pragma once

#include "answer/slowness.h"
#include "answer/times.h"
#include "answer/usual.h"
#include "catalog/answers.h"

/*
 * The sentence for machine, crowded, waited and code; NULL for other answers. It begins with a lower-case word, has no full
 * stop at its end, and may name threads, in hostile bytes. The caller frees it.
 */
char *evidence_of_account(const struct account *account, enum answer answer,
			  const struct answer_times *times, const struct usual *usual,
			  const struct slowness *slowness);

/*
 * What the machine took of the whole run. ended_by: who ended the run from outside; NULL: nobody. has_included: cgroups
 * of containers are part of the run. The caller frees it.
 */
char *evidence_of_cost(const struct account *account, const char *ended_by, bool has_included);
