/* Prints numbers of runs as OpenMetrics, for GitLab's metrics report and for Prometheus */
#include "views/openmetrics/openmetrics.h"

#include <inttypes.h>
#include <stdbool.h>

#include "catalog/words.h"
#include "views/watched_words.h"
#include "views/tests.h"

#define LABEL_CHARS 200

struct metrics {
	const struct named_reports *reports;
	const struct tests *tests; /* of each report */
	FILE *out;
};

/* -- Samples --------------------------------------------------------------------------------------- */

static void print_label(const char *name, const char *value, bool first, FILE *out)
{
	_cleanup_free_ char *safe = view_escape_terminal(value, LABEL_CHARS);

	fprintf(out, "%s%s=\"", first ? "{" : ",", name);
	for (const char *p = safe; *p; p++) {
		if (*p == '\\' || *p == '"')
			putc('\\', out);
		putc(*p, out);
	}
	putc('"', out);
}

/* Prints the name and its labels: the given pairs of name and value, and the name of the report. */
static void print_name(const struct metrics *m, size_t report, const char *family,
		       const char *const *labels)
{
	bool first = true;

	fputs(family, m->out);
	for (; labels && labels[0]; labels += 2) {
		print_label(labels[0], labels[1], first, m->out);
		first = false;
	}
	if (m->reports->count > 1) {
		print_label("report", m->reports->list[report].name, first, m->out);
		first = false;
	}
	fputs(first ? " " : "} ", m->out);
}

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void print_count(const struct metrics *m, size_t report, const char *family,
			const char *const *labels, uint64_t n)
{
	print_name(m, report, family, labels);
	fprintf(m->out, "%" PRIu64 "\n", n);
}

/* Prints seconds without floating point and without the decimal point of the locale. */
static void print_seconds(const struct metrics *m, size_t report, const char *family,
			  const char *const *labels, uint64_t ns)
{
	uint64_t fraction = ns % NSEC_PER_SEC;
	int digits = 9;

	print_name(m, report, family, labels);
	for (; digits > 1 && fraction % 10 == 0; digits--)
		fraction /= 10;
	fprintf(m->out, "%" PRIu64 ".%0*" PRIu64 "\n", ns / NSEC_PER_SEC, digits, fraction);
}

