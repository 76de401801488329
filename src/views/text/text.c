/* Prints the summary of a report for a terminal: at the end of a run and by `latwrap report` */
#include "views/text/text.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/util.h"
#include "catalog/words.h"
#include "views/text/text_attempts.h"
#include "views/text/text_histogram.h"
#include "views/text/text_print.h"
#include "views/text/text_stalls.h"
#include "views/text/text_tests.h"
#include "views/view.h"
#include "views/watched_words.h"

#define SENTENCE_CHARS 500 /* the terminal wraps sentences: see text_sentence() */
#define FILES_MAX      3

static bool has_status(const struct text *t, enum verdict_status status)
{
	return t->report->verdict.status.value == (int)status;
}

/* -- Verdict ------------------------------------------------------------------------------------- */

static void print_verdict(const struct text *t)
{
	static const enum text_color colors[VERDICT_STATUSES] = {
		[VERDICT_CLEAN] = GREEN,
		[VERDICT_STALLED] = YELLOW,
		[VERDICT_UNMEASURED] = MAGENTA,
	};
	_cleanup_free_ char *headline = view_headline(t->report);
	_cleanup_free_ char *sentence = view_escape_terminal(headline, SENTENCE_CHARS);
	_cleanup_free_ char *answer = view_run_answer(t->report, &t->style);

	text_painted_line(t, colors[t->report->verdict.status.value], "latwrap: %s", sentence);
	if (answer)
		text_sentence(t, BOLD, "  Whose fault was it", answer);
	if (!t->report->complete)
		text_painted_line(t, RED,
				  "  a checkpoint: the run had not ended, or latwrap was killed");
}

static void print_command(const struct text *t)
{
	const struct report_run *run = &t->report->run;
	_cleanup_free_ char *status = view_exit(t->report, &t->style);
	_cleanup_free_ char *command = view_command(t->report, &t->style, t->width - 30);
	int theirs = view_exit_status(t->report);
	char buf[DURATION_FORMAT_BYTES];

	fputs("  ", t->out);
	text_painted(t, theirs > 0 ? RED : PLAIN, "%s", status);
	fprintf(t->out, " after %s", duration_format(buf, run->duration_ns));
	if (run->exit_status.known && theirs >= 0 && run->exit_status.value != (uint64_t)theirs)
		text_painted(t, RED, ", latwrap exits with %" PRIu64, run->exit_status.value);
	fprintf(t->out, ": %s\n", command);
}

static void print_process(const struct text *t, size_t number, const char *comm,
			  struct optional_u64 pid)
{
	_cleanup_free_ char *who = view_task(comm, pid, &t->style);

	fprintf(t->out, "%s %s", number ? "," : "", who);
}

static void print_leftovers(const struct text *t)
{
	const struct report_leftovers *left = &t->report->run.leftovers;
	size_t shown = MIN(left->processes.count, (size_t)TEXT_LIST_MAX);

	if (left->count == 0)
		return;
	fprintf(t->out, "  %" PRIu64 " process%s %s:", left->count, left->count == 1 ? "" : "es",
		streq(left->action.text, "kill")   ? "of the command killed at its end"
		: streq(left->action.text, "wait") ? "of the command waited for at its end"
						   : "of the command still running");
	for (size_t i = 0; i < shown; i++)
		print_process(t, i, left->processes.list[i].comm,
			      (struct optional_u64){left->processes.list[i].pid, true});
	fputs(left->count > shown ? ", ...\n" : "\n", t->out);
}

static void print_left(const struct text *t)
{
	const struct report_left *left = &t->report->run.left;
	size_t shown = MIN(left->processes.count, (size_t)TEXT_LIST_MAX);

	if (left->count == 0)
		return;
	fprintf(t->out, "  %" PRIu64 " process%s left the run's cgroup, not measured from then on:",
		left->count, left->count == 1 ? "" : "es");
	for (size_t i = 0; i < shown; i++)
		print_process(t, i, left->processes.list[i].comm, left->processes.list[i].pid);
	fprintf(t->out, "%s; --include keeps their new cgroup in the run\n",
		left->count > shown ? ", ..." : "");
}

