/* Prints one report in Markdown: the end of the command, causes, machine, losses */
#include "views/markdown/markdown_details.h"

#include <inttypes.h>
#include <math.h>

#include "base/duration.h"
#include "catalog/causes.h"
#include "views/watched_words.h"
#include "views/rows/columns.h"
#include "views/markdown/markdown_text.h"
#include "views/reasons.h"
#include "views/text/text_histogram.h"

#define SENTENCE_CHARS  500
#define LIST_MAX        8 /* gates, reasons, losses, limits of one report */
#define STALLS_MAX      5 /* of a watched cgroup */
#define FILES_MAX       5
#define HISTOGRAM_WIDTH 90
#define BAR_BLOCKS      20
#define ROOM_BYTES      8192 /* the bytes that one of several reports needs */

/* -- Verdict --------------------------------------------------------------------------------------- */

const char *markdown_status_icon(enum verdict_status status)
{
	static const char *const icons[VERDICT_STATUSES] = {
		[VERDICT_CLEAN] = "\xe2\x9c\x85",
		[VERDICT_STALLED] = "\xe2\x9a\xa0\xef\xb8\x8f",
		[VERDICT_UNMEASURED] = "\xe2\x9d\x94",
	};

	return icons[status];
}

static void put_list(struct markdown *md, const char *lead, const struct texts *list)
{
	for (size_t i = 0; i < MIN(list->count, (size_t)LIST_MAX); i++) {
		_cleanup_free_ char *safe = markdown_text(list->list[i], SENTENCE_CHARS);

		markdown_put(md, "- %s%s\n", lead, safe);
	}
}

static void put_reasons(struct markdown *md, const struct report *report)
{
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *safe = markdown_text(reasons[i], SENTENCE_CHARS);

		markdown_put(md, "- %s\n", safe);
		free(reasons[i]);
	}
}

static void put_gates(struct markdown *md, const struct report *report)
{
	for (size_t i = 0; i < MIN(report->verdict.gates.count, (size_t)LIST_MAX); i++) {
		const struct report_gate *gate = &report->verdict.gates.list[i];
		_cleanup_free_ char *expression = markdown_code(gate->expression, 80);
		_cleanup_free_ char *was = view_gate_actual(gate);

		markdown_put(md, "- gate %s %s", expression,
			     gate->breached ? "**breached**"
			     : was          ? "held"
					    : "not judged: not measured");
		if (was)
			markdown_put(md, ", it was %s", was);
		markdown_put(md, "\n");
	}
}

void markdown_put_run(struct markdown *md, const struct report *report)
{
	_cleanup_free_ char *status = view_exit(report, &md->prose);
	_cleanup_free_ char *command = view_command(report, &md->prose, 120);
	char buf[DURATION_FORMAT_BYTES];

	markdown_put(md, "- %s after %s: %s\n", status,
		     duration_format(buf, report->run.duration_ns), command);
	if (!report->complete)
		markdown_put(md,
			     "- **a checkpoint: the run had not ended, or latwrap was killed**\n");
	put_gates(md, report);
	put_reasons(md, report);
	markdown_put(md, "\n");
}

/* -- Causes, files, histogram ---------------------------------------------------------------------- */

static void put_cause(struct markdown *md, const char *key, uint64_t ns, uint64_t all_ns)
{
	_cleanup_free_ char *words = view_cause(key, &md->cell);
	double share = all_ns ? (double)ns / (double)all_ns : 0;
	char buf[DURATION_FORMAT_BYTES];
	struct piece piece;

	if (!markdown_begin(&piece))
		return;
	fprintf(piece.out, "| %s | %s | ", words, duration_format(buf, ns));
	for (int i = 0; i < MAX((int)(share * BAR_BLOCKS + 0.5), 1); i++)
		fputs("\xe2\x96\x88", piece.out);
	fprintf(piece.out, " %.0f %% |\n", share * 100);
	markdown_finish(md, &piece);
}

