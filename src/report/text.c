/* The summary of a report for a terminal: at the end of a run and by `latwrap report` */
#include "report/text.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/duration.h"
#include "base/util.h"
#include "report/load.h"
#include "report/text_attempts.h"
#include "report/text_histogram.h"
#include "report/text_tests.h"
#include "report/view.h"

#define WIDTH_MIN      60u
#define SENTENCE_CHARS 500 /* sentences are left to the terminal to wrap: see print_sentence() */
#define LIST_MAX       4 /* gates, losses, limits */
#define FILES_MAX      3
#define PARTS_MAX      3 /* of the explanation of a stall */
#define STALLS_MAX     1000u

enum color {
	PLAIN,
	BOLD,
	DIM,
	GREEN,
	YELLOW,
	RED,
	MAGENTA,
};

struct text {
	const cJSON *report;
	FILE *out;
	const struct text_options *options;
	unsigned int width;
	struct view_style style;
};

/* -- Pieces -------------------------------------------------------------------------------------- */

static void paint(const struct text *t, enum color color)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m",      [BOLD] = "\033[1m",      [DIM] = "\033[2m",
		[GREEN] = "\033[1;32m",   [YELLOW] = "\033[1;33m", [RED] = "\033[1;31m",
		[MAGENTA] = "\033[1;35m",
	};

	if (t->options->color)
		fputs(codes[color], t->out);
}

static void __attribute__((format(printf, 3, 4)))
painted(const struct text *t, enum color color, const char *fmt, ...)
{
	va_list ap;

	paint(t, color);
	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	paint(t, PLAIN);
}

#define painted_line(t, color, ...)                 \
	do {                                        \
		painted((t), (color), __VA_ARGS__); \
		putc('\n', (t)->out);               \
	} while (0)

/* Prints "LEAD: SENTENCE". A sentence is not broken into lines: its words are not ours, and at the
 * start of a line, indented or not, some CI systems take them for commands ("::error::"). */
static void print_sentence(const struct text *t, enum color color, const char *lead,
			   const char *sentence)
{
	_cleanup_free_ char *safe = view_escape_terminal(sentence, SENTENCE_CHARS);

	painted(t, color, "%s: ", lead);
	fprintf(t->out, "%s\n", safe);
}

static void print_list(const struct text *t, enum color color, const char *lead, const cJSON *list)
{
	unsigned int n = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		const char *sentence = report_string(item, "", NULL);

		if (sentence && n++ < LIST_MAX)
			print_sentence(t, color, lead, sentence);
	}
	if (n > LIST_MAX)
		fprintf(t->out, "%s: %u more in the report\n", lead, n - LIST_MAX);
}

static bool has_status(const struct text *t, const char *status)
{
	return streq(report_string(t->report, "verdict.status", ""), status);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* -- Verdict ------------------------------------------------------------------------------------- */

static void print_verdict(const struct text *t)
{
	const char *status = report_string(t->report, "verdict.status", "no verdict");
	enum color color = has_status(t, "clean")        ? GREEN
			   : has_status(t, "stalled")    ? YELLOW
			   : has_status(t, "unmeasured") ? MAGENTA
							 : BOLD;

	_cleanup_free_ char *sentence = view_escape_terminal(
		report_string(t->report, "verdict.sentence", status), SENTENCE_CHARS);

	painted_line(t, color, "latwrap: %s", sentence);
	if (!report_bool(t->report, "complete", true))
		painted_line(t, RED,
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
	painted(t, theirs > 0 ? RED : PLAIN, "%s", status);
	fprintf(t->out, " after %s",
		duration_format(buf, report_u64(t->report, "run.duration_ns", 0)));
	if (ours >= 0 && theirs >= 0 && ours != theirs)
		painted(t, RED, ", latwrap exits with %" PRIi64, ours);
	fprintf(t->out, ": %s\n", command);
}

static void print_leftovers(const struct text *t)
{
	const char *action = report_string(t->report, "run.leftovers.action", "");
	uint64_t count = report_u64(t->report, "run.leftovers.count", 0), shown = 0;
	const cJSON *process;

	if (count == 0)
		return;
	fprintf(t->out, "  %" PRIu64 " process%s %s:", count, count == 1 ? "" : "es",
		streq(action, "kill")   ? "of the command killed at its end"
		: streq(action, "wait") ? "of the command waited for at its end"
					: "of the command still running");
	cJSON_ArrayForEach(process, report_array(t->report, "run.leftovers.processes")) {
		_cleanup_free_ char *who = view_stall_who(process, &t->style);

		if (who && shown++ < LIST_MAX)
			fprintf(t->out, "%s %s", shown > 1 ? "," : "", who);
	}
	fputs(shown > LIST_MAX ? ", ...\n" : "\n", t->out);
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
		    n++ < LIST_MAX)
			print_sentence(t, PLAIN, "  reason", reason);
	}
}

