/* The verdict of a run: clean, stalled or unmeasured, with reasons, the result of each gate, and the blame. */
#include "answer/verdict.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/util.h"

static void add_reason(struct verdict *verdict, char *reason)
{
	verdict->reasons =
		xreallocarray(verdict->reasons, verdict->reason_count + 1, sizeof(char *));
	verdict->reasons[verdict->reason_count++] = reason;
}

static char *counted(uint64_t count, const char *one, const char *many)
{
	return xasprintf("%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

/* "3 waits for a CPU of 5ms or more (longest 48.2ms, 70ms in all)" */
static char *describe(const struct hist_fine *stalls, const char *one, const char *many,
		      uint64_t threshold_ns)
{
	char threshold[DURATION_FORMAT_BYTES], longest[DURATION_FORMAT_BYTES],
		total[DURATION_FORMAT_BYTES];
	_cleanup_free_ char *count = counted(stalls->count, one, many);

	duration_format(threshold, threshold_ns);
	duration_format(longest, stalls->max_ns);
	duration_format(total, stalls->total_ns);
	if (stalls->count == 1)
		return xasprintf("%s of %s or more (%s)", count, threshold, longest);
	return xasprintf("%s of %s or more (longest %s, %s in all)", count, threshold, longest,
			 total);
}

static const char *who_ran(const struct run_facts *facts)
{
	return facts->is_job ? "The job" : "The command";
}

static char *stalled_sentence(const struct model *model, const struct run_facts *facts)
{
	char *sentence = xasprintf("%s stalled", who_ran(facts));
	const char *separator = ":";

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct hist_fine *stalls = &model->stalls[kind].durations;
		_cleanup_free_ char *part = NULL;
		char *longer;

		if (!stalls->count)
			continue;
		part = describe(stalls, kind_catalog[kind].one, kind_catalog[kind].many,
				model_threshold_ns(model, kind));
		longer = xasprintf("%s%s %s", sentence, separator, part);
		free(sentence);
		sentence = longer;
		separator = ",";
	}
	return sentence;
}

static bool has_stalls(const struct model *model)
{
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		if (model->stalls[kind].durations.count)
			return true;
	return false;
}

static char *clean_sentence(const struct model *model, const struct trace_facts *trace)
{
	char cpu[DURATION_FORMAT_BYTES], io[DURATION_FORMAT_BYTES];

	duration_format(cpu, model->cpu_threshold_ns);
	duration_format(io, model->io_threshold_ns);
	if (!trace->io)
		return xasprintf("No stalls: no thread waited %s or longer for a CPU.", cpu);
	if (!trace->cpu)
		return xasprintf("No stalls: no file operation took %s or longer.", io);
	return xasprintf(
		"No stalls: no thread waited %s or longer for a CPU, no file operation took %s or longer.",
		cpu, io);
}

static void reach_status(const struct model *model, const struct run_facts *facts,
			 struct verdict *verdict)
{
	const struct trace_facts *trace = &facts->trace;
	const struct loss_counter *lost = &trace->losses[LOSS_RINGBUF_STALL];
	_cleanup_free_ char *parts = NULL;

	if (facts->not_run) {
		verdict->status = VERDICT_UNMEASURED;
		verdict->sentence = xasprintf("The command did not run: %s.", facts->not_run);
		return;
	}
	if (trace->status == TRACE_NONE || (!trace->cpu && !trace->io)) {
		verdict->status = VERDICT_UNMEASURED;
		verdict->sentence = xasprintf("Not measured: %s.",
					      trace->reason ? trace->reason : "unknown reason");
		return;
	}
	if (lost->count)
		add_reason(verdict, xasprintf("%llu %s lost: the numbers are lower bounds",
					      (unsigned long long)lost->count,
					      lost->count == 1 ? "stall was" : "stalls were"));
	if (trace->status == TRACE_PARTIAL && trace->reason)
		add_reason(verdict, xstrdup(trace->reason));
	if (has_stalls(model)) {
		verdict->status = VERDICT_STALLED;
		parts = stalled_sentence(model, facts);
		verdict->sentence = xasprintf("%s.", parts);
	} else if (lost->count) {
		verdict->status = VERDICT_STALLED;
		verdict->sentence = xasprintf(
			"%s stalled, but the records of its stalls were lost.", who_ran(facts));
	} else {
		verdict->status = VERDICT_CLEAN;
		verdict->sentence = clean_sentence(model, trace);
	}
}

static struct gate_stats stats_of(const struct hist_fine *stalls, bool measured)
{
	return (struct gate_stats){
		.measured = measured,
		.count = stalls->count,
		.max_ns = stalls->max_ns,
		.total_ns = stalls->total_ns,
		.p50_ns = hist_fine_percentile(stalls, 50),
		.p90_ns = hist_fine_percentile(stalls, 90),
		.p99_ns = hist_fine_percentile(stalls, 99),
	};
}

/* All watched cgroups together; unmeasured if there is none. */
static struct gate_stats watched_stats(const struct run_facts *facts, enum stall_kind kind,
				       bool measured)
{
	_cleanup_free_ struct hist_fine *all = xcalloc(1, sizeof(*all));

	for (size_t i = 0; i < facts->watched_count; i++)
		hist_fine_merge(all, &facts->watched[i].model->stalls[kind].durations);
	return stats_of(all, measured && facts->watched_count);
}

/* histogram NULL: no stall had such a share. */
static struct gate_stats stats_of_shares(const struct hist_fine *histogram, bool measured)
{
	return histogram ? stats_of(histogram, measured)
			 : (struct gate_stats){.measured = measured};
}

/* Whether something looked for stalls that can have the cause. */
static bool measures_cause(const struct trace_facts *trace, enum cause cause)
{
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		if (cause_catalog[cause].kinds & 1u << kind && trace_measures(trace, kind))
			return true;
	return false;
}

/* Whether the gates of a kind count the part of the run's critical path. */
static bool counts_part(unsigned kind, enum account_part part)
{
	if (kind == GATE_LOST)
		return part_catalog[part].side == SIDE_LOST;
	if (kind == GATE_CROWDED)
		return part_catalog[part].side == SIDE_CROWDED;
	if (kind >= GATE_CAUSE)
		return cause_catalog[kind - GATE_CAUSE].part == part;
	return (part_is_cpu(part) && kind != STALL_IO) || (part_is_io(part) && kind != STALL_CPU);
}

static void add_share(const struct account *run, unsigned kind, struct gate_stats *stats)
{
	uint64_t whole_ns, sum_ns = 0;

	if (!run)
		return;
	for (enum account_part part = 0; part < PARTS; part++)
		sum_ns += counts_part(kind, part) ? run->ns[part] : 0;
	whole_ns = MAX(run->until_ns - run->from_ns, UINT64_C(1));
	stats->share_measured = true;
	stats->share_ppm = (uint64_t)((unsigned __int128)sum_ns * 1000000 / whole_ns);
}

static void fill_stats(const struct model *model, const struct run_facts *facts,
		       const struct account *run, struct gate_stats *stats)
{
	_cleanup_free_ struct hist_fine *any = xcalloc(1, sizeof(*any));
	bool any_measured = facts->trace.cpu || facts->trace.io;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct hist_fine *stalls = &model->stalls[kind].durations;
		bool measured = trace_measures(&facts->trace, kind);

		hist_fine_merge(any, stalls);
		stats[kind] = stats_of(stalls, measured);
		stats[GATE_WATCHED + kind] = watched_stats(facts, kind, measured);
	}
	stats[GATE_ANY] = stats_of(any, any_measured);
	stats[GATE_LOST] = stats_of_shares(model->lost_durations, any_measured);
	stats[GATE_CROWDED] = stats_of_shares(model->crowded_durations, any_measured);
	for (enum cause cause = 0; cause < CAUSES; cause++)
		stats[GATE_CAUSE + cause] = stats_of_shares(model->share_durations[cause],
							    measures_cause(&facts->trace, cause));
	for (unsigned kind = 0; kind < GATE_KIND_COUNT; kind++)
		add_share(run, kind, &stats[kind]);
}

