/* Numbers of a run as OpenMetrics, for GitLab's metrics report and for Prometheus */
#include "views/openmetrics/openmetrics.h"

#include <inttypes.h>
#include <stdbool.h>

#include "views/watched_words.h"
#include "report/load.h"
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

/* The name and its labels: those given, pairs of name and value, and which report it is. */
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

/* Without a detour over floating point, and without the locale's decimal point. */
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

static const cJSON *report_at(const struct metrics *m, size_t i)
{
	return m->reports->list[i].report;
}

/* -- What a report knows --------------------------------------------------------------------------- */

static const char *const kinds[] = {"cpu", "io", "hiccup"};

/* The totals of a kind, NULL unless it was measured: a count of 0 that nobody has counted would
 * look like a quiet machine. */
static const cJSON *totals_of(const cJSON *report, const char *kind)
{
	_cleanup_free_ char *threshold = xasprintf("%s_ns", kind);

	if (streq(report_string(report, "tracing.status", "none"), "none") ||
	    cJSON_IsNull(report_get(report_object(report, "thresholds"), threshold)))
		return NULL;
	return report_object(report_object(report, "totals"), kind);
}

/* -- Families -------------------------------------------------------------------------------------- */

static void print_verdict(const struct metrics *m)
{
	static const char *const states[] = {"clean", "stalled", "unmeasured"};

	print_family(m, "latwrap_verdict", "stateset", NULL, "The judgement over the run.");
	for (size_t i = 0; i < m->reports->count; i++) {
		const char *status = report_string(report_at(m, i), "verdict.status", "");

		for (size_t k = 0; k < ARRAY_SIZE(states); k++)
			print_count(m, i, "latwrap_verdict", LABELS("latwrap_verdict", states[k]),
				    streq(status, states[k]));
	}
}

static void print_run(const struct metrics *m)
{
	print_family(m, "latwrap_run_duration_seconds", "gauge", "seconds",
		     "How long the command ran.");
	for (size_t i = 0; i < m->reports->count; i++)
		if (report_known(report_at(m, i), "run.duration_ns"))
			print_seconds(m, i, "latwrap_run_duration_seconds", NULL,
				      report_u64(report_at(m, i), "run.duration_ns", 0));

	print_family(m, "latwrap_attempts", "gauge", NULL,
		     "How often the command ran (--retry). All else is about the last time.");
	for (size_t i = 0; i < m->reports->count; i++) {
		const cJSON *attempts = report_array(report_at(m, i), "attempts");

		print_count(m, i, "latwrap_attempts", NULL,
			    MAX((uint64_t)cJSON_GetArraySize(attempts), UINT64_C(1)));
	}

	print_family(m, "latwrap_lost_records", "gauge", NULL,
		     "What was not recorded. The other numbers are lower bounds unless this is 0.");
	for (size_t i = 0; i < m->reports->count; i++) {
		uint64_t lost = 0;
		const cJSON *loss;

		cJSON_ArrayForEach(loss, report_array(report_at(m, i), "tracing.loss")) {
			uint64_t n = report_u64(loss, "count", 0);

			lost = n > UINT64_MAX - lost ? UINT64_MAX : lost + n;
		}
		print_count(m, i, "latwrap_lost_records", NULL, lost);
	}
}

/* A family with one sample per measured kind. */
static void print_per_kind(const struct metrics *m, const char *family, const char *field,
			   bool seconds, const char *help)
{
	print_family(m, family, "gauge", seconds ? "seconds" : NULL, help);
	for (size_t i = 0; i < m->reports->count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			const cJSON *totals = totals_of(report_at(m, i), kinds[k]);
			const char *const *labels = LABELS("kind", kinds[k]);

			if (totals && seconds)
				print_seconds(m, i, family, labels, report_u64(totals, field, 0));
			else if (totals)
				print_count(m, i, family, labels, report_u64(totals, field, 0));
		}
	}
}

