/* Compares two groups of runs by ranks: the whole runs, the causes of their stalls, and each test */
#include "compare/compare.h"

#include <math.h>
#include <stdlib.h>

#include "base/util.h"
#include "catalog/words.h"
#include "views/tests.h"
#include "views/view.h"

#define EXACT_MAX (UINT64_C(1) << 53)

const char *const compare_verdict_names[COMPARE_VERDICTS] = {
	[COMPARE_DIFFERENT] = "different",
	[COMPARE_NO_DIFFERENCE] = "no-difference",
	[COMPARE_TOO_FEW] = "too-few",
};

struct compare_sample {
	char *metric, *name, *file, *runner; /* owned; all but metric may be NULL */
	enum compare_side side;
	bool failed;
	size_t run, number; /* number: the order of arrival */
	int64_t value;
};

struct compare_run {
	char *id;
	enum compare_side side;
	uint64_t thresholds_ns[STALL_KINDS];
	char *machine;
};

/* -- Samples ----------------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct compare_sample *add_sample(struct comparison *comparison, enum compare_side side,
					 const char *metric, uint64_t value)
{
	struct compare_sample *sample;

	if (comparison->sample_count == comparison->samples_allocated) {
		comparison->samples_allocated =
			MAX(comparison->samples_allocated * 2, (size_t)1024);
		comparison->samples = xreallocarray(comparison->samples,
						    comparison->samples_allocated,
						    sizeof(*comparison->samples));
	}
	sample = &comparison->samples[comparison->sample_count];
	*sample = (struct compare_sample){
		.metric = xstrdup(metric),
		.side = side,
		.run = comparison->seen_count,
		.number = comparison->sample_count++,
		.value = (int64_t)MIN(value, EXACT_MAX),
	};
	return sample;
}

/* Adds the totals and the causes of a kind; take_values() supplies 0 for causes without an entry. */
static void add_kind(struct comparison *comparison, enum compare_side side, enum stall_kind kind,
		     const struct report_stall_sum *sum)
{
	const char *name = kind_catalog[kind].name;
	_cleanup_free_ char *total = xasprintf("%s.total_ns", name);
	_cleanup_free_ char *max = xasprintf("%s.max_ns", name);

	add_sample(comparison, side, total, sum->total_ns);
	add_sample(comparison, side, max, sum->max_ns.value);
	for (size_t i = 0; i < sum->by_cause.count; i++) {
		const struct report_cause_sum *cause = &sum->by_cause.list[i];
		_cleanup_free_ char *metric = xasprintf("%s.%s_ns", name, cause->cause);

		add_sample(comparison, side, metric, cause->total_ns);
	}
}

static void add_totals(struct comparison *comparison, enum compare_side side,
		       const struct report_totals *totals)
{
	const struct report_stall_sum *cpu = totals->of[STALL_CPU], *io = totals->of[STALL_IO];
	bool measured = false;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		if (!totals->of[kind])
			continue;
		measured = true;
		add_kind(comparison, side, kind, totals->of[kind]);
	}
	if (cpu)
		add_sample(comparison, side, "waits.total_ns", cpu->waits.total_ns);
	if (io && io->operations)
		add_sample(comparison, side, "operations.total_ns", io->operations->total_ns);
	comparison->runs[side].unmeasured += !measured;
}

static void add_test_sample(struct comparison *comparison, enum compare_side side,
			    const struct test *test, const char *metric, uint64_t value)
{
	struct compare_sample *sample = add_sample(comparison, side, metric, value);

	sample->name = xstrdup(test->span->name);
	sample->file = copy(test->span->file);
	sample->runner = copy(test->span->runner);
	sample->failed = test->failed;
}

static void add_tests(struct comparison *comparison, enum compare_side side,
		      const struct report *report)
{
	const struct named_report named = {.name = "", .report = report};
	const struct named_reports reports = {.list = &named, .count = 1};
	bool measured = report->verdict.status.value != VERDICT_UNMEASURED;
	struct tests tests;

	tests_find(&reports, &tests);
	for (size_t i = 0; i < tests.count; i++) {
		const struct test *test = &tests.list[i];

		if (test->span->duration_ns.known)
			add_test_sample(comparison, side, test, "duration_ns",
					test->span->duration_ns.value);
		if (measured && test->span->start_ns.known)
			add_test_sample(comparison, side, test, "stalled_ns", test->stalled_ns);
	}
	tests_clear(&tests);
}