/* -- Gates --------------------------------------------------------------------------------------- */

static void print_gate(const struct text *t, const cJSON *gate)
{
	_cleanup_free_ char *expression =
		view_escape_terminal(report_string(gate, "expression", "?"), t->style.path_columns);
	uint64_t actual = report_u64(gate, "actual", 0);
	char buf[DURATION_FORMAT_BYTES], count[VIEW_COUNT_BYTES];

	painted(t, RED, "  gate breached");
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
			if (breached++ < LIST_MAX)
				print_gate(t, gate);
		} else if (report_known(gate, "actual")) {
			held++;
		} else {
			unknown++;
		}
	}
	if (breached > LIST_MAX)
		fprintf(t->out, "  %u more gates breached\n", breached - LIST_MAX);
	if (held)
		fprintf(t->out, "  %u gate%s held\n", held, plural(held));
	if (unknown)
		painted_line(t, MAGENTA, "  %u gate%s not judged: not measured", unknown,
			     plural(unknown));
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

/* -- Stalls -------------------------------------------------------------------------------------- */

/* "31ms behind cc1plus[900] (outside, /user.slice), 15ms stolen by the hypervisor": in what is left
 * of the line if all of it fits there, else below, broken between parts: each begins with a number
 * of ours. */
static void print_why(const struct text *t, const cJSON *stall, size_t column)
{
	static const char lead[] = "            because: ";
	size_t lengths[PARTS_MAX], length = 0, n;
	char buf[DURATION_FORMAT_BYTES];
	struct view_why why;

	view_stall_why(stall, &t->style, &why);
	n = MIN(why.n_parts, (size_t)PARTS_MAX);
	for (size_t i = 0; i < n; i++) {
		lengths[i] = strlen(duration_format(buf, why.parts[i].ns)) + 1 +
			     view_columns(why.parts[i].text) + 2;
		length += lengths[i];
	}
	if (n > 0 && column + length > t->width) {
		fprintf(t->out, "\n%s", lead);
		column = strlen(lead);
	} else if (n > 0) {
		fputs(": ", t->out);
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && column + lengths[i] > t->width) {
			fprintf(t->out, ",\n%*s", (int)strlen(lead), "");
			column = strlen(lead);
		} else if (i > 0) {
			fputs(", ", t->out);
		}
		fprintf(t->out, "%s %s", duration_format(buf, why.parts[i].ns), why.parts[i].text);
		column += lengths[i];
	}
	putc('\n', t->out);
	view_why_clear(&why);
}

static void print_stall(const struct text *t, const cJSON *stall, const cJSON *previous)
{
	_cleanup_free_ char *who = view_stall_who(stall, &t->style);
	_cleanup_free_ char *what = view_stall_what(stall, &t->style);
	const char *command = report_string(stall, "command", "");
	const char *span = report_string(stall, "span", "");
	char when[VIEW_COUNT_BYTES];

	fprintf(t->out, "%11s ", view_offset(when, report_u64(stall, "start_ns", 0)));
	if (who)
		painted(t, BOLD, "%s: ", who);
	fputs(what, t->out);
	print_why(t, stall, 12 + (who ? view_columns(who) + 2 : 0) + view_columns(what));

	/* The command line only where it tells more than the name, and once for several stalls. */
	if (*command && !streq(command, report_string(stall, "comm", "")) &&
	    !streq(command, report_string(previous, "command", ""))) {
		_cleanup_free_ char *line = view_escape_terminal(command, t->width - 21);

		painted_line(t, DIM, "            command: %s", line);
	}
	if (*span && !streq(span, report_string(previous, "span", ""))) {
		_cleanup_free_ char *name = view_escape_terminal(span, t->width - 16);

		painted_line(t, DIM, "            in: %s", name);
	}
}

/* "Worst stalls, 5 of 1,312 (1,300 CPU, 8.1s in all; 12 file, 310ms in all)" */
static void print_stalls_heading(const struct text *t, size_t shown)
{
	static const struct {
		const char *kind, *name;
	} kinds[] = {{"cpu", "CPU"}, {"io", "file"}, {"hiccup", "hiccup"}};
	const cJSON *totals = report_object(t->report, "totals");
	uint64_t counts[ARRAY_SIZE(kinds)], all = 0;
	char number[VIEW_COUNT_BYTES], buf[DURATION_FORMAT_BYTES];
	const char *separator = " (";

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		counts[i] = report_u64(report_object(totals, kinds[i].kind), "count", 0);
		if (__builtin_add_overflow(all, counts[i], &all))
			all = UINT64_MAX;
	}
	painted(t, BOLD, "Worst stalls");
	if (all > shown)
		fprintf(t->out, ", %zu of %s", shown, view_count(number, all));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const cJSON *kind = report_object(totals, kinds[i].kind);

		if (counts[i] == 0)
			continue;
		fprintf(t->out, "%s%s %s, %s in all", separator, view_count(number, counts[i]),
			kinds[i].name, duration_format(buf, report_u64(kind, "total_ns", 0)));
		separator = "; ";
	}
	fputs(*separator == ';' ? ")\n" : "\n", t->out);
}

