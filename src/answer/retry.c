/* Decides whether to retry a failed command: only if the machine spoiled the attempt. */
#include "answer/retry.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/util.h"
#include "spans/span_selection.h"
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

static char *stalled_tests(uint64_t failed)
{
	if (failed == 1)
		return xstrdup("the failed test stood still before it failed");
	return xasprintf("all %" PRIu64 " failed tests stood still before they failed", failed);
}

/* Why not: a test that failed without stalls will fail again, whatever stalls the other tests had. */
static char *own_failure(const struct run_facts *facts, const struct verdict *verdict,
			 const struct span_counts *tests, uint64_t failed)
{
	if (verdict->status == VERDICT_UNMEASURED)
		return xstrdup("it was not measured: nobody can tell whose fault the failure is");
	if (tests->waited)
		return xasprintf("%" PRIu64 " of the %" PRIu64
				 " failed tests waited for a CPU, though never as long as a stall",
				 tests->waited, failed);
	if (failed && tests->answers[SPAN_STALLED])
		return xasprintf("%" PRIu64 " of the %" PRIu64
				 " failed tests did not stand still: look at the code",
				 failed - tests->answers[SPAN_STALLED], failed);
	if (failed && tests->answers[SPAN_NOT_STALLED])
		return xasprintf("%s failed on a quiet machine: look at the code",
				 failed == 1 ? "the failed test" : "the failed tests");
	if (verdict->status == VERDICT_STALLED && !facts->gate_count)
		return xstrdup(
			"it stood still, but there is no gate to judge that by, and no test that failed then");
	return xasprintf("%s: the failure is the command's own",
			 facts->gate_count ? "no gate was breached" : "nothing stood still");
}

/* Whether the machine spoiled a failed attempt; *ret_reason says why or why not, and the caller frees it. */
static bool judge(const struct model *model, const struct run_facts *facts,
		  const struct verdict *verdict, char **ret_reason)
{
	struct span_counts tests;
	uint64_t failed;

	model_span_counts(model, &facts->trace, &tests);
	failed = tests.answers[SPAN_STALLED] + tests.answers[SPAN_NOT_STALLED] +
		 tests.answers[SPAN_NOT_MEASURED];
	if (verdict->breached)
		*ret_reason = breached_gates(verdict);
	else if (failed && failed == tests.answers[SPAN_STALLED])
		*ret_reason = stalled_tests(failed);
	else
		*ret_reason = own_failure(facts, verdict, &tests, failed);
	return verdict->breached || (failed && failed == tests.answers[SPAN_STALLED]);
}

void retry_decide(const struct retry_policy *policy, const struct model *model,
		  const struct run_facts *facts, const struct verdict *verdict, int exit_status,
		  unsigned number, struct retry_choice *ret)
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
	ret->spoiled = judge(model, facts, verdict, &why);
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