static void print_included(const struct text *t)
{
	size_t count = t->report->included.count, shown = MIN(count, (size_t)TEXT_LIST_MAX);

	for (size_t i = 0; i < shown; i++) {
		_cleanup_free_ char *line = included_line(&t->report->included.list[i], &t->style);

		fprintf(t->out, "  part of the run: %s\n", line);
	}
	if (count > shown)
		fprintf(t->out, "  part of the run: %zu more patterns in the report\n",
			count - shown);
}

static void print_attempts(const struct text *t)
{
	text_print_attempts(t->report, t->out, t->options->color, &t->style);
}

/* The reasons that neither the sentence nor a section below shows. */
static void print_reasons(const struct text *t)
{
	const struct texts *reasons = &t->report->verdict.reasons;
	const char *tracing = t->report->tracing.reason;
	unsigned int n = 0;

	for (size_t i = 0; i < reasons->count; i++) {
		const char *reason = reasons->list[i];

		if (*reason && !(tracing && streq(reason, tracing)) &&
		    !startswith(reason, "gate ") && n++ < TEXT_LIST_MAX)
			text_sentence(t, PLAIN, "  reason", reason);
	}
}

/* -- Gates --------------------------------------------------------------------------------------- */

static void print_gate(const struct text *t, const struct report_gate *gate)
{
	_cleanup_free_ char *expression =
		view_escape_terminal(gate->expression, t->style.path_columns);
	_cleanup_free_ char *was = view_gate_actual(gate);

	text_painted(t, RED, "  gate breached");
	fprintf(t->out, ": %s", expression);
	if (was)
		fprintf(t->out, ", was %s", was);
	putc('\n', t->out);
}

static void print_gates(const struct text *t)
{
	unsigned int breached = 0, held = 0, unknown = 0;

	for (size_t i = 0; i < t->report->verdict.gates.count; i++) {
		const struct report_gate *gate = &t->report->verdict.gates.list[i];

		if (gate->breached) {
			if (breached++ < TEXT_LIST_MAX)
				print_gate(t, gate);
		} else if (gate->actual.known) {
			held++;
		} else {
			unknown++;
		}
	}
	if (breached > TEXT_LIST_MAX)
		fprintf(t->out, "  %u more gates breached\n", breached - TEXT_LIST_MAX);
	if (held)
		fprintf(t->out, "  %u gate%s held\n", held, text_plural(held));
	if (unknown)
		text_painted_line(t, MAGENTA, "  %u gate%s not judged: not measured", unknown,
				  text_plural(unknown));
}

/* -- Short summaries ------------------------------------------------------------------------------- */

static bool print_longest_of(const struct text *t, bool first, const char *what, uint64_t count,
			     uint64_t max_ns, enum stall_kind kind)
{
	char buf[DURATION_FORMAT_BYTES], limit[DURATION_FORMAT_BYTES], number[VIEW_COUNT_BYTES];

	if (count)
		fprintf(t->out, "%slongest %s %s of %s (a stall: %s)", first ? "  " : ", ", what,
			duration_format(buf, max_ns), view_count(number, count),
			duration_format(limit, t->report->thresholds.ns[kind].value));
	return count;
}

/* For a run without stalls: the longest wait and file operation beside their thresholds. */
static void print_longest(const struct text *t)
{
	const struct report_stall_sum *cpu = t->report->totals.of[STALL_CPU];
	const struct report_stall_sum *io = t->report->totals.of[STALL_IO];
	bool any = false;

	if (!has_status(t, VERDICT_CLEAN))
		return;
	if (cpu)
		any |= print_longest_of(t, !any, "wait for a CPU", cpu->waits.count,
					cpu->waits.max_ns, STALL_CPU);
	if (io && io->operations)
		any |= print_longest_of(t, !any, "file operation", io->operations->count,
					io->operations->max_ns, STALL_IO);
	if (any)
		putc('\n', t->out);
}

