/* Prints results in the form that tmt reads from a test with "result: custom" */
#include "views/tmt/tmt.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "base/json_writer.h"
#include "catalog/words.h"
#include "views/watched_words.h"
#include "views/attempt_list.h"
#include "views/reasons.h"
#include "views/tests.h"

#define SENTENCE_CHARS 500
#define NAME_CHARS     200
#define WATCHED_MAX    10
#define ATTEMPTS_MAX   20

static const struct view_style style = {
	.escape = view_escape_terminal,
	.name_columns = 32,
	.path_columns = 100,
};

/* -- Fields ---------------------------------------------------------------------------------------- */

/* tmt reads whole seconds. */
static void put_duration(struct json_writer *json, uint64_t ns)
{
	uint64_t s = ns / NSEC_PER_SEC + (ns % NSEC_PER_SEC >= NSEC_PER_SEC / 2);
	_cleanup_free_ char *text =
		xasprintf("%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);

	json_put_text(json, "duration", text);
}

/* Python, and so tmt, reads microseconds. */
static void put_time(struct json_writer *json, const char *key, const struct report *report,
		     uint64_t offset_ns)
{
	char buf[NAMED_TIME_BYTES], *zone;

	if (!named_time(buf, report, offset_ns))
		return;
	zone = strchr(buf, '+');
	if (!zone)
		return;
	memmove(zone - 3, zone, strlen(zone) + 1);
	json_put_text(json, key, buf);
}

/* Prints a result from its name on; each result is a line. */
static void open_result(struct json_writer *json, const char *name, const char *result, bool first,
			FILE *out)
{
	fputs(first ? "  " : ",\n  ", out);
	json_writer_open(json, out, JSON_COMPACT);
	json_open_object(json, NULL);
	json_put_text(json, "name", name);
	json_put_text(json, "result", result);
}

/* -- The run --------------------------------------------------------------------------------------- */

static void put_sentence(struct json_writer *json, const char *text)
{
	_cleanup_free_ char *line = view_escape_terminal(text, SENTENCE_CHARS);

	json_put_text(json, NULL, line);
}

static void put_run_notes(struct json_writer *json, const struct report *report)
{
	_cleanup_free_ char *status = view_exit(report, &style);
	size_t attempts = attempts_worth_showing(report) ? report->attempts.count : 0, n;
	char *reasons[REASONS_MAX];

	json_open_array(json, "note");
	put_sentence(json, report->verdict.sentence);
	json_put_text(json, NULL, status);
	n = reasons_list(report, reasons);
	for (size_t i = 0; i < n; i++) {
		put_sentence(json, reasons[i]);
		free(reasons[i]);
	}
	for (size_t i = 0; i < MIN(attempts, (size_t)ATTEMPTS_MAX); i++) {
		_cleanup_free_ char *line = attempt_line(&report->attempts.list[i], &style);

		json_put_text(json, NULL, line);
	}
	for (size_t i = 0; i < MIN(report->watched.count, (size_t)WATCHED_MAX); i++) {
		_cleanup_free_ char *line = watched_line(report, &report->watched.list[i], &style);
		_cleanup_free_ char *note = xasprintf("watched cgroup: %s", line);

		json_put_text(json, NULL, note);
	}
	for (size_t i = 0; i < MIN(report->included.count, (size_t)WATCHED_MAX); i++) {
		_cleanup_free_ char *line = included_line(&report->included.list[i], &style);
		_cleanup_free_ char *note = xasprintf("part of the run: %s", line);

		json_put_text(json, NULL, note);
	}
	json_close(json);
}

static const char *run_result(const struct report *report)
{
	int status = view_exit_status(report);

	if (!report->complete || status < 0)
		return "error";
	/* With --stall-exit-code the user says that a breached gate is a failure, too. */
	return status > 0 || report->run.exit_status.value > 0 ? "fail" : "pass";
}

/* "/", or "/latwrap-2" and so on for several reports: their names are paths, which have slashes. */
static void print_run(const struct named_reports *reports, size_t i, FILE *out)
{
	const struct report *report = reports->list[i].report;
	_cleanup_free_ char *name = reports->count == 1 ? xstrdup("/")
							: xasprintf("/latwrap-%zu", i + 1);
	struct json_writer json;

	open_result(&json, name, run_result(report), i == 0, out);
	put_duration(&json, report->run.duration_ns);
	put_time(&json, "start-time", report, 0);
	put_time(&json, "end-time", report, report->run.duration_ns);
	put_run_notes(&json, report);
	json_close(&json);
}

/* -- Tests ----------------------------------------------------------------------------------------- */

static void print_test(const struct named_reports *reports, const struct test *test, FILE *out)
{
	static const char *const results[SPAN_OUTCOMES] = {
		[SPAN_PASSED] = "pass", [SPAN_FAILED] = "fail",  [SPAN_SKIPPED] = "skip",
		[SPAN_ERROR] = "error", [SPAN_UNKNOWN] = "info",
	};
	const struct report *report = test->of->report;
	const struct report_span *span = test->span;
	_cleanup_free_ char *name = view_escape_terminal(span->name, NAME_CHARS);
	_cleanup_free_ char *stalls = test_stalls(test, &style), *path = NULL;
	_cleanup_free_ char *evidence = test_evidence(test, &style);
	struct json_writer json;

	path = reports->count == 1
		       ? xasprintf("/%s", name)
		       : xasprintf("/latwrap-%zu/%s", (size_t)(test->of - reports->list) + 1, name);
	open_result(&json, path, span->outcome.text ? results[span->outcome.value] : "error", false,
		    out);
	if (span->duration_ns.known)
		put_duration(&json, span->duration_ns.value);
	if (span->start_ns.known)
		put_time(&json, "start-time", report, span->start_ns.value);
	if (span->end_ns.known)
		put_time(&json, "end-time", report, span->end_ns.value);
	if (test->failed || *stalls) {
		json_open_array(&json, "note");
		if (test->failed)
			json_put_text(&json, NULL, test_answer(test));
		if (evidence)
			json_put_text(&json, NULL, evidence);
		if (*stalls)
			json_put_text(&json, NULL, stalls);
		json_close(&json);
	}
	json_close(&json);
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
	/* In the order in which they ran, not the worst first */
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