static void print_family(const struct metrics *m, const char *name, const char *type,
			 const char *unit, const char *help)
{
	fprintf(m->out, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(m->out, "# UNIT %s %s\n", name, unit);
	fprintf(m->out, "# HELP %s %s\n", name, help);
}

static const struct report *report_at(const struct metrics *m, size_t i)
{
	return m->reports->list[i].report;
}

/*
 * The totals of a kind, or NULL if it was not measured: a count of 0 would look like a quiet
 * machine.
 */
static const struct report_stall_sum *totals_of(const struct report *report, enum stall_kind kind)
{
	if (report->tracing.status.value == TRACE_NONE || !report->thresholds.ns[kind].known)
		return NULL;
	return report->totals.of[kind];
}

/* A number about the stalls of one kind */
struct sum_number {
	const char *family, *watched_family, *help, *watched_help;
	bool seconds;
	struct optional_u64 (*of)(const struct report_stall_sum *sum);
};

static struct optional_u64 count_of(const struct report_stall_sum *sum)
{
	return (struct optional_u64){sum->count, true};
}

static struct optional_u64 total_of(const struct report_stall_sum *sum)
{
	return (struct optional_u64){sum->total_ns, true};
}

/* 0 without stalls: a sample that is compared between runs must exist in each. */
static struct optional_u64 longest_of(const struct report_stall_sum *sum)
{
	return (struct optional_u64){sum->max_ns.value, true};
}

static const struct sum_number sum_numbers[] = {
	{"latwrap_stalls", "latwrap_watched_stalls", "Waits at or above the threshold, by kind.",
	 "Stalls of watched cgroups.", false, count_of},
	{"latwrap_stalled_seconds", "latwrap_watched_stalled_seconds", "Their sum.", "Their sum.",
	 true, total_of},
	{"latwrap_stall_longest_seconds", "latwrap_watched_stall_longest_seconds",
	 "The longest of them.", "The longest of them.", true, longest_of},
};

/* -- Families -------------------------------------------------------------------------------------- */

static void print_verdict(const struct metrics *m)
{
	print_family(m, "latwrap_verdict", "stateset", NULL, "The judgement over the run.");
	for (size_t i = 0; i < m->reports->count; i++) {
		int given = report_at(m, i)->verdict.status.value;

		for (int status = 0; status < VERDICT_STATUSES; status++)
			print_count(m, i, "latwrap_verdict",
				    LABELS("latwrap_verdict", verdict_status_names[status]),
				    status == given);
	}
}

static void print_run(const struct metrics *m)
{
	print_family(m, "latwrap_run_duration_seconds", "gauge", "seconds",
		     "How long the command ran.");
	for (size_t i = 0; i < m->reports->count; i++)
		print_seconds(m, i, "latwrap_run_duration_seconds", NULL,
			      report_at(m, i)->run.duration_ns);

	print_family(m, "latwrap_attempts", "gauge", NULL,
		     "How often the command ran (--retry). All else is about the last time.");
	for (size_t i = 0; i < m->reports->count; i++)
		print_count(m, i, "latwrap_attempts", NULL,
			    MAX(report_at(m, i)->attempts.count, (size_t)1));

	print_family(m, "latwrap_lost_records", "gauge", NULL,
		     "What was not recorded. The other numbers are lower bounds unless this is 0.");
	for (size_t i = 0; i < m->reports->count; i++)
		print_count(m, i, "latwrap_lost_records", NULL, view_lost(report_at(m, i)));
}

static void print_number(const struct metrics *m, size_t report, const char *family,
			 const char *const *labels, bool seconds, struct optional_u64 number)
{
	if (number.known && seconds)
		print_seconds(m, report, family, labels, number.value);
	else if (number.known)
		print_count(m, report, family, labels, number.value);
}

static void print_quantiles(const struct metrics *m, size_t report, enum stall_kind kind)
{
	const struct report_stall_sum *totals = totals_of(report_at(m, report), kind);
	const struct {
		const char *name;
		struct optional_u64 ns;
	} quantiles[] = {
		{"0.5", totals ? totals->p50_ns : (struct optional_u64){0}},
		{"0.9", totals ? totals->p90_ns : (struct optional_u64){0}},
		{"0.99", totals ? totals->p99_ns : (struct optional_u64){0}},
	};

	for (size_t q = 0; q < ARRAY_SIZE(quantiles); q++)
		print_number(m, report, "latwrap_stall_quantile_seconds",
			     LABELS("kind", kind_catalog[kind].name, "quantile", quantiles[q].name),
			     true, quantiles[q].ns);
}

/* Prints a family with one sample per measured kind. */
static void print_sums(const struct metrics *m, const struct sum_number *number)
{
	print_family(m, number->family, "gauge", number->seconds ? "seconds" : NULL, number->help);
	for (size_t i = 0; i < m->reports->count; i++) {
		for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
			const struct report_stall_sum *totals = totals_of(report_at(m, i), kind);

			if (totals)
				print_number(m, i, number->family,
					     LABELS("kind", kind_catalog[kind].name),
					     number->seconds, number->of(totals));
		}
	}
}

static void print_stalls(const struct metrics *m)
{
	for (size_t n = 0; n < ARRAY_SIZE(sum_numbers); n++)
		print_sums(m, &sum_numbers[n]);
	print_family(m, "latwrap_stall_quantile_seconds", "gauge", "seconds",
		     "Of their lengths, where there are any.");
	for (size_t i = 0; i < m->reports->count; i++)
		for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
			print_quantiles(m, i, kind);
}