/* For an unmeasured run: pressure, which needs no tracing. */
static void print_pressure(const struct text *t)
{
	const struct report_pressure *pressure = &t->report->pressure;
	const struct view_pressure all[] = VIEW_PRESSURE(pressure);
	bool system = pressure->source.text && streq(pressure->source.text, "system");
	unsigned int shown = 0;

	if (!has_status(t, VERDICT_UNMEASURED))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char buf[DURATION_FORMAT_BYTES];

		if (!all[i].of || !all[i].of->some_ns.known)
			continue;
		if (shown++ == 0)
			fprintf(t->out, "  time in which something of %s had to wait for",
				system ? "the whole system" : "the run");
		fprintf(t->out, "%s %s: %s", shown > 1 ? "," : "", all[i].name,
			duration_format(buf, all[i].of->some_ns.value));
	}
	if (shown)
		putc('\n', t->out);
}

/* The answer for a command that failed without a failed test that has one. */
static void print_answer(const struct text *t)
{
	const struct word *answer = &t->report->verdict.answer;
	const char *evidence = t->report->verdict.evidence;
	const struct report_test_counts *tests = &t->report->verdict.tests;
	bool has_failed_tests = tests->failed || tests->error;
	_cleanup_free_ char *safe = evidence ? view_escape_terminal(evidence, SENTENCE_CHARS)
					     : NULL;

	if (!answer->text || answer->value < 0)
		return;
	fputs("  ", t->out);
	text_painted(t, answer->value == ANSWER_MACHINE ? RED : BOLD, "%s",
		     answer_catalog[answer->value].words);
	fprintf(t->out, ": the command failed, and %s%s%s\n",
		has_failed_tests ? "its failed tests have no answer of their own"
				 : "no test of it is known",
		safe ? "\n    " : "", safe ? safe : "");
}

static void print_tests(const struct text *t)
{
	text_print_tests(t->reports, t->out, t->options->color, &t->style);
}

static void print_histogram(const struct text *t)
{
	text_print_histogram(t->report, t->out, t->width);
}

/* -- Files --------------------------------------------------------------------------------------- */

static void print_file(const struct text *t, const struct report_file *file)
{
	const struct {
		uint64_t count;
		const char *word;
	} calls[] = {
		{file->opens, "open"},
		{file->reads, "read"},
		{file->writes, "write"},
		{file->syncs, "sync"},
	};
	_cleanup_free_ char *path =
		view_escape_terminal(file->path ? file->path : "?", t->style.path_columns);
	char max[DURATION_FORMAT_BYTES], total[DURATION_FORMAT_BYTES];
	const char *separator = " (";

	fprintf(t->out, "  longest %s, total %s: %s", duration_format(max, file->max_ns),
		duration_format(total, file->total_ns), path);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		char number[VIEW_COUNT_BYTES];

		if (calls[i].count == 0)
			continue;
		fprintf(t->out, "%s%s %s%s", separator, view_count(number, calls[i].count),
			calls[i].word, text_plural(calls[i].count));
		separator = ", ";
	}
	fputs(*separator == ',' ? ")\n" : "\n", t->out);
}

static void print_files(const struct text *t)
{
	const struct report_stall_sum *io = t->report->totals.of[STALL_IO];
	size_t worst[FILES_MAX], n = view_stalled_files(t->report, worst, FILES_MAX);

	if (n == 0 || !io || io->count == 0)
		return;
	text_painted_line(t, BOLD, "Slowest files");
	for (size_t i = 0; i < n; i++)
		print_file(t, &t->report->files.list[worst[i]]);
}

/* -- What was not measured ------------------------------------------------------------------------- */

static void print_loss(const struct text *t)
{
	size_t count = t->report->tracing.loss.count;

	for (size_t i = 0; i < MIN(count, (size_t)TEXT_LIST_MAX); i++) {
		const struct report_loss *loss = &t->report->tracing.loss.list[i];
		_cleanup_free_ char *what = view_escape_terminal(loss->what, t->style.path_columns);
		char number[VIEW_COUNT_BYTES], first[VIEW_COUNT_BYTES], last[VIEW_COUNT_BYTES];

		text_painted(t, RED, "LOST: ");
		fprintf(t->out, "%s x %s", view_count(number, loss->count), what);
		if (loss->first_ns.known)
			fprintf(t->out, ", from %s to %s", view_offset(first, loss->first_ns.value),
				view_offset(last, loss->last_ns.value));
		putc('\n', t->out);
	}
	if (count > TEXT_LIST_MAX)
		text_painted_line(t, RED, "LOST: %zu more kinds of loss in the report",
				  count - TEXT_LIST_MAX);
}

