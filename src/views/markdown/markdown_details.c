/* One report in Markdown: how the command ended, the causes of its stalls, the machine, what is missing */
#include "views/markdown/markdown_details.h"

#include <inttypes.h>

#include "base/duration.h"
#include "views/watched_words.h"
#include "views/rows/columns.h"
#include "report/load.h"
#include "views/markdown/markdown_text.h"
#include "views/reasons.h"
#include "views/text/text_histogram.h"

#define SENTENCE_CHARS  500
#define LIST_MAX        8 /* gates, reasons, losses, limits of one report */
#define STALLS_MAX      5 /* of what was watched beside the run */
#define FILES_MAX       5
#define HISTOGRAM_WIDTH 90
#define BAR_BLOCKS      20
#define ROOM_BYTES      8192 /* what one of several reports needs */

/* -- Verdict --------------------------------------------------------------------------------------- */

const char *markdown_status_icon(const char *status)
{
	return streq(status, "clean")        ? "\xe2\x9c\x85"
	       : streq(status, "stalled")    ? "\xe2\x9a\xa0\xef\xb8\x8f"
	       : streq(status, "unmeasured") ? "\xe2\x9d\x94"
					     : "";
}

const char *markdown_status_word(const cJSON *report)
{
	static const char *const words[] = {"clean", "stalled", "unmeasured"};
	const char *status = report_string(report, "verdict.status", "");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(status, words[i]))
			return words[i];
	return "no verdict";
}

static void put_list(struct markdown *md, const char *lead, const cJSON *list)
{
	unsigned int n = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		const char *line = report_string(item, "", "");
		_cleanup_free_ char *safe = NULL;

		if (n++ == LIST_MAX)
			break;
		safe = markdown_text(line, SENTENCE_CHARS);
		markdown_put(md, "- %s%s\n", lead, safe);
	}
}

static void put_reasons(struct markdown *md, const cJSON *report)
{
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *safe = markdown_text(reasons[i], SENTENCE_CHARS);

		markdown_put(md, "- %s\n", safe);
		free(reasons[i]);
	}
}

static void put_gates(struct markdown *md, const cJSON *report)
{
	unsigned int n = 0;
	const cJSON *gate;

	cJSON_ArrayForEach(gate, report_array(report, "verdict.gates")) {
		_cleanup_free_ char *expression = NULL;
		uint64_t actual = report_u64(gate, "actual", 0);
		char buf[MAX(DURATION_FORMAT_BYTES, VIEW_COUNT_BYTES)];
		bool breached = report_bool(gate, "breached", false);

		if (n++ == LIST_MAX)
			break;
		expression = markdown_code(report_string(gate, "expression", "?"), 80);
		markdown_put(md, "- gate %s %s", expression,
			     breached                       ? "**breached**"
			     : report_known(gate, "actual") ? "held"
							    : "not judged: not measured");
		if (report_known(gate, "actual"))
			markdown_put(md, ", it was %s",
				     streq(report_string(gate, "unit", ""), "ns")
					     ? duration_format(buf, actual)
					     : view_count(buf, actual));
		markdown_put(md, "\n");
	}
}

void markdown_put_run(struct markdown *md, const cJSON *report)
{
	_cleanup_free_ char *status = view_exit(report, &md->prose);
	_cleanup_free_ char *command = view_command(report, &md->prose, 120);
	char buf[DURATION_FORMAT_BYTES];

	markdown_put(md, "- %s after %s: %s\n", status,
		     duration_format(buf, report_u64(report, "run.duration_ns", 0)), command);
	if (!report_bool(report, "complete", true))
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

static void put_causes_of(struct markdown *md, const cJSON *report, const char *kind,
			  const char *name)
{
	const cJSON *totals = report_object(report_object(report, "totals"), kind);
	const cJSON *worst[LIST_MAX];
	size_t n = view_worst(report_object(totals, "by_cause"), "total_ns", worst, LIST_MAX);
	uint64_t all_ns = report_u64(totals, "total_ns", 0);

	while (n > 0 && report_u64(worst[n - 1], "total_ns", 0) == 0)
		n--;
	if (n == 0 || (n == 1 && streq(worst[0]->string, "unknown")))
		return;
	markdown_put(md,
		     "**Causes of %s stalls**\n\n| Cause | Time | Share |\n| --- | ---: | --- |\n",
		     name);
	for (size_t i = 0; i < n; i++)
		put_cause(md, worst[i]->string, report_u64(worst[i], "total_ns", 0), all_ns);
	markdown_put(md, "\n");
}

static void put_files(struct markdown *md, const cJSON *report)
{
	uint64_t threshold_ns = report_u64(report, "thresholds.io_ns", 0);
	const cJSON *worst[FILES_MAX];
	size_t n = view_worst(report_array(report, "files"), "max_ns", worst, FILES_MAX);

	while (n > 0 && report_u64(worst[n - 1], "max_ns", 0) < threshold_ns)
		n--;
	if (n == 0)
		return;
	markdown_put(md,
		     "**Slowest files**\n\n| Longest | Total | File |\n| ---: | ---: | --- |\n");
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path =
			markdown_cell(report_string(worst[i], "path", "?"), 120);
		char max[DURATION_FORMAT_BYTES], total[DURATION_FORMAT_BYTES];

		markdown_put(md, "| %s | %s | %s |\n",
			     duration_format(max, report_u64(worst[i], "max_ns", 0)),
			     duration_format(total, report_u64(worst[i], "total_ns", 0)), path);
	}
	markdown_put(md, "\n");
}