static void put_causes_of(struct markdown *md, const struct report *report, enum stall_kind kind)
{
	const struct report_stall_sum *totals = report->totals.of[kind];
	const struct report_cause_sum *causes;
	size_t worst[LIST_MAX], n;

	if (!totals)
		return;
	causes = totals->by_cause.list;
	n = view_worst(totals->by_cause, total_ns, worst, LIST_MAX);
	while (n > 0 && causes[worst[n - 1]].total_ns == 0)
		n--;
	if (n == 0 || (n == 1 && streq(causes[worst[0]].cause, cause_catalog[CAUSE_UNKNOWN].name)))
		return;
	markdown_put(md,
		     "**Causes of %s stalls**\n\n| Cause | Time | Share |\n| --- | ---: | --- |\n",
		     kind_catalog[kind].heading);
	for (size_t i = 0; i < n; i++)
		put_cause(md, causes[worst[i]].cause, causes[worst[i]].total_ns, totals->total_ns);
	markdown_put(md, "\n");
}

static void put_files(struct markdown *md, const struct report *report)
{
	size_t worst[FILES_MAX], n = view_stalled_files(report, worst, FILES_MAX);

	if (n == 0)
		return;
	markdown_put(md,
		     "**Slowest files**\n\n| Longest | Total | File |\n| ---: | ---: | --- |\n");
	for (size_t i = 0; i < n; i++) {
		const struct report_file *file = &report->files.list[worst[i]];
		_cleanup_free_ char *path = markdown_cell(file->path ? file->path : "?", 120);
		char max[DURATION_FORMAT_BYTES], total[DURATION_FORMAT_BYTES];

		markdown_put(md, "| %s | %s | %s |\n", duration_format(max, file->max_ns),
			     duration_format(total, file->total_ns), path);
	}
	markdown_put(md, "\n");
}

static void put_histogram(struct markdown *md, const struct report *report)
{
	struct piece piece;

	if (!markdown_begin(&piece))
		return;
	fputs("```\n", piece.out);
	text_print_histogram(report, piece.out, HISTOGRAM_WIDTH);
	fflush(piece.out);
	if (piece.size > strlen("```\n")) {
		fputs("```\n\n", piece.out);
		markdown_finish(md, &piece);
	} else {
		fclose(piece.out);
		free(piece.text);
	}
}

/* -- Watched cgroups ------------------------------------------------------------------------------- */

static void put_watched_stall(struct markdown *md, const struct report_stall *stall)
{
	_cleanup_free_ char *who = view_stall_who(stall, &md->prose);
	_cleanup_free_ char *what = view_stall_what(stall, &md->prose);
	char when[VIEW_COUNT_BYTES], buf[DURATION_FORMAT_BYTES];
	struct view_why why;
	struct piece piece;

	if (!markdown_begin(&piece))
		return;
	fprintf(piece.out, "- at %s: %s%s%s", view_offset(when, stall->start_ns), who ? who : "",
		who ? " " : "", what);
	view_stall_why(stall, &md->prose, &why);
	for (size_t i = 0; i < why.n_parts; i++)
		fprintf(piece.out, "%s%s %s", i > 0 ? ", " : ": ",
			duration_format(buf, why.parts[i].ns), why.parts[i].text);
	view_why_clear(&why);
	putc('\n', piece.out);
	markdown_finish(md, &piece);
}

static void put_watched(struct markdown *md, const struct report *report)
{
	for (size_t k = 0; k < MIN(report->watched.count, (size_t)LIST_MAX); k++) {
		const struct report_watched *watched = &report->watched.list[k];
		size_t worst[STALLS_MAX];
		size_t n = view_worst(watched->stalls, duration_ns, worst, STALLS_MAX);
		_cleanup_free_ char *name = markdown_code(watched_name(watched), 80);
		_cleanup_free_ char *stalls = watched_stalls(report, watched);

		markdown_put(md, "**Watched cgroup: %s**, %s\n\n", name, stalls);
		for (size_t i = 0; i < n; i++)
			put_watched_stall(md, &watched->stalls.list[worst[i]]);
		markdown_put(md, "%s", n > 0 ? "\n" : "");
	}
}

/* -- Included cgroups ------------------------------------------------------------------------------ */

static void put_included(struct markdown *md, const struct report *report)
{
	for (size_t i = 0; i < MIN(report->included.count, (size_t)LIST_MAX); i++) {
		_cleanup_free_ char *line = included_line(&report->included.list[i], &md->prose);

		markdown_put(md, "- part of the run: %s\n", line);
	}
}