static void judge_gates(const struct model *model, const struct run_facts *facts,
			struct verdict *verdict)
{
	struct gate_stats stats[GATE_KIND_COUNT];

	if (facts->gate_count)
		fill_stats(model, facts, verdict->answers.run, stats);
	verdict->outcomes = xcalloc(facts->gate_count + 1, sizeof(*verdict->outcomes));
	for (size_t i = 0; i < facts->gate_count; i++) {
		struct gate_outcome *outcome = &verdict->outcomes[verdict->outcome_count++];

		outcome->gate = &facts->gates[i];
		outcome->result = gate_evaluate(outcome->gate, stats, &outcome->actual);
		if (outcome->result != GATE_BREACHED)
			continue;
		verdict->breached = true;
		add_reason(verdict, xasprintf("gate %s breached", outcome->gate->expression));
	}
}

void verdict_reach(const struct model *model, const struct run_facts *facts, struct verdict *ret)
{
	*ret = (struct verdict){0};
	reach_status(model, facts, ret);
	ret->blame = blame_list(model, &ret->blame_count);
	/* The largest one is the answer; the others are in the report. */
	if (ret->blame_count && ret->status == VERDICT_STALLED)
		add_reason(ret, xasprintf("%s%s%s", ret->blame[0].sentence,
					  ret->blame[0].advice ? ". " : "",
					  ret->blame[0].advice ? ret->blame[0].advice : ""));
	answers_reach(model, facts, &ret->answers);
	judge_gates(model, facts, ret);
}

void verdict_done(struct verdict *verdict)
{
	free(verdict->sentence);
	for (size_t i = 0; i < verdict->reason_count; i++)
		free(verdict->reasons[i]);
	free(verdict->reasons);
	free(verdict->outcomes);
	answers_done(&verdict->answers);
	blame_free(verdict->blame, verdict->blame_count);
	*verdict = (struct verdict){0};
}