static void print_causes(const struct metrics *m)
{
	print_family(m, "latwrap_stalled_by_cause_seconds", "gauge", "seconds",
		     "The sum of stalls, divided by what caused them.");
	for (size_t i = 0; i < m->reports->count; i++) {
		for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
			const struct report_stall_sum *totals = totals_of(report_at(m, i), kind);

			for (size_t k = 0; totals && k < totals->by_cause.count; k++)
				print_seconds(m, i, "latwrap_stalled_by_cause_seconds",
					      LABELS("kind", kind_catalog[kind].name, "cause",
						     totals->by_cause.list[k].cause),
					      totals->by_cause.list[k].total_ns);
		}
	}
}

/* A number about all waits or file operations, of any length; NULL: not measured */
static const uint64_t *wait_number(const struct report *report, size_t number)
{
	const struct report_stall_sum *cpu = totals_of(report, STALL_CPU);
	const struct report_stall_sum *io = totals_of(report, STALL_IO);
	const struct report_waits *waits = cpu ? &cpu->waits : NULL;
	const struct report_operations *files = io ? io->operations : NULL;
	const uint64_t *const values[] = {
		waits ? &waits->count : NULL,    waits ? &waits->total_ns : NULL,
		waits ? &waits->max_ns : NULL,   files ? &files->count : NULL,
		files ? &files->total_ns : NULL, files ? &files->max_ns : NULL,
	};

	return values[number];
}

static void print_all(const struct metrics *m)
{
	static const struct {
		const char *family, *help;
		bool seconds;
	} numbers[] = {
		{"latwrap_cpu_waits", "Waits for a CPU of any length.", false},
		{"latwrap_cpu_wait_seconds", "Their sum.", true},
		{"latwrap_cpu_wait_longest_seconds", "The longest.", true},
		{"latwrap_file_operations", "File operations of any length.", false},
		{"latwrap_file_operation_seconds", "Their sum.", true},
		{"latwrap_file_operation_longest_seconds", "The longest.", true},
	};

	for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
		print_family(m, numbers[n].family, "gauge", numbers[n].seconds ? "seconds" : NULL,
			     numbers[n].help);
		for (size_t i = 0; i < m->reports->count; i++) {
			const uint64_t *value = wait_number(report_at(m, i), n);

			if (value)
				print_number(m, i, numbers[n].family, NULL, numbers[n].seconds,
					     (struct optional_u64){*value, true});
		}
	}
}

static void print_pressure_of(const struct metrics *m, size_t report,
			      const struct view_pressure *pressure)
{
	if (!pressure->of)
		return;
	print_number(m, report, "latwrap_pressure_seconds",
		     LABELS("resource", pressure->name, "tasks", "some"), true,
		     pressure->of->some_ns);
	print_number(m, report, "latwrap_pressure_seconds",
		     LABELS("resource", pressure->name, "tasks", "full"), true,
		     pressure->of->full_ns);
}

static void print_pressure(const struct metrics *m)
{
	print_family(m, "latwrap_pressure_seconds", "gauge", "seconds",
		     "Time in which some or all tasks waited for a resource (PSI).");
	for (size_t i = 0; i < m->reports->count; i++) {
		const struct report_pressure *pressure = &report_at(m, i)->pressure;
		const struct view_pressure all[] = VIEW_PRESSURE(pressure);

		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			print_pressure_of(m, i, &all[k]);
	}

	print_family(m, "latwrap_stolen_seconds", "gauge", "seconds",
		     "CPU time that the hypervisor took, on all CPUs.");
	for (size_t i = 0; i < m->reports->count; i++)
		print_number(m, i, "latwrap_stolen_seconds", NULL, true,
			     report_at(m, i)->pressure.steal_ns);
}

/* -- Beside the run -------------------------------------------------------------------------------- */

#define WATCHED_MAX 32

/*
 * Two samples must not have the same labels, but long names of units may be equal after truncation.
 */
static bool is_first_unit(const struct report *report, size_t number)
{
	_cleanup_free_ char *name =
		view_escape_terminal(watched_name(&report->watched.list[number]), LABEL_CHARS);

	for (size_t i = 0; i < number; i++) {
		_cleanup_free_ char *other =
			view_escape_terminal(watched_name(&report->watched.list[i]), LABEL_CHARS);

		if (streq(name, other))
			return false;
	}
	return true;
}