static void remember_run(struct comparison *comparison, enum compare_side side,
			 const struct report *report)
{
	const struct report_host *host = &report->run.host;
	struct compare_run *run;

	comparison->seen = xreallocarray(comparison->seen, comparison->seen_count + 1,
					 sizeof(*comparison->seen));
	run = &comparison->seen[comparison->seen_count++];
	*run = (struct compare_run){
		.id = copy(report->run.id),
		.side = side,
		.machine = xasprintf("%s, %s", host->cpu_model ? host->cpu_model : "unknown CPU",
				     host->kernel ? host->kernel : "unknown kernel"),
	};
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		run->thresholds_ns[kind] = report->thresholds.ns[kind].value;
}

static bool was_seen(const struct comparison *comparison, const char *id)
{
	for (size_t i = 0; id && i < comparison->seen_count; i++)
		if (comparison->seen[i].id && streq(comparison->seen[i].id, id))
			return true;
	return false;
}

void compare_add(struct comparison *comparison, enum compare_side side, const struct report *report)
{
	struct compare_runs *runs = &comparison->runs[side];

	/* The numbers of a run that has not ended are too good; a run that counts twice makes p too small. */
	if (!report->complete || was_seen(comparison, report->run.id)) {
		runs->left_out++;
		return;
	}
	runs->runs++;
	runs->failed += view_exit_status(report) != 0;
	if (report->dropped.spans)
		comparison->cut = true;
	comparison->repeated += report->attempts.count > 1;
	add_sample(comparison, side, "duration_ns", report->run.duration_ns);
	add_totals(comparison, side, &report->totals);
	add_tests(comparison, side, report);
	remember_run(comparison, side, report);
}

/* -- Rows -------------------------------------------------------------------------------------------- */

static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

static int compare_keys(const struct compare_sample *a, const struct compare_sample *b)
{
	int r = compare_text(a->name, b->name);

	if (r == 0)
		r = compare_text(a->file, b->file);
	if (r == 0)
		r = compare_text(a->runner, b->runner);
	return r ? r : compare_text(a->metric, b->metric);
}

static int by_key(const void *a, const void *b)
{
	const struct compare_sample *one = a, *other = b;
	int r = compare_keys(one, other);

	return r ? r : one->number < other->number ? -1 : one->number > other->number;
}

/* If a run measured a kind, a cause without an entry took 0 ns in it. */
static bool is_cause(const char *metric)
{
	return strchr(metric, '.') && !strstr(metric, ".total_ns") && !strstr(metric, ".max_ns");
}

static size_t runs_with_kind(const struct comparison *comparison, enum compare_side side,
			     const char *cause_metric)
{
	_cleanup_free_ char *total =
		xasprintf("%.*s.total_ns", (int)strcspn(cause_metric, "."), cause_metric);
	size_t count = 0;

	for (size_t i = 0; i < comparison->sample_count; i++) {
		const struct compare_sample *sample = &comparison->samples[i];

		count += sample->side == side && !sample->name && streq(sample->metric, total);
	}
	return count;
}

struct values {
	int64_t *list;
	size_t count, failed;
};

/* The values of one side. If a run has several values of a test (attempts of its runner), the last one counts. */
static struct values take_values(const struct comparison *comparison, size_t from, size_t to,
				 enum compare_side side)
{
	const struct compare_sample *samples = comparison->samples;
	size_t zeros = 0;
	struct values values = {0};

	if (!samples[from].name && is_cause(samples[from].metric))
		zeros = runs_with_kind(comparison, side, samples[from].metric);
	values.list = xcalloc(MAX(to - from, zeros) + 1, sizeof(*values.list));
	for (size_t i = from; i < to; i++) {
		bool again = i + 1 < to && samples[i + 1].run == samples[i].run;

		if (samples[i].side != side || again)
			continue;
		values.list[values.count++] = samples[i].value;
		values.failed += samples[i].failed;
	}
	values.count = MAX(values.count, zeros);
	return values;
}

static bool is_constant(const struct values values[COMPARE_SIDES])
{
	const struct values *some =
		&values[values[COMPARE_BASE].count ? COMPARE_BASE : COMPARE_NEW];

	for (int side = 0; side < COMPARE_SIDES; side++)
		for (size_t i = 0; i < values[side].count; i++)
			if (values[side].list[i] != some->list[0])
				return false;
	return true;
}