static void print_stalls(const struct metrics *m)
{
	static const struct {
		const char *field, *quantile;
	} quantiles[] = {{"p50_ns", "0.5"}, {"p90_ns", "0.9"}, {"p99_ns", "0.99"}};

	print_per_kind(m, "latwrap_stalls", "count", false,
		       "Waits at or above the threshold, by kind.");
	print_per_kind(m, "latwrap_stalled_seconds", "total_ns", true, "Their sum.");
	print_per_kind(m, "latwrap_stall_longest_seconds", "max_ns", true, "The longest of them.");

	print_family(m, "latwrap_stall_quantile_seconds", "gauge", "seconds",
		     "Of their lengths, where there are any.");
	for (size_t i = 0; i < m->reports->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			for (size_t q = 0; q < ARRAY_SIZE(quantiles); q++) {
				const cJSON *totals = totals_of(report_at(m, i), kinds[k]);

				if (report_known(totals, quantiles[q].field))
					print_seconds(m, i, "latwrap_stall_quantile_seconds",
						      LABELS("kind", kinds[k], "quantile",
							     quantiles[q].quantile),
						      report_u64(totals, quantiles[q].field, 0));
			}
}

#define CAUSES_MAX 32

/* Whether a cause is the first of its name: two samples must not have the same labels. */
static bool is_first(const cJSON *cause, const cJSON *causes)
{
	for (const cJSON *before = causes->child; before != cause; before = before->next)
		if (before->string && streq(before->string, cause->string))
			return false;
	return true;
}

static void print_causes(const struct metrics *m)
{
	print_family(m, "latwrap_stalled_by_cause_seconds", "gauge", "seconds",
		     "The sum of stalls, divided by what caused them.");
	for (size_t i = 0; i < m->reports->count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			const cJSON *totals = totals_of(report_at(m, i), kinds[k]);
			const cJSON *causes = report_object(totals, "by_cause"), *cause;
			unsigned int n = 0;

			cJSON_ArrayForEach(cause, causes) {
				if (n++ == CAUSES_MAX)
					break;
				if (cause->string && is_first(cause, causes))
					print_seconds(m, i, "latwrap_stalled_by_cause_seconds",
						      LABELS("kind", kinds[k], "cause",
							     cause->string),
						      report_u64(cause, "total_ns", 0));
			}
		}
	}
}

/* All waits and calls, however short. */
static void print_all(const struct metrics *m)
{
	static const struct {
		const char *family, *kind, *field, *help;
		bool seconds;
	} numbers[] = {
		{"latwrap_cpu_waits", "cpu", "waits.count", "Waits for a CPU of any length.",
		 false},
		{"latwrap_cpu_wait_seconds", "cpu", "waits.total_ns", "Their sum.", true},
		{"latwrap_cpu_wait_longest_seconds", "cpu", "waits.max_ns", "The longest.", true},
		{"latwrap_file_calls", "io", "calls.count", "File system calls of any length.",
		 false},
		{"latwrap_file_call_seconds", "io", "calls.total_ns", "Their sum.", true},
		{"latwrap_file_call_longest_seconds", "io", "calls.max_ns", "The longest.", true},
	};

	for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
		print_family(m, numbers[n].family, "gauge", numbers[n].seconds ? "seconds" : NULL,
			     numbers[n].help);
		for (size_t i = 0; i < m->reports->count; i++) {
			const cJSON *totals = totals_of(report_at(m, i), numbers[n].kind);
			uint64_t value = report_u64(totals, numbers[n].field, 0);

			if (!report_known(totals, numbers[n].field))
				continue;
			if (numbers[n].seconds)
				print_seconds(m, i, numbers[n].family, NULL, value);
			else
				print_count(m, i, numbers[n].family, NULL, value);
		}
	}
}

static void print_pressure(const struct metrics *m)
{
	static const char *const resources[] = {"cpu", "io", "memory"};
	static const struct {
		const char *field, *who;
	} parts[] = {{"some_ns", "some"}, {"full_ns", "full"}};

	print_family(m, "latwrap_pressure_seconds", "gauge", "seconds",
		     "Time in which some or all tasks waited for a resource (PSI).");
	for (size_t i = 0; i < m->reports->count; i++)
		for (size_t r = 0; r < ARRAY_SIZE(resources); r++)
			for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
				const cJSON *of = report_object(
					report_object(report_at(m, i), "pressure"), resources[r]);

				if (report_known(of, parts[p].field))
					print_seconds(m, i, "latwrap_pressure_seconds",
						      LABELS("resource", resources[r], "tasks",
							     parts[p].who),
						      report_u64(of, parts[p].field, 0));
			}

	print_family(m, "latwrap_stolen_seconds", "gauge", "seconds",
		     "CPU time that the hypervisor took, on all CPUs.");
	for (size_t i = 0; i < m->reports->count; i++)
		if (report_known(report_at(m, i), "pressure.steal_ns"))
			print_seconds(m, i, "latwrap_stolen_seconds", NULL,
				      report_u64(report_at(m, i), "pressure.steal_ns", 0));
}

/* -- Beside the run -------------------------------------------------------------------------------- */

#define ALSO_MAX 32