static void print_watched_of(const struct metrics *m, size_t report,
			     const struct sum_number *number)
{
	const struct report *of = report_at(m, report);

	for (size_t i = 0; i < MIN(of->watched.count, (size_t)WATCHED_MAX); i++) {
		const struct report_watched *watched = &of->watched.list[i];

		if (!is_first_unit(of, i))
			continue;
		for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
			/* What was not measured in the run was not measured here either. */
			if (watched->totals.of[kind] && totals_of(of, kind))
				print_number(m, report, number->watched_family,
					     LABELS("unit", watched_name(watched), "kind",
						    kind_catalog[kind].name),
					     number->seconds, number->of(watched->totals.of[kind]));
	}
}

/* Separate families: a sum over the stalls of the run must not include these. */
static void print_watched(const struct metrics *m)
{
	size_t watched = 0;

	for (size_t i = 0; i < m->reports->count; i++)
		watched += report_at(m, i)->watched.count;
	for (size_t n = 0; n < ARRAY_SIZE(sum_numbers) && watched; n++) {
		const struct sum_number *number = &sum_numbers[n];

		print_family(m, number->watched_family, "gauge", number->seconds ? "seconds" : NULL,
			     number->watched_help);
		for (size_t i = 0; i < m->reports->count; i++)
			print_watched_of(m, i, number);
	}
}

static void print_gates(const struct metrics *m)
{
	print_family(m, "latwrap_gates_breached", "gauge", NULL,
		     "The user's limits that did not hold.");
	for (size_t i = 0; i < m->reports->count; i++) {
		const struct report_verdict *verdict = &report_at(m, i)->verdict;
		uint64_t breached = 0;

		for (size_t k = 0; k < verdict->gates.count; k++)
			breached += verdict->gates.list[k].breached;
		print_count(m, i, "latwrap_gates_breached", NULL, breached);
	}
}

static void print_tests(const struct metrics *m)
{
	print_family(m, "latwrap_tests", "gauge", NULL, "Tests that latwrap was told of.");
	for (size_t i = 0; i < m->reports->count; i++)
		if (m->tests[i].total)
			print_count(m, i, "latwrap_tests", NULL, m->tests[i].total);
	print_family(m, "latwrap_tests_stalled", "gauge", NULL, "Those with stalls.");
	for (size_t i = 0; i < m->reports->count; i++)
		if (m->tests[i].total)
			print_count(m, i, "latwrap_tests_stalled", NULL, m->tests[i].stalled);
	print_family(m, "latwrap_tests_failed", "gauge", NULL,
		     "Those that failed or were interrupted, by the answer: whose fault it was.");
	for (size_t i = 0; i < m->reports->count; i++) {
		const struct tests *t = &m->tests[i];

		if (!t->total)
			continue;
		for (enum answer answer = ANSWER_NONE + 1; answer < ANSWERS; answer++)
			print_count(m, i, "latwrap_tests_failed",
				    LABELS("answer", answer_catalog[answer].name),
				    t->answered[answer]);
	}
}

void openmetrics_print(const struct named_reports *reports, FILE *out)
{
	static void (*const groups[])(const struct metrics *) = {
		print_verdict,  print_run,     print_stalls, print_causes, print_all,
		print_pressure, print_watched, print_gates,  print_tests,
	};
	_cleanup_free_ struct tests *tests = xcalloc(reports->count + 1, sizeof(*tests));
	struct metrics m = {.reports = reports, .tests = tests, .out = out};

	for (size_t i = 0; i < reports->count; i++) {
		struct named_reports one = {.list = &reports->list[i], .count = 1};

		tests_find(&one, &tests[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		groups[i](&m);
	fputs("# EOF\n", out);
	for (size_t i = 0; i < reports->count; i++)
		tests_clear(&tests[i]);
}
