/* The summary of a report for a terminal: at the end of a run and by `latwrap report` */
#include "views/text/text.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/util.h"
#include "report/load.h"
#include "views/text/text_attempts.h"
#include "views/text/text_histogram.h"
#include "views/text/text_print.h"
#include "views/text/text_stalls.h"
#include "views/text/text_tests.h"
#include "views/view.h"

#define SENTENCE_CHARS 500 /* sentences are left to the terminal to wrap: see text_sentence() */
#define FILES_MAX      3

static bool has_status(const struct text *t, const char *status)
{
	return streq(report_string(t->report, "verdict.status", ""), status);
}

/* -- Verdict ------------------------------------------------------------------------------------- */

static void print_verdict(const struct text *t)
{
	const char *status = report_string(t->report, "verdict.status", "no verdict");
	enum text_color color = has_status(t, "clean")        ? GREEN
				: has_status(t, "stalled")    ? YELLOW
				: has_status(t, "unmeasured") ? MAGENTA
							      : BOLD;

	_cleanup_free_ char *sentence = view_escape_terminal(
		report_string(t->report, "verdict.sentence", status), SENTENCE_CHARS);

	text_painted_line(t, color, "latwrap: %s", sentence);
	if (!report_bool(t->report, "complete", true))
		text_painted_line(t, RED,
				  "  a checkpoint: the run had not ended, or latwrap was killed");
}

static void print_command(const struct text *t)
{
	_cleanup_free_ char *status = view_exit(t->report, &t->style);
	_cleanup_free_ char *command = view_command(t->report, &t->style, t->width - 30);
	int64_t ours = report_i64(t->report, "run.exit_status", -1);
	int theirs = view_exit_status(t->report);
	char buf[DURATION_FORMAT_BYTES];

	fputs("  ", t->out);
	text_painted(t, theirs > 0 ? RED : PLAIN, "%s", status);
	fprintf(t->out, " after %s",
		duration_format(buf, report_u64(t->report, "run.duration_ns", 0)));
	if (ours >= 0 && theirs >= 0 && ours != theirs)
		text_painted(t, RED, ", latwrap exits with %" PRIi64, ours);
	fprintf(t->out, ": %s\n", command);
}

/* How many an object of the report lists, and the first of them. */
static void print_processes(const struct text *t, const char *path, const char *what)
{
	const cJSON *object = report_object(t->report, path), *process;
	uint64_t count = report_u64(object, "count", 0), shown = 0;

	if (count == 0)
		return;
	fprintf(t->out, "  %" PRIu64 " process%s %s:", count, count == 1 ? "" : "es", what);
	cJSON_ArrayForEach(process, report_array(object, "processes")) {
		_cleanup_free_ char *who = view_stall_who(process, &t->style);

		if (who && shown++ < TEXT_LIST_MAX)
			fprintf(t->out, "%s %s", shown > 1 ? "," : "", who);
	}
	fputs(count > MIN(shown, (uint64_t)TEXT_LIST_MAX) ? ", ...\n" : "\n", t->out);
}

static void print_leftovers(const struct text *t)
{
	const char *action = report_string(t->report, "run.leftovers.action", "");

	print_processes(t, "run.leftovers",
			streq(action, "kill")   ? "of the command killed at its end"
			: streq(action, "wait") ? "of the command waited for at its end"
						: "of the command still running");
}

static void print_left(const struct text *t)
{
	print_processes(t, "run.left", "left the run's cgroup, not measured from then on");
}

static void print_attempts(const struct text *t)
{
	text_print_attempts(t->report, t->out, t->options->color, &t->style);
}

/* What the sentence does not say, and no section below. */
static void print_reasons(const struct text *t)
{
	const char *tracing = report_string(t->report, "tracing.reason", "");
	unsigned int n = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, report_array(t->report, "verdict.reasons")) {
		const char *reason = report_string(item, "", "");

		if (*reason && !streq(reason, tracing) && !startswith(reason, "gate ") &&
		    n++ < TEXT_LIST_MAX)
			text_sentence(t, PLAIN, "  reason", reason);
	}
}