/* Two samples must not have the same labels, as units of one name, long ones, would. */
static bool is_first_unit(const cJSON *also, const cJSON *list)
{
	_cleanup_free_ char *name = view_escape_terminal(also_name(also), LABEL_CHARS);

	for (const cJSON *before = list->child; before != also; before = before->next) {
		_cleanup_free_ char *other = view_escape_terminal(also_name(before), LABEL_CHARS);

		if (streq(name, other))
			return false;
	}
	return true;
}

static void print_also_of(const struct metrics *m, size_t report, const char *family,
			  const char *field, bool seconds)
{
	const cJSON *list = report_array(report_at(m, report), "also"), *also;
	unsigned int n = 0;

	cJSON_ArrayForEach(also, list) {
		if (n++ == ALSO_MAX)
			break;
		if (!is_first_unit(also, list))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			const char *const *labels =
				LABELS("unit", also_name(also), "kind", kinds[k]);
			const cJSON *totals =
				report_object(report_object(also, "totals"), kinds[k]);
			uint64_t value = report_u64(totals, field, 0);

			/* What was not measured of the run was not of this. */
			if (!totals || !totals_of(report_at(m, report), kinds[k]))
				continue;
			if (seconds)
				print_seconds(m, report, family, labels, value);
			else
				print_count(m, report, family, labels, value);
		}
	}
}

/* Families of their own: what sums up the run's stalls must not find these among them. */
static void print_also(const struct metrics *m)
{
	static const struct {
		const char *family, *field, *help;
		bool seconds;
	} numbers[] = {
		{"latwrap_watched_stalls", "count", "Stalls of what was watched beside the run.",
		 false},
		{"latwrap_watched_stalled_seconds", "total_ns", "Their sum.", true},
		{"latwrap_watched_stall_longest_seconds", "max_ns", "The longest of them.", true},
	};

	size_t watched = 0;

	for (size_t i = 0; i < m->reports->count; i++)
		watched += (size_t)cJSON_GetArraySize(report_array(report_at(m, i), "also"));
	for (size_t n = 0; n < ARRAY_SIZE(numbers) && watched; n++) {
		print_family(m, numbers[n].family, "gauge", numbers[n].seconds ? "seconds" : NULL,
			     numbers[n].help);
		for (size_t i = 0; i < m->reports->count; i++)
			print_also_of(m, i, numbers[n].family, numbers[n].field,
				      numbers[n].seconds);
	}
}

static void print_gates(const struct metrics *m)
{
	print_family(m, "latwrap_gates_breached", "gauge", NULL,
		     "The user's limits that did not hold.");
	for (size_t i = 0; i < m->reports->count; i++) {
		uint64_t breached = 0;
		const cJSON *gate;

		cJSON_ArrayForEach(gate, report_array(report_at(m, i), "verdict.gates")) {
			breached += report_bool(gate, "breached", false);
		}
		print_count(m, i, "latwrap_gates_breached", NULL, breached);
	}
}

static void print_tests(const struct metrics *m)
{
	print_family(m, "latwrap_tests", "gauge", NULL, "Tests that latwrap was told of.");
	for (size_t i = 0; i < m->reports->count; i++)
		if (m->tests[i].total)
			print_count(m, i, "latwrap_tests", NULL, m->tests[i].total);
	print_family(m, "latwrap_tests_stalled", "gauge", NULL,
		     "Those in which something stood still.");
	for (size_t i = 0; i < m->reports->count; i++)
		if (m->tests[i].total)
			print_count(m, i, "latwrap_tests_stalled", NULL, m->tests[i].stalled);
	print_family(m, "latwrap_tests_failed", "gauge", NULL,
		     "Those that failed, by what the machine did meanwhile.");
	for (size_t i = 0; i < m->reports->count; i++) {
		const struct tests *t = &m->tests[i];

		if (!t->total)
			continue;
		print_count(m, i, "latwrap_tests_failed", LABELS("machine", "stalled"),
			    t->failed_stalled);
		print_count(m, i, "latwrap_tests_failed", LABELS("machine", "not stalled"),
			    t->failed_clean + t->failed_waited);
		print_count(m, i, "latwrap_tests_failed", LABELS("machine", "not measured"),
			    t->failed_unmeasured);
	}
}

void openmetrics_print(const struct named_reports *reports, FILE *out)
{
	static void (*const groups[])(const struct metrics *) = {
		print_verdict,  print_run,  print_stalls, print_causes, print_all,
		print_pressure, print_also, print_gates,  print_tests,
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