/* -- The machine and the losses -------------------------------------------------------------------- */

static void put_machine(struct markdown *md, const struct report *report)
{
	const struct report_host *host = &report->run.host;
	const struct {
		const char *text, *name;
	} texts[] = {
		{host->hostname, "host"},
		{host->cpu_model, "CPU"},
		{host->kernel, "kernel"},
		{host->virtualization, "virtualization"},
		{report->run.ci ? report->run.ci->job : NULL, "CI job"},
	};
	const char *separator = "- ";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *safe = texts[i].text ? markdown_code(texts[i].text, 60) : NULL;

		if (!safe)
			continue;
		markdown_put(md, "%s%s %s", separator, texts[i].name, safe);
		separator = ", ";
	}
	if (host->cpus_allowed.known) {
		markdown_put(md, "%s%" PRIu64 " CPUs", separator, host->cpus_allowed.value);
		separator = ", ";
	}
	markdown_put(md, "%s", *separator == ',' ? "\n" : "");
}

static void put_pressure(struct markdown *md, const struct report *report)
{
	const struct report_pressure *pressure = &report->pressure;
	const struct view_pressure all[] = VIEW_PRESSURE(pressure);
	const char *separator = "- time in which something had to wait for";
	char buf[DURATION_FORMAT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!all[i].of || !all[i].of->some_ns.known)
			continue;
		markdown_put(md, "%s %s: %s", separator, all[i].name,
			     duration_format(buf, all[i].of->some_ns.value));
		separator = ",";
	}
	markdown_put(md, "%s", *separator == ',' ? "\n" : "");
	if (pressure->steal_ns.known)
		markdown_put(md, "- stolen by the hypervisor, on all CPUs: %s\n",
			     duration_format(buf, pressure->steal_ns.value));
}

static void put_slowness(struct markdown *md, const struct report *report)
{
	const struct report_timeline *timeline = &report->timeline;
	double most = 0;

	for (size_t i = 0; i < timeline->samples.count; i++)
		most = fmax(most, timeline->samples.list[i].slowness);
	if (most >= SLOWNESS_MIN)
		markdown_put(
			md,
			"- slow CPUs: a fixed loop took up to %.1f times as long as at its best\n",
			most);
}

static void put_loss(struct markdown *md, const struct report *report)
{
	const struct report_tracing *tracing = &report->tracing;
	_cleanup_free_ char *why = tracing->reason ? markdown_text(tracing->reason, SENTENCE_CHARS)
						   : NULL;
	_cleanup_free_ char *what = tracing->advice ? markdown_text(tracing->advice, SENTENCE_CHARS)
						    : NULL;

	for (size_t i = 0; i < MIN(tracing->loss.count, (size_t)LIST_MAX); i++) {
		const struct report_loss *loss = &tracing->loss.list[i];
		_cleanup_free_ char *lost = markdown_text(loss->what, SENTENCE_CHARS);
		char number[VIEW_COUNT_BYTES];

		markdown_put(md, "- **lost:** %s x %s\n", view_count(number, loss->count), lost);
	}
	if (why)
		markdown_put(md, "- **not measured:** %s\n", why);
	if (what)
		markdown_put(md, "- **what to do:** %s\n", what);
	put_list(md, "not seen: ", &tracing->limits);
}

bool markdown_put_details(struct markdown *md, const struct named_report *of)
{
	_cleanup_free_ char *label = named_label(of, &md->prose);
	bool fits = true;

	if (md->several)
		fits = markdown_put(md, "#### %s\n\n", label) &&
		       md->limit_bytes - md->used_bytes > ROOM_BYTES;
	if (!fits)
		return false;
	if (md->several)
		markdown_put_run(md, of->report);
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		put_causes_of(md, of->report, kind);
	put_files(md, of->report);
	put_watched(md, of->report);
	put_histogram(md, of->report);
	put_included(md, of->report);
	put_machine(md, of->report);
	put_pressure(md, of->report);
	put_slowness(md, of->report);
	put_loss(md, of->report);
	markdown_put(md, "\n");
	return true;
}