static void add_row(struct compare_part *part, const struct compare_sample *of,
		    struct values values[COMPARE_SIDES])
{
	struct compare_row *row;

	part->rows = xreallocarray(part->rows, part->count + 1, sizeof(*part->rows));
	row = &part->rows[part->count++];
	*row = (struct compare_row){
		.metric = of->metric,
		.name = copy(of->name),
		.file = copy(of->file),
		.runner = copy(of->runner),
	};
	ranksum_test(values[COMPARE_BASE].list, values[COMPARE_BASE].count,
		     values[COMPARE_NEW].list, values[COMPARE_NEW].count, &row->test);
	for (int side = 0; side < COMPARE_SIDES; side++) {
		const struct values *of_side = &values[side];

		row->count[side] = of_side->count;
		row->failed[side] = of_side->failed;
		row->median[side] = ranksum_median(of_side->list, of_side->count);
		row->p90[side] = ranksum_percentile(of_side->list, of_side->count, 90);
		row->max[side] = of_side->list[of_side->count - 1];
	}
}

static void make_rows(struct comparison *comparison)
{
	const struct compare_sample *samples = comparison->samples;

	for (size_t from = 0, to; from < comparison->sample_count; from = to) {
		struct compare_part *part = samples[from].name ? &comparison->tests
							       : &comparison->run;
		struct values values[COMPARE_SIDES];

		for (to = from + 1; to < comparison->sample_count &&
				    compare_keys(&samples[from], &samples[to]) == 0;
		     to++)
			;
		for (int side = 0; side < COMPARE_SIDES; side++)
			values[side] = take_values(comparison, from, to, side);
		if (!values[COMPARE_BASE].count || !values[COMPARE_NEW].count)
			; /* Only one side has this metric: nothing to compare. */
		else if (is_constant(values))
			part->constant++;
		else
			add_row(part, &samples[from], values);
		for (int side = 0; side < COMPARE_SIDES; side++)
			free(values[side].list);
	}
}

static int most_different_first(const void *a, const void *b)
{
	const struct compare_row *one = a, *other = b;

	if (one->test.p != other->test.p)
		return one->test.p < other->test.p ? -1 : 1;
	if (fabs(one->test.shift) != fabs(other->test.shift))
		return fabs(one->test.shift) > fabs(other->test.shift) ? -1 : 1;
	return compare_text(one->name, other->name);
}

static void judge_part(struct compare_part *part)
{
	_cleanup_free_ double *p = xcalloc(part->count + 1, sizeof(*p));

	for (size_t i = 0; i < part->count; i++)
		p[i] = part->rows[i].test.p;
	ranksum_holm(p, part->count);
	for (size_t i = 0; i < part->count; i++) {
		struct compare_row *row = &part->rows[i];
		/* Whether the clearest possible difference would count, if Holm's correction took its p first. */
		bool could = row->test.p_smallest * (double)part->count <= COMPARE_ALPHA;

		row->p_corrected = p[i];
		row->verdict = p[i] <= COMPARE_ALPHA ? COMPARE_DIFFERENT
			       : could               ? COMPARE_NO_DIFFERENCE
						     : COMPARE_TOO_FEW;
		part->different += row->verdict == COMPARE_DIFFERENT;
	}
	if (part->count)
		qsort(part->rows, part->count, sizeof(*part->rows), most_different_first);
}

/* -- In words ---------------------------------------------------------------------------------------- */

static bool part_has(const struct compare_part *part, enum compare_verdict verdict)
{
	for (size_t i = 0; i < part->count; i++)
		if (part->rows[i].verdict == verdict)
			return true;
	return false;
}

/* The smallest number of runs on each side that can show the clearest possible difference. */
static size_t least_runs(size_t comparisons)
{
	size_t runs = 2;

	while (ranksum_smallest_p(runs, runs) * (double)comparisons > COMPARE_ALPHA)
		runs++;
	return runs;
}