/* -- Gates --------------------------------------------------------------------------------------- */

static void print_gate(const struct text *t, const cJSON *gate)
{
	_cleanup_free_ char *expression =
		view_escape_terminal(report_string(gate, "expression", "?"), t->style.path_columns);
	uint64_t actual = report_u64(gate, "actual", 0);
	char buf[DURATION_FORMAT_BYTES], count[VIEW_COUNT_BYTES];

	text_painted(t, RED, "  gate breached");
	fprintf(t->out, ": %s", expression);
	if (report_known(gate, "actual"))
		fprintf(t->out, ", was %s",
			streq(report_string(gate, "unit", ""), "ns") ? duration_format(buf, actual)
								     : view_count(count, actual));
	putc('\n', t->out);
}

static void print_gates(const struct text *t)
{
	const cJSON *gates = report_array(t->report, "verdict.gates"), *gate;
	unsigned int breached = 0, held = 0, unknown = 0;

	cJSON_ArrayForEach(gate, gates) {
		if (report_bool(gate, "breached", false)) {
			if (breached++ < TEXT_LIST_MAX)
				print_gate(t, gate);
		} else if (report_known(gate, "actual")) {
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

/* -- When there is little to tell ------------------------------------------------------------------ */

/* How near it came, for a run without stalls. */
static void print_longest(const struct text *t)
{
	static const struct {
		const char *count, *max, *threshold, *what;
	} kinds[] = {
		{"totals.cpu.waits.count", "totals.cpu.waits.max_ns", "thresholds.cpu_ns",
		 "wait for a CPU"},
		{"totals.io.calls.count", "totals.io.calls.max_ns", "thresholds.io_ns",
		 "file call"},
	};
	const char *separator = "  ";

	if (!has_status(t, "clean"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t count = report_u64(t->report, kinds[i].count, 0);
		char buf[DURATION_FORMAT_BYTES], limit[DURATION_FORMAT_BYTES];
		char number[VIEW_COUNT_BYTES];

		if (count == 0)
			continue;
		fprintf(t->out, "%slongest %s %s of %s (a stall: %s)", separator, kinds[i].what,
			duration_format(buf, report_u64(t->report, kinds[i].max, 0)),
			view_count(number, count),
			duration_format(limit, report_u64(t->report, kinds[i].threshold, 0)));
		separator = ", ";
	}
	if (*separator == ',')
		putc('\n', t->out);
}

/* What is known of an unmeasured run all the same. */
static void print_pressure(const struct text *t)
{
	static const char *const resources[] = {"cpu", "io", "memory"};
	const cJSON *pressure = report_object(t->report, "pressure");
	bool system = streq(report_string(pressure, "source", ""), "system");
	unsigned int shown = 0;

	if (!has_status(t, "unmeasured"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		const cJSON *resource = report_object(pressure, resources[i]);
		char buf[DURATION_FORMAT_BYTES];

		if (!report_known(resource, "some_ns"))
			continue;
		if (shown++ == 0)
			fprintf(t->out, "  time in which something of %s had to wait for",
				system ? "the whole system" : "the run");
		fprintf(t->out, "%s %s: %s", shown > 1 ? "," : "", resources[i],
			duration_format(buf, report_u64(resource, "some_ns", 0)));
	}
	if (shown)
		putc('\n', t->out);
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

static void print_file(const struct text *t, const cJSON *file)
{
	static const struct {
		const char *field, *word;
	} calls[] = {
		{"opens", "open"},
		{"reads", "read"},
		{"writes", "write"},
		{"syncs", "sync"},
	};
	_cleanup_free_ char *path =
		view_escape_terminal(report_string(file, "path", "?"), t->style.path_columns);
	char max[DURATION_FORMAT_BYTES], total[DURATION_FORMAT_BYTES];
	const char *separator = " (";

	fprintf(t->out, "  longest %s, total %s: %s",
		duration_format(max, report_u64(file, "max_ns", 0)),
		duration_format(total, report_u64(file, "total_ns", 0)), path);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint64_t n = report_u64(file, calls[i].field, 0);
		char number[VIEW_COUNT_BYTES];

		if (n == 0)
			continue;
		fprintf(t->out, "%s%s %s%s", separator, view_count(number, n), calls[i].word,
			text_plural(n));
		separator = ", ";
	}
	fputs(*separator == ',' ? ")\n" : "\n", t->out);
}

static void print_files(const struct text *t)
{
	uint64_t threshold_ns = report_u64(t->report, "thresholds.io_ns", 0);
	const cJSON *worst[FILES_MAX];
	size_t n = view_worst(report_array(t->report, "files"), "max_ns", worst, FILES_MAX);

	/* The rest of them did not stall. */
	while (n > 0 && report_u64(worst[n - 1], "max_ns", 0) < threshold_ns)
		n--;
	if (n == 0 || report_u64(t->report, "totals.io.count", 0) == 0)
		return;
	text_painted_line(t, BOLD, "Slowest files");
	for (size_t i = 0; i < n; i++)
		print_file(t, worst[i]);
}

/* -- What is missing ------------------------------------------------------------------------------- */

static void print_loss(const struct text *t)
{
	unsigned int n = 0;
	const cJSON *loss;

	cJSON_ArrayForEach(loss, report_array(t->report, "tracing.loss")) {
		_cleanup_free_ char *what = view_escape_terminal(report_string(loss, "what", "?"),
								 t->style.path_columns);
		char number[VIEW_COUNT_BYTES], first[VIEW_COUNT_BYTES], last[VIEW_COUNT_BYTES];

		if (n++ >= TEXT_LIST_MAX)
			continue;
		text_painted(t, RED, "LOST: ");
		fprintf(t->out, "%s x %s", view_count(number, report_u64(loss, "count", 0)), what);
		if (report_known(loss, "first_ns"))
			fprintf(t->out, ", from %s to %s",
				view_offset(first, report_u64(loss, "first_ns", 0)),
				view_offset(last, report_u64(loss, "last_ns", 0)));
		putc('\n', t->out);
	}
	if (n > TEXT_LIST_MAX)
		text_painted_line(t, RED, "LOST: %u more kinds of loss in the report",
				  n - TEXT_LIST_MAX);
}

static void print_limits(const struct text *t)
{
	const char *status = report_string(t->report, "tracing.status", "");
	const char *reason = report_string(t->report, "tracing.reason", NULL);
	const char *advice = report_string(t->report, "tracing.advice", NULL);

	/* The sentence may consist of it. */
	if (reason && !strstr(report_string(t->report, "verdict.sentence", ""), reason))
		text_sentence(t, MAGENTA,
			      streq(status, "none")      ? "NOT MEASURED"
			      : streq(status, "partial") ? "PARTLY MEASURED"
							 : "NOTE",
			      reason);
	if (advice)
		text_sentence(t, BOLD, "What to do", advice);
	text_list(t, MAGENTA, "NOT SEEN", report_array(t->report, "tracing.limits"));
}

static void print_report_path(const struct text *t)
{
	if (t->options->report_path)
		text_sentence(t, PLAIN, "Report", t->options->report_path);
}

/* -- All of it ------------------------------------------------------------------------------------- */

void report_print_text(const cJSON *report, FILE *out, const struct text_options *options)
{
	/* In the order in which somebody wants to know: each prints nothing if it has nothing. */
	static void (*const sections[])(const struct text *) = {
		print_verdict,     print_tests,     print_reasons,     print_command,
		print_attempts,    print_leftovers, print_left,        print_gates,
		print_longest,     print_pressure,  text_print_stalls, text_print_also,
		print_histogram,   print_files,     print_loss,        print_limits,
		print_report_path,
	};
	const struct named_report named = {.name = "", .report = report};
	const struct named_reports reports = {.list = &named, .count = 1};
	struct text t;

	text_open(&t, &reports, out, options);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		sections[i](&t);
}