static void print_limits(const struct text *t)
{
	static const char *const leads[TRACE_STATUSES] = {
		[TRACE_NONE] = "NOT MEASURED",
		[TRACE_PARTIAL] = "PARTLY MEASURED",
		[TRACE_FULL] = "NOTE",
	};
	const struct report_tracing *tracing = &t->report->tracing;

	/* The sentence may be the reason: do not repeat it. */
	if (tracing->reason && !strstr(t->report->verdict.sentence, tracing->reason))
		text_sentence(t, MAGENTA, leads[tracing->status.value], tracing->reason);
	if (tracing->advice)
		text_sentence(t, BOLD, "What to do", tracing->advice);
	text_list(t, MAGENTA, "NOT SEEN", &tracing->limits);
}

/* Only with --overhead: else nothing was measured. */
static void print_cost(const struct text *t)
{
	const struct report_tracing_cost *cost = t->report->tracing.overhead.cost;

	if (cost && cost->share_ppm.known)
		fprintf(t->out, "  tracing took %.4g%% of the CPU time (--overhead=%.4g%%)\n",
			(double)cost->share_ppm.value / 1e4, (double)cost->limit_ppm / 1e4);
}

static void print_report_path(const struct text *t)
{
	if (t->options->report_path)
		text_sentence(t, PLAIN, "Report", t->options->report_path);
}

/* -- The whole summary ----------------------------------------------------------------------------- */

/* NULL: the run did not step down. */
static char *stepped_down(const struct report *report)
{
	const struct report_tracing_cost *cost = report->tracing.overhead.cost;
	char after[DURATION_FORMAT_BYTES];

	if (!cost || !cost->stepped_down_ns.known)
		return NULL;
	return xasprintf(
		" File operations were counted only for the first %s: tracing took %.4g%% of the CPU time.",
		duration_format(after, cost->stepped_down_ns.value),
		(double)cost->stepped_down_ppm.value / 1e4);
}

/* One line for a run that ended well. */
static void print_brief(const struct text *t)
{
	const struct report *report = t->report;
	_cleanup_free_ char *headline = view_headline(report), *line = NULL, *safe = NULL;
	const char *advice = report->tracing.advice, *path = t->options->report_path;
	uint64_t breached = view_gates_breached(report), lost = view_lost(report);
	_cleanup_free_ char *attempts = NULL, *cost = stepped_down(report);
	char gates[VIEW_COUNT_BYTES], records[VIEW_COUNT_BYTES];

	if (report->attempts.count > 1)
		attempts = xasprintf(" Passed at attempt %zu.", report->attempts.count);
	line = xasprintf("%s%s%s%s%s%s%s%s%s%s%s", headline, attempts ? attempts : "",
			 cost ? cost : "", advice ? " What to do: " : "", advice ? advice : "",
			 breached ? " Gates breached: " : "",
			 breached ? view_count(gates, breached) : "", lost ? " Records lost: " : "",
			 lost ? view_count(records, lost) : "", path ? " Report: " : "",
			 path ? path : "");
	safe = view_escape_terminal(line, SENTENCE_CHARS);
	fprintf(t->out, "latwrap: %s\n", safe);
}

void report_print_text(const struct report *report, FILE *out, const struct text_options *options)
{
	/* The most important section first. A section without content prints nothing. */
	static void (*const sections[])(const struct text *) = {
		print_verdict,     print_answer,       print_tests,     print_reasons,
		print_command,     print_included,     print_attempts,  print_leftovers,
		print_left,        print_gates,        print_longest,   print_pressure,
		text_print_stalls, text_print_watched, print_histogram, print_files,
		print_loss,        print_limits,       print_cost,      print_report_path,
	};
	const struct named_report named = {.name = "", .report = report};
	const struct named_reports reports = {.list = &named, .count = 1};
	struct text t;

	text_open(&t, &reports, out, options);
	if (options->brief && view_is_green(report)) {
		print_brief(&t);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		sections[i](&t);
}