static void put_histogram(struct markdown *md, const cJSON *report)
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

/* -- What was watched beside the run ---------------------------------------------------------------- */

static void put_also_stall(struct markdown *md, const cJSON *stall)
{
	_cleanup_free_ char *who = view_stall_who(stall, &md->prose);
	_cleanup_free_ char *what = view_stall_what(stall, &md->prose);
	char when[VIEW_COUNT_BYTES], buf[DURATION_FORMAT_BYTES];
	struct view_why why;
	struct piece piece;

	if (!markdown_begin(&piece))
		return;
	fprintf(piece.out, "- at %s: %s%s%s", view_offset(when, report_u64(stall, "start_ns", 0)),
		who ? who : "", who ? " " : "", what);
	view_stall_why(stall, &md->prose, &why);
	for (size_t i = 0; i < why.n_parts; i++)
		fprintf(piece.out, "%s%s %s", i > 0 ? ", " : ": ",
			duration_format(buf, why.parts[i].ns), why.parts[i].text);
	view_why_clear(&why);
	putc('\n', piece.out);
	markdown_finish(md, &piece);
}

static void put_also(struct markdown *md, const cJSON *report)
{
	unsigned int shown = 0;
	const cJSON *also;

	cJSON_ArrayForEach(also, report_array(report, "also")) {
		const cJSON *worst[STALLS_MAX];
		size_t n =
			view_worst(report_array(also, "stalls"), "duration_ns", worst, STALLS_MAX);
		_cleanup_free_ char *name = markdown_code(also_name(also), 80);
		_cleanup_free_ char *stalls = also_stalls(report, also);

		if (shown++ == LIST_MAX)
			break;
		markdown_put(md, "**Watched beside the run: %s**, %s\n\n", name, stalls);
		for (size_t i = 0; i < n; i++)
			put_also_stall(md, worst[i]);
		markdown_put(md, "%s", n > 0 ? "\n" : "");
	}
}

/* -- The machine, and what is missing -------------------------------------------------------------- */

static void put_machine(struct markdown *md, const cJSON *report)
{
	static const struct {
		const char *path, *name;
	} texts[] = {
		{"run.host.hostname", "host"}, {"run.host.cpu_model", "CPU"},
		{"run.host.kernel", "kernel"}, {"run.host.virtualization", "virtualization"},
		{"run.ci.job", "CI job"},
	};
	const char *separator = "- ";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = report_string(report, texts[i].path, NULL);
		_cleanup_free_ char *safe = text ? markdown_code(text, 60) : NULL;

		if (!safe)
			continue;
		markdown_put(md, "%s%s %s", separator, texts[i].name, safe);
		separator = ", ";
	}
	if (report_known(report, "run.host.cpus_allowed")) {
		markdown_put(md, "%s%" PRIu64 " CPUs", separator,
			     report_u64(report, "run.host.cpus_allowed", 0));
		separator = ", ";
	}
	markdown_put(md, "%s", *separator == ',' ? "\n" : "");
}

static void put_pressure(struct markdown *md, const cJSON *report)
{
	static const char *const resources[] = {"cpu", "io", "memory"};
	const cJSON *pressure = report_object(report, "pressure");
	const char *separator = "- time in which something had to wait for";
	char buf[DURATION_FORMAT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		const cJSON *resource = report_object(pressure, resources[i]);

		if (!report_known(resource, "some_ns"))
			continue;
		markdown_put(md, "%s %s: %s", separator, resources[i],
			     duration_format(buf, report_u64(resource, "some_ns", 0)));
		separator = ",";
	}
	markdown_put(md, "%s", *separator == ',' ? "\n" : "");
	if (report_known(pressure, "steal_ns"))
		markdown_put(md, "- stolen by the hypervisor, on all CPUs: %s\n",
			     duration_format(buf, report_u64(pressure, "steal_ns", 0)));
}

static void put_loss(struct markdown *md, const cJSON *report)
{
	const char *reason = report_string(report, "tracing.reason", NULL);
	const char *advice = report_string(report, "tracing.advice", NULL);
	_cleanup_free_ char *why = reason ? markdown_text(reason, SENTENCE_CHARS) : NULL;
	_cleanup_free_ char *what = advice ? markdown_text(advice, SENTENCE_CHARS) : NULL;
	unsigned int n = 0;
	const cJSON *loss;

	cJSON_ArrayForEach(loss, report_array(report, "tracing.loss")) {
		_cleanup_free_ char *lost = NULL;
		char number[VIEW_COUNT_BYTES];

		if (n++ == LIST_MAX)
			break;
		lost = markdown_text(report_string(loss, "what", "?"), SENTENCE_CHARS);
		markdown_put(md, "- **lost:** %s x %s\n",
			     view_count(number, report_u64(loss, "count", 0)), lost);
	}
	if (why)
		markdown_put(md, "- **not measured:** %s\n", why);
	if (what)
		markdown_put(md, "- **what to do:** %s\n", what);
	put_list(md, "not seen: ", report_array(report, "tracing.limits"));
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
	put_causes_of(md, of->report, "cpu", "CPU");
	put_causes_of(md, of->report, "io", "file");
	put_causes_of(md, of->report, "hiccup", "hiccup");
	put_files(md, of->report);
	put_also(md, of->report);
	put_histogram(md, of->report);
	put_machine(md, of->report);
	put_pressure(md, of->report);
	put_loss(md, of->report);
	markdown_put(md, "\n");
	return true;
}
