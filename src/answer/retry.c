/* Decides whether to retry a failed command: only if the machine spoiled the attempt. */
#include "answer/retry.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "model/symbols.h"

static char *breached_gates(const struct verdict *verdict)
{
	const char *first = NULL;
	size_t more = 0;

	for (size_t i = 0; i < verdict->outcome_count; i++) {
		if (verdict->outcomes[i].result != GATE_BREACHED)
			continue;
		if (first)
			more++;
		else
			first = verdict->outcomes[i].gate->expression;
	}
	if (!more)
		return xasprintf("gate %s breached", first ? first : "?");
	return xasprintf("gate %s and %zu more breached", first, more);
}

/* "2 of 3 failed tests: the code"; the answers other than machine, the most frequent one first. */
static char *other_answers(const struct answers *answers, uint64_t failed)
{
	enum answer most = ANSWER_NONE;

	for (enum answer answer = ANSWER_NONE + 1; answer < ANSWERS; answer++)
		if (answer != ANSWER_MACHINE &&
		    (most == ANSWER_NONE || answers->count[answer] > answers->count[most]))
			most = answer;
	return xasprintf("the answer for %" PRIu64 " of %" PRIu64 " failed test%s is: %s",
			 answers->count[most], failed, failed == 1 ? "" : "s",
			 answer_catalog[most].words);
}

/* Whether the machine spoiled a failed attempt; *ret_reason says why or why not, and the caller frees it. */
static bool judge(const struct verdict *verdict, char **ret_reason)
{
	const struct answers *answers = &verdict->answers;
	uint64_t failed = answers_tests(answers);

	if (verdict->breached) {
		*ret_reason = breached_gates(verdict);
		return true;
	}
	if (failed > answers->unplaced) {
		bool machine = failed == answers->count[ANSWER_MACHINE];

		*ret_reason = !machine      ? other_answers(answers, failed)
			      : failed == 1 ? xstrdup("the machine made the failed test fail")
					    : xasprintf("the machine made all %" PRIu64
							" failed tests fail",
							failed);
		return machine;
	}
	*ret_reason = xasprintf(
		"the answer for the command, %s, is: %s",
		failed ? "whose failed tests have none" : "which named no failed test",
		answer_catalog[answers->of_run == ANSWER_NONE ? ANSWER_UNMEASURED : answers->of_run]
			.words);
	return answers->of_run == ANSWER_MACHINE;
}

void retry_decide(const struct retry_policy *policy, const struct run_facts *facts,
		  const struct verdict *verdict, int exit_status, unsigned number,
		  struct retry_choice *ret)
{
	_cleanup_free_ char *why = NULL;

	*ret = (struct retry_choice){0};
	if (facts->not_run) {
		ret->reason = xstrdup("the command could not be run");
		return;
	}
	if (exit_status == 0) {
		ret->reason = xstrdup("it passed");
		return;
	}
	ret->spoiled = judge(verdict, &why);
	if (facts->exit.told_to_end) {
		_cleanup_free_ char *name = symbol_signal(facts->exit.told_to_end);

		ret->reason = xasprintf("latwrap was told to end by %s", name ? name : "a signal");
	} else if (!ret->spoiled && !policy->when_clean) {
		ret->reason = steal_ptr(why);
	} else if (number > policy->limit) {
		ret->reason = xasprintf("%s, but no attempt is left", why);
	} else {
		ret->again = true;
		ret->reason = steal_ptr(why);
	}
}

void retry_choice_done(struct retry_choice *choice)
{
	free(choice->reason);
	*choice = (struct retry_choice){0};
}
