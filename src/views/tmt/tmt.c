/* Results in the form that tmt reads from a test with "result: custom" */
#include "views/tmt/tmt.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "views/watched_words.h"
#include "views/attempt_list.h"
#include "report/load.h"
#include "views/reasons.h"
#include "views/tests.h"
#include "report/write.h"

#define SENTENCE_CHARS 500
#define NAME_CHARS     200
#define ALSO_MAX       10
#define ATTEMPTS_MAX   20

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 32,
	.path_columns = 100,
};

/* -- Fields ---------------------------------------------------------------------------------------- */

static void print_text(const char *key, const char *text, FILE *out)
{
	fprintf(out, ", \"%s\": ", key);
	report_print_json_string(text, out);
}

/* tmt knows whole seconds. */
static void print_duration(uint64_t ns, FILE *out)
{
	uint64_t s = ns / NSEC_PER_SEC + (ns % NSEC_PER_SEC >= NSEC_PER_SEC / 2);

	fprintf(out, ", \"duration\": \"%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 "\"", s / 3600,
		s / 60 % 60, s % 60);
}

/* Python, and so tmt, knows microseconds. */
static void print_time(const char *key, const cJSON *report, uint64_t offset_ns, FILE *out)
{
	char buf[NAMED_TIME_BYTES], *zone;

	if (!named_time(buf, report, offset_ns))
		return;
	zone = strchr(buf, '+');
	if (!zone)
		return;
	memmove(zone - 3, zone, strlen(zone) + 1);
	print_text(key, buf, out);
}

struct notes {
	FILE *out;
	unsigned int n;
};

static void print_note(struct notes *notes, const char *text)
{
	fputs(notes->n++ ? ", " : ", \"note\": [", notes->out);
	report_print_json_string(text, notes->out);
}

static void finish_notes(const struct notes *notes)
{
	fputs(notes->n ? "]}" : "}", notes->out);
}

/* -- The run --------------------------------------------------------------------------------------- */

static void print_run_notes(const cJSON *report, FILE *out)
{
	struct notes notes = {.out = out};
	_cleanup_free_ char *status = view_exit(report, &style), *sentence = NULL;
	char *reasons[REASONS_MAX];
	size_t n = reasons_list(report, reasons), n_also = 0, n_attempts = 0;
	const cJSON *also, *attempt;

	sentence = view_escape_terminal(
		report_string(report, "verdict.sentence", "There is no verdict."), SENTENCE_CHARS);
	print_note(&notes, sentence);
	print_note(&notes, status);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *line = view_escape_terminal(reasons[i], SENTENCE_CHARS);

		print_note(&notes, line);
		free(reasons[i]);
	}
	cJSON_ArrayForEach(attempt, attempts_to_tell(report)) {
		_cleanup_free_ char *line = NULL;

		if (n_attempts++ == ATTEMPTS_MAX)
			break;
		line = attempt_line(attempt, &style);
		print_note(&notes, line);
	}
	cJSON_ArrayForEach(also, report_array(report, "also")) {
		_cleanup_free_ char *line = also_line(report, also, &style), *note = NULL;

		if (n_also++ == ALSO_MAX)
			break;
		note = xasprintf("watched beside the run: %s", line);
		print_note(&notes, note);
	}
	finish_notes(&notes);
}

static const char *run_result(const cJSON *report)
{
	int status = view_exit_status(report);

	if (!report_bool(report, "complete", true) || status < 0)
		return "error";
	/* By --stall-exit-code the user says whether a breached gate is a failure, too. */
	return status > 0 || report_u64(report, "run.exit_status", 0) > 0 ? "fail" : "pass";
}

/* "/", or of several reports "/latwrap-2" and so on: their names are paths, with slashes. */
static void print_run(const struct named_reports *reports, size_t i, FILE *out)
{
	const cJSON *report = reports->list[i].report;

	if (reports->count == 1)
		fputs("  {\"name\": \"/\"", out);
	else
		fprintf(out, "%s  {\"name\": \"/latwrap-%zu\"", i > 0 ? ",\n" : "", i + 1);
	fprintf(out, ", \"result\": \"%s\"", run_result(report));
	print_duration(report_u64(report, "run.duration_ns", 0), out);
	print_time("start-time", report, 0, out);
	print_time("end-time", report, report_u64(report, "run.duration_ns", 0), out);
	print_run_notes(report, out);
}

/* -- Tests ----------------------------------------------------------------------------------------- */

static const char *test_result(const char *outcome)
{
	return streq(outcome, "passed")    ? "pass"
	       : streq(outcome, "failed")  ? "fail"
	       : streq(outcome, "skipped") ? "skip"
	       : streq(outcome, "error")   ? "error"
					   : "info";
}

static void print_test(const struct named_reports *reports, const struct test *test, FILE *out)
{
	const cJSON *report = test->of->report;
	uint64_t start_ns = report_u64(test->span, "start_ns", 0);
	uint64_t end_ns = report_u64(test->span, "end_ns", 0);
	struct notes notes = {.out = out};
	_cleanup_free_ char *name = NULL, *path = NULL, *stalls = NULL;

	name = view_escape_terminal(report_string(test->span, "name", "?"), NAME_CHARS);
	path = reports->count == 1
		       ? xasprintf("/%s", name)
		       : xasprintf("/latwrap-%zu/%s", (size_t)(test->of - reports->list) + 1, name);
	fputs(",\n  {\"name\": ", out);
	report_print_json_string(path, out);
	fprintf(out, ", \"result\": \"%s\"", test_result(report_string(test->span, "outcome", "")));
	if (report_known(test->span, "duration_ns"))
		print_duration(report_u64(test->span, "duration_ns", 0), out);
	print_time("start-time", report, start_ns, out);
	if (report_known(test->span, "end_ns"))
		print_time("end-time", report, end_ns, out);

	stalls = test_stalls(test, &style);
	if (test->failed)
		print_note(&notes, test_answer(test));
	if (*stalls)
		print_note(&notes, stalls);
	finish_notes(&notes);
}

static int compare_order(const void *a, const void *b)
{
	const struct test *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

void tmt_print(const struct named_reports *reports, FILE *out)
{
	struct tests tests;

	tests_find(reports, &tests);
	/* As they ran, not the worst first. */
	if (tests.count > 0)
		qsort(tests.list, tests.count, sizeof(*tests.list), compare_order);
	fputs("[\n", out);
	for (size_t i = 0; i < reports->count; i++)
		print_run(reports, i, out);
	for (size_t i = 0; i < tests.count; i++)
		print_test(reports, &tests.list[i], out);
	fputs("\n]\n", out);
	tests_clear(&tests);
}
