/* The formats of latwrap report: their names and printing functions */
#include "cli/views.h"

#include "base/log.h"
#include "views/baseline/baseline_report.h"
#include "views/rows/csv.h"
#include "views/fatrace/fatrace.h"
#include "views/github/github.h"
#include "views/html/html.h"
#include "views/markdown/markdown.h"
#include "views/rows/ndjson.h"
#include "views/openmetrics/openmetrics.h"
#include "views/otlp/otlp.h"
#include "views/text/text.h"
#include "views/text/text_several.h"
#include "views/tmt/tmt.h"
#include "views/trace/trace_events.h"

static void print_text(const struct named_reports *reports, const struct view_options *options,
		       FILE *out)
{
	const struct text_options text = {
		.color = options->color,
		.width = options->width,
		.max_stalls = options->max_stalls < 0 ? TEXT_STALLS_DEFAULT
						      : (unsigned int)options->max_stalls,
	};

	if (reports->count == 1)
		report_print_text(reports->list[0].report, out, &text);
	else
		report_print_text_several(reports, out, &text);
}

static void print_markdown(const struct named_reports *reports, const struct view_options *options,
			   FILE *out)
{
	markdown_print(reports, out, options->max_stalls < 0 ? 0 : (size_t)options->max_stalls);
}

static void print_trace(const struct named_reports *reports, FILE *out)
{
	if (reports->count > TRACE_REPORTS_MAX)
		log_warning("a trace has room for %d of the %zu reports: the others are missing",
			    TRACE_REPORTS_MAX, reports->count);
	trace_events_print(reports, out);
}

const struct view_format view_formats[VIEWS] = {
	[VIEW_TEXT] = {"text", "a summary for a terminal", .all_with = print_text},
	[VIEW_MARKDOWN] = {"markdown", "a CI job's summary page, at most 900 KiB",
			   .all_with = print_markdown, .uses_junit = true},
	[VIEW_HTML] = {"html", "one page with tables and a timeline, smaller than 1 MB",
		       .all = html_print},
	[VIEW_TRACE] = {"trace", "a timeline for ui.perfetto.dev and speedscope",
			.all = print_trace},
	[VIEW_GITHUB] = {"github", "annotations for GitHub Actions, at most 10 of a type",
			 .all = github_print, .uses_junit = true},
	[VIEW_CSV] = {"csv", "one stall a line, for spreadsheets", .each = csv_print_report,
		      .header = csv_print_header},
	[VIEW_NDJSON] = {"ndjson", "one stall a line, as JSON", .each = ndjson_print_report},
	[VIEW_OPENMETRICS] = {"openmetrics", "numbers, for GitLab's metrics report and Prometheus",
			      .all = openmetrics_print},
	[VIEW_OTLP] = {"otlp", "OpenTelemetry traces, as JSON lines for a collector",
		       .each_dated = otlp_print_report},
	[VIEW_FATRACE] = {"fatrace", "a log (latwrap --log), not a report, as fatrace(8) prints it",
			  .log = fatrace_print},
	[VIEW_TMT] = {"tmt", "results.json of a tmt test with 'result: custom'", .all = tmt_print},
	[VIEW_JUNIT] = {"junit", "your own JUnit file (--junit), with the stalls of each test",
			.uses_junit = true},
	[VIEW_BASELINE] = {"baseline", "what --baseline needs of reports: the tests that passed",
			   .all = baseline_report_print},
};
