/* The answer for a failed test: whose time was it? */
#include "answer/answer.h"

#include <signal.h>
#include <stdlib.h>

#include "answer/baseline.h"
#include "answer/evidence.h"
#include "base/duration.h"
#include "base/util.h"
#include "model/symbols.h"
#include "spans/span_account.h"
#include "spans/span_selection.h"
#include "spans/span_tree.h"

#define MOSTLY  2 /* the half */
#define UNCLEAR 4 /* if more than a quarter is unclear, the rest decides nothing */

/* -- What decides ---------------------------------------------------------------------------------- */

/* Earlier runs of the same test are the best measure. span NULL: the run. */
static struct usual usual_of(const struct answers *answers, const struct span *span,
			     const struct answer_times *times)
{
	struct usual same = {0};

	if (span)
		same = baseline_find(answers->facts->baseline, span,
				     answers->facts->host.cpu_model);
	if (same.tests)
		return same;
	return *usual_find(answers->usual, times->whole_ns - times->lost_ns - times->crowded_ns);
}

/*
 * Whether a time explains a failure: what exceeds the usual is at least that part of the whole, and a quarter of the usual.
 * Some tests that passed lost more than what is usual: without the second condition, as many failures of the code would be
 * excused on a noisy machine.
 */
static bool matters(const struct answers *answers, uint64_t ns, uint64_t usual_ns,
		    uint64_t whole_ns, unsigned part)
{
	return ns >= answers->least_ns && ns > usual_ns &&
	       ns - usual_ns >= MAX(whole_ns / part, usual_ns / 4);
}

static enum answer judge(const struct answers *answers, const struct answer_times *times,
			 const struct usual *usual)
{
	uint64_t whole_ns = times->whole_ns, both_ns = times->lost_ns + times->crowded_ns;
	bool lost = matters(answers, times->lost_ns, usual->lost_ns, whole_ns, ANSWER_MATTERS);
	bool crowded =
		matters(answers, times->crowded_ns, usual->crowded_ns, whole_ns, ANSWER_MATTERS);

	/* To retry helps only if the machine took the larger part. */
	if (lost && (!crowded || times->lost_ns >= times->crowded_ns))
		return ANSWER_MACHINE;
	if (lost || crowded)
		return ANSWER_CROWDED;
	if (matters(answers, both_ns, usual->both_ns, whole_ns, ANSWER_MATTERS))
		return times->lost_ns > times->crowded_ns ? ANSWER_MACHINE : ANSWER_CROWDED;
	if (matters(answers, times->unclear_ns, 0, whole_ns, UNCLEAR))
		return ANSWER_UNMEASURED;
	if (matters(answers, times->asleep_ns, usual->asleep_ns, whole_ns, MOSTLY))
		return ANSWER_WAITED;
	return ANSWER_CODE;
}

/* Whether records of the time were lost: what remains are lower bounds. */
static bool lost_records(const struct trace_facts *trace, uint64_t start_ns, uint64_t end_ns)
{
	static const enum loss_kind kinds[] = {LOSS_RINGBUF_STALL, LOSS_RINGBUF_OFF_CPU,
					       LOSS_THREAD_STORAGE, LOSS_THREAD_UNKNOWN};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct loss_counter *loss = &trace->losses[kinds[i]];

		if (loss->count && loss->first_ns <= end_ns && loss->last_ns >= start_ns)
			return true;
	}
	return false;
}

/* Several tests ran in the process, and nothing says which of its threads ran this test. */
static bool has_unknown_thread(const struct span *span)
{
	return span->ambiguous && !span->tid;
}

/*
 * span NULL: the run. Sets *ret_evidence, except for ANSWER_UNMEASURED; ret_evidence may be NULL. One look-up of the usual,
 * the most costly part, serves the answer and its evidence.
 */
static enum answer judge_account(const struct answers *answers, const struct span *span,
				 const struct account *account, char **ret_evidence)
{
	struct answer_times times = answer_times(account);
	struct usual usual = usual_of(answers, span, &times);
	struct slowness slowness = slowness_of(&answers->facts->timeline, account->from_ns,
					       account->until_ns, &times, &usual);
	enum answer answer = judge(answers, &times, &usual);

	/* A lower bound that matters is enough to blame the machine, but nobody else. */
	if (answer != ANSWER_MACHINE &&
	    (lost_records(&answers->facts->trace, account->from_ns, account->until_ns) ||
	     (span && has_unknown_thread(span))))
		return ANSWER_UNMEASURED;
	slowness.explains_failure &= answer == ANSWER_CODE;
	if (slowness.explains_failure)
		answer = ANSWER_MACHINE;
	if (ret_evidence && answer != ANSWER_UNMEASURED)
		*ret_evidence = evidence_of_account(account, answer, &times, &usual, &slowness);
	return answer;
}

/* span NULL: the run */
static char *unmeasured_evidence(const struct answers *answers, const struct span *span,
				 const struct account *account)
{
	const struct trace_facts *trace = &answers->facts->trace;
	char unclear[DURATION_FORMAT_BYTES], whole[DURATION_FORMAT_BYTES];
	struct answer_times times;

	if (span && span->untimed)
		return xstrdup("latwrap does not know when it ran: a file told of it afterwards");
	if (span && span->told && !account)
		return xstrdup("latwrap cannot tell which process ran it: others ran at the same "
			       "time or outside the run, or the test was too short");
	if (trace->status != TRACE_FULL)
		return xasprintf("latwrap could not measure: %s",
				 trace->reason ? trace->reason : "unknown reason");
	if (!account)
		return xstrdup("its process is not one that latwrap traced");
	if (lost_records(trace, account->from_ns, account->until_ns))
		return xstrdup("records of its time were lost (tracing.loss in the report)");
	if (span && has_unknown_thread(span))
		return xstrdup("several tests ran in its process at a time, "
			       "and nothing says which thread ran this test");
	times = answer_times(account);
	duration_format(unclear, times.unclear_ns);
	return xasprintf("the kernel did not show where %s of its %s went", unclear,
			 duration_format(whole, times.whole_ns));
}