static void reach_verdict(struct comparison *comparison)
{
	size_t base = comparison->runs[COMPARE_BASE].runs, new = comparison->runs[COMPARE_NEW].runs;
	size_t rows = comparison->run.count + comparison->tests.count;
	size_t different = comparison->run.different + comparison->tests.different;
	size_t smallest = comparison->run.count ? comparison->run.count : comparison->tests.count;

	comparison->verdict = COMPARE_TOO_FEW;
	if (different)
		comparison->verdict = COMPARE_DIFFERENT;
	else if (part_has(&comparison->run, COMPARE_NO_DIFFERENCE) ||
		 part_has(&comparison->tests, COMPARE_NO_DIFFERENCE))
		comparison->verdict = COMPARE_NO_DIFFERENCE;
	if (!base || !new)
		comparison->sentence = xstrdup("Nothing to compare: a group has no complete run.");
	else if (!rows)
		comparison->sentence = xstrdup("Nothing to compare: all numbers are the same.");
	else if (different)
		comparison->sentence =
			xasprintf("%zu of %zu comparisons differ between these %zu and %zu runs.",
				  different, rows, base, new);
	else if (comparison->verdict == COMPARE_NO_DIFFERENCE)
		comparison->sentence = xasprintf(
			"No difference that these %zu and %zu runs could show.", base, new);
	else
		comparison->sentence = xasprintf(
			"%zu and %zu runs are too few to show any difference, however large, among %zu comparisons: it takes at least %zu and %zu.",
			base, new, smallest, least_runs(smallest), least_runs(smallest));
}

static void note(struct comparison *comparison, char *text)
{
	comparison->notes = xreallocarray(comparison->notes, comparison->note_count + 1,
					  sizeof(*comparison->notes));
	comparison->notes[comparison->note_count++] = text;
}

static void make_notes(struct comparison *comparison)
{
	const struct compare_run *runs = comparison->seen;
	size_t left_out = 0, unmeasured = 0;
	bool thresholds = false, machines = false;

	for (int side = 0; side < COMPARE_SIDES; side++) {
		left_out += comparison->runs[side].left_out;
		unmeasured += comparison->runs[side].unmeasured;
	}
	for (size_t i = 1; i < comparison->seen_count; i++) {
		thresholds |= memcmp(runs[i].thresholds_ns, runs[0].thresholds_ns,
				     sizeof(runs[0].thresholds_ns)) != 0;
		machines |= !streq(runs[i].machine, runs[0].machine);
	}
	if (left_out)
		note(comparison,
		     xasprintf(
			     "%zu reports are left out: not complete, or of a run that is there already.",
			     left_out));
	if (unmeasured)
		note(comparison,
		     xasprintf("%zu runs were not measured: only their durations count.",
			       unmeasured));
	if (comparison->repeated)
		note(comparison,
		     xasprintf("%zu runs took several attempts, of which the last counts.",
			       comparison->repeated));
	if (thresholds)
		note(comparison,
		     xstrdup("The thresholds differ from run to run: so does what counts as a stall."));
	if (machines)
		note(comparison,
		     xstrdup("The runs are of different machines or kernels: a difference may be theirs."));
	if (comparison->cut)
		note(comparison,
		     xstrdup("Some reports list only the tests that failed or stalled longest."));
}

void compare_finish(struct comparison *comparison)
{
	if (comparison->sample_count)
		qsort(comparison->samples, comparison->sample_count, sizeof(*comparison->samples),
		      by_key);
	make_rows(comparison);
	judge_part(&comparison->run);
	judge_part(&comparison->tests);
	reach_verdict(comparison);
	make_notes(comparison);
}

static void part_done(struct compare_part *part)
{
	for (size_t i = 0; i < part->count; i++) {
		free(part->rows[i].name);
		free(part->rows[i].file);
		free(part->rows[i].runner);
	}
	free(part->rows);
}

void compare_done(struct comparison *comparison)
{
	part_done(&comparison->run);
	part_done(&comparison->tests);
	for (size_t i = 0; i < comparison->sample_count; i++) {
		free(comparison->samples[i].metric);
		free(comparison->samples[i].name);
		free(comparison->samples[i].file);
		free(comparison->samples[i].runner);
	}
	free(comparison->samples);
	for (size_t i = 0; i < comparison->seen_count; i++) {
		free(comparison->seen[i].id);
		free(comparison->seen[i].machine);
	}
	free(comparison->seen);
	for (size_t i = 0; i < comparison->note_count; i++)
		free(comparison->notes[i]);
	free(comparison->notes);
	free(comparison->sentence);
	*comparison = (struct comparison){0};
}
