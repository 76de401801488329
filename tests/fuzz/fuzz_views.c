/* Fuzzes the machine-read views: any report must give lines, cells and JSON that are whole */
#include "base/utf8.h"
#include "base/util.h"
#include "fuzz.h"
#include "compare/compare.h"
#include "compare/compare_json.h"
#include "compare/compare_words.h"
#include "views/baseline/baseline_report.h"
#include "views/rows/csv.h"
#include "views/github/github.h"
#include "views/html/html.h"
#include "report/load.h"
#include "views/markdown/markdown.h"
#include "views/markdown/markdown_room.h"
#include "views/rows/ndjson.h"
#include "views/openmetrics/openmetrics.h"
#include "views/otlp/otlp.h"
#include "views/tmt/tmt.h"
#include "views/trace/trace_events.h"

static struct named_report one;
static const struct named_reports all = {.list = &one, .count = 1};

static void print_csv(FILE *out)
{
	csv_print_header(out);
	csv_print_report(&one, out);
}

static void print_github(FILE *out)
{
	github_print(&all, out);
}

static void print_html(FILE *out)
{
	html_print(&all, out);
}

static void print_markdown(FILE *out)
{
	markdown_print(&all, out, 0);
}

static void print_ndjson(FILE *out)
{
	ndjson_print_report(&one, out);
}

static void print_openmetrics(FILE *out)
{
	openmetrics_print(&all, out);
}

static void print_baseline(FILE *out)
{
	baseline_report_print(&all, out);
}

static void print_otlp(FILE *out)
{
	otlp_print_report(&one, out);
}

static void print_tmt(FILE *out)
{
	tmt_print(&all, out);
}

static void print_trace_events(FILE *out)
{
	trace_events_print(&all, out);
}

/* With itself, as another run. */
static struct comparison with_itself(void)
{
	struct report other = *one.report;
	struct comparison comparison = {0};

	other.run.id = "other";
	if (streq(one.report->run.id, other.run.id))
		other.run.id = "another";
	compare_add(&comparison, COMPARE_BASE, one.report);
	compare_add(&comparison, COMPARE_NEW, &other);
	compare_finish(&comparison);
	must_hold(comparison.verdict != COMPARE_DIFFERENT);
	return comparison;
}

static void print_compare(FILE *out)
{
	struct comparison comparison = with_itself();

	compare_print_text(&comparison, out, false);
	compare_print_markdown(&comparison, out);
	compare_done(&comparison);
}

static void print_compare_json(FILE *out)
{
	struct comparison comparison = with_itself();

	compare_print_json(&comparison, out);
	compare_done(&comparison);
}

static bool is_json(const char *text, size_t size)
{
	_cleanup_json_ cJSON *value = cJSON_ParseWithLength(text, size);

	return value;
}

static void check_lines(const char *text, const char *prefix)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		must_hold(startswith(line, prefix));
}

static void check_json_lines(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		must_hold(is_json(line, strcspn(line, "\n")));
}

static void check(void (*print)(FILE *out))
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must_hold(out);
	print(out);
	fclose(out);
	/* No control characters in any of them, and whole lines. */
	must_hold(utf8_valid_len(text, size) == size);
	for (size_t i = 0; i < size; i++)
		must_hold((unsigned char)text[i] >= ' ' || text[i] == '\n' || text[i] == '\r');
	must_hold(!size || text[size - 1] == '\n');
	if (print == print_github)
		check_lines(text, "::");
	if (print == print_ndjson || print == print_otlp)
		check_json_lines(text);
	if (print == print_tmt || print == print_trace_events || print == print_compare_json ||
	    print == print_baseline)
		must_hold(is_json(text, size));
	if (print == print_markdown)
		must_hold(size <= MARKDOWN_BYTES_MAX);
	if (print == print_html)
		must_hold(size < HTML_BYTES_MAX && strstr(text, "</html>\n"));
	if (print == print_openmetrics)
		must_hold(size >= 6 && streq(text + size - 6, "# EOF\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const views[])(FILE *) = {
		print_csv,          print_github,      print_html,         print_markdown,
		print_ndjson,       print_openmetrics, print_otlp,         print_tmt,
		print_trace_events, print_compare,     print_compare_json, print_baseline,
	};
	_cleanup_free_ char *copy = fuzz_string(data, size);
	_cleanup_report_ struct report *report = NULL;

	if (report_parse(copy, size, "fuzz", &report) < 0)
		return 0;
	one = (struct named_report){.name = "dir/\x1b[2J.json", .report = report};
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		check(views[i]);
	return 0;
}