/* The evidence of an answer that no account decides. span NULL: the run */
static char *other_evidence(const struct answers *answers, const struct span *span,
			    const struct account *account, enum answer answer)
{
	/* A command can go on after a signal: make starts its next test. */
	if (answer == ANSWER_INTERRUPTED && span && span->start_ns > answers->ended_ns)
		return xasprintf("it began after %s had asked the run to end", answers->ended_by);
	if (answer == ANSWER_INTERRUPTED)
		return xasprintf("it ran when %s ended the run", answers->ended_by);
	if (answer == ANSWER_UNMEASURED)
		return unmeasured_evidence(answers, span, account);
	return NULL;
}

/* -- Tests ----------------------------------------------------------------------------------------- */

/* A test in progress when the run was ended. A runner that is killed reports no outcome for it. */
static bool is_interrupted(const struct answers *answers, const struct span *span)
{
	bool in_progress = span->outcome == SPAN_UNKNOWN && !span->has_tests;

	return answers->ended_ns && !span->untimed && span_known_ns(span) >= answers->ended_ns &&
	       (span_has_failed(span) || in_progress);
}

static enum answer judge_span(const struct answers *answers, const struct span *span,
			      char **ret_evidence)
{
	if (is_interrupted(answers, span))
		return ANSWER_INTERRUPTED;
	if (!span_has_failed(span))
		return ANSWER_NONE;
	if (answers->facts->trace.status != TRACE_FULL || !span->account)
		return ANSWER_UNMEASURED;
	return judge_account(answers, span, span->account, ret_evidence);
}

enum answer answer_of(const struct answers *answers, const struct span *span, char **ret_evidence)
{
	enum answer answer;

	*ret_evidence = NULL;
	answer = judge_span(answers, span, ret_evidence);
	if (!*ret_evidence)
		*ret_evidence = other_evidence(answers, span, span->account, answer);
	return answer;
}

static void judge_tests(struct answers *answers)
{
	struct span_counts counts;
	size_t count;
	_cleanup_free_ struct span **spans = span_tree_list(answers->model->spans, &count);

	for (size_t i = 0; i < count; i++) {
		if (spans[i]->has_tests)
			continue;
		answers->count[judge_span(answers, spans[i], NULL)]++;
		answers->unplaced += spans[i]->told && !spans[i]->account &&
				     span_has_failed(spans[i]);
	}
	model_span_counts(answers->model, &counts);
	answers->count[ANSWER_UNMEASURED] += counts.failed_gone;
	answers->count[ANSWER_NONE] = 0;
}

/* -- The run --------------------------------------------------------------------------------------- */

/* These signals come from outside; a program that crashes ends by others. */
static bool ends_from_outside(int number)
{
	return number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP ||
	       number == SIGQUIT;
}

static void find_end(struct answers *answers)
{
	const struct exit_facts *exit = &answers->facts->exit;
	int number = exit->told_to_end ? exit->told_to_end : exit->signal;

	if (exit->timed_out) {
		answers->ended_by = xstrdup("--timeout");
	} else if (ends_from_outside(number)) {
		answers->ended_by = symbol_signal(number);
	} else {
		return;
	}
	answers->ended_ns = exit->told_ns ? exit->told_ns : answers->facts->end_ns;
}

static bool command_failed(const struct run_facts *facts)
{
	return facts->exit.ended && !facts->not_run &&
	       (facts->exit.code != 0 || facts->exit.signal);
}

uint64_t answers_tests(const struct answers *answers)
{
	uint64_t count = 0;

	for (enum answer answer = ANSWER_NONE + 1; answer < ANSWERS; answer++)
		count += answers->count[answer];
	return count;
}

static void judge_run(struct answers *answers)
{
	const struct run_facts *facts = answers->facts;

	if (facts->trace.cpu && !facts->is_job)
		answers->run = model_run_account(answers->model, (uint32_t)facts->pid,
						 facts->start_ns, facts->end_ns);
	if (answers_tests(answers) > answers->unplaced || !command_failed(facts))
		return;
	if (answers->ended_ns)
		answers->of_run = ANSWER_INTERRUPTED;
	else if (!answers->run || facts->trace.status != TRACE_FULL)
		answers->of_run = ANSWER_UNMEASURED;
	else
		answers->of_run =
			judge_account(answers, NULL, answers->run, &answers->run_evidence);
	if (!answers->run_evidence)
		answers->run_evidence =
			other_evidence(answers, NULL, answers->run, answers->of_run);
}

void answers_reach(const struct model *model, const struct run_facts *facts, struct answers *ret)
{
	struct passed_test *passed;
	size_t count;

	passed = model_passed(model, &count);
	*ret = (struct answers){
		.model = model,
		.facts = facts,
		.least_ns = MIN(model->cpu_threshold_ns, model->io_threshold_ns),
		.usual = usual_new(passed, count),
	};
	find_end(ret);
	judge_tests(ret);
	judge_run(ret);
}

void answers_done(struct answers *answers)
{
	usual_free(answers->usual);
	free(answers->ended_by);
	free(answers->run);
	free(answers->run_evidence);
	*answers = (struct answers){0};
}

char *answers_cost(const struct answers *answers)
{
	return answers->run ? evidence_of_cost(answers->run, answers->ended_by,
					       answers->facts->include_count > 0)
			    : NULL;
}