static void print_stalls(const struct text *t)
{
	unsigned int max = MIN(t->options->max_stalls, STALLS_MAX);
	_cleanup_free_ const cJSON **worst = xcalloc(max + 1, sizeof(*worst));
	size_t n = view_worst(report_array(t->report, "stalls"), "duration_ns", worst, max);
	const cJSON *previous = NULL;

	if (n == 0)
		return;
	print_stalls_heading(t, n);
	for (size_t i = 0; i < n; i++) {
		print_stall(t, worst[i], previous);
		previous = worst[i];
	}
}

/* All stalls of one kind by cause, where causes are known. */
static void print_causes(const struct text *t, const char *kind, const char *name)
{
	const cJSON *totals = report_object(report_object(t->report, "totals"), kind);
	const cJSON *causes = report_object(totals, "by_cause"), *worst[LIST_MAX];
	size_t n = view_worst(causes, "total_ns", worst, LIST_MAX);

	/* Of a single stall it has been said. */
	if (n == 0 || (n == 1 && streq(worst[0]->string, "unknown")) ||
	    report_u64(totals, "count", 0) < 2)
		return;
	painted(t, BOLD, "Causes of %s stalls", name);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *words = view_cause(worst[i]->string, &t->style);
		uint64_t ns = report_u64(worst[i], "total_ns", 0);
		char buf[DURATION_FORMAT_BYTES];

		if (i == 0 || ns >= report_u64(totals, "total_ns", 0) / 100)
			fprintf(t->out, "%s %s %s", i == 0 ? ":" : ",", duration_format(buf, ns),
				words);
	}
	putc('\n', t->out);
}

static void print_all_causes(const struct text *t)
{
	print_causes(t, "cpu", "CPU");
	print_causes(t, "io", "file");
}

static void print_tests(const struct text *t)
{
	text_print_tests(t->report, t->out, t->options->color, &t->style);
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
			plural(n));
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
	painted_line(t, BOLD, "Slowest files");
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

		if (n++ >= LIST_MAX)
			continue;
		painted(t, RED, "LOST: ");
		fprintf(t->out, "%s x %s", view_count(number, report_u64(loss, "count", 0)), what);
		if (report_known(loss, "first_ns"))
			fprintf(t->out, ", from %s to %s",
				view_offset(first, report_u64(loss, "first_ns", 0)),
				view_offset(last, report_u64(loss, "last_ns", 0)));
		putc('\n', t->out);
	}
	if (n > LIST_MAX)
		painted_line(t, RED, "LOST: %u more kinds of loss in the report", n - LIST_MAX);
}

static void print_limits(const struct text *t)
{
	const char *status = report_string(t->report, "tracing.status", "");
	const char *reason = report_string(t->report, "tracing.reason", NULL);
	const char *advice = report_string(t->report, "tracing.advice", NULL);

	/* The sentence may consist of it. */
	if (reason && !strstr(report_string(t->report, "verdict.sentence", ""), reason))
		print_sentence(t, MAGENTA,
			       streq(status, "none")      ? "NOT MEASURED"
			       : streq(status, "partial") ? "PARTLY MEASURED"
							  : "NOTE",
			       reason);
	if (advice)
		print_sentence(t, BOLD, "What to do", advice);
	print_list(t, MAGENTA, "NOT SEEN", report_array(t->report, "tracing.limits"));
}

static void print_report_path(const struct text *t)
{
	if (t->options->report_path)
		print_sentence(t, PLAIN, "Report", t->options->report_path);
}

/* -- All of it ------------------------------------------------------------------------------------- */

void report_print_text(const cJSON *report, FILE *out, const struct text_options *options)
{
	/* In the order in which somebody wants to know: each prints nothing if it has nothing. */
	static void (*const sections[])(const struct text *) = {
		print_verdict,  print_tests,     print_reasons,    print_command,
		print_attempts, print_leftovers, print_gates,      print_longest,
		print_pressure, print_stalls,    print_all_causes, print_histogram,
		print_files,    print_loss,      print_limits,     print_report_path,
	};
	unsigned int width = options->width ? options->width : TEXT_WIDTH_DEFAULT;
	struct text t = {
		.report = report,
		.out = out,
		.options = options,
		.width = MAX(width, WIDTH_MIN),
	};

	t.style = (struct view_style){
		.escape = view_escape_terminal,
		.name_columns = 32,
		.path_columns = MAX(t.width / 2, 30u),
	};
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		sections[i](&t);
}
