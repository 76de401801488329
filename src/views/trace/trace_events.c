/* Reports as Chrome trace events, for ui.perfetto.dev, speedscope and other viewers of timelines */
#include "views/trace/trace_events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>

#include "report/load.h"
#include "views/trace/trace_lanes.h"
#include "views/trace/trace_print.h"

/* -- Who ------------------------------------------------------------------------------------------- */

static void name_process(struct trace *t, const cJSON *process)
{
	uint64_t start_ns = report_u64(process, "start_ns", 0);
	uint64_t end_ns = report_u64(process, "end_ns", t->end_ns);
	int64_t pid = report_i64(process, "pid", -1);
	const cJSON *argv = report_array(process, "argv"), *word;
	unsigned int n = 0;

	if (pid < 0)
		return;
	trace_name(t, "process_name", trace_pid(t, pid), trace_pid(t, pid),
		   report_string(process, "comm", "?"));

	trace_begin(t, 'b', "process", report_string(process, "comm", "?"), start_ns);
	trace_where(t, trace_pid(t, pid), trace_pid(t, pid));
	trace_id(t, trace_new_id(t));
	fputs(",\"args\":{\"argv\":[", t->out);
	cJSON_ArrayForEach(word, argv) {
		if (n == 100)
			break;
		fputs(n++ ? "," : "", t->out);
		report_print_json_string(report_string(word, "", "?"), t->out);
	}
	fputs("]", t->out);
	trace_fields(t, process,
		     (const char *const[]){"exe", "exit_code", "signal", "threads", "user_ns",
					   "system_ns", NULL});
	fputs("}}", t->out);

	trace_begin(t, 'e', "process", report_string(process, "comm", "?"), MAX(end_ns, start_ns));
	trace_where(t, trace_pid(t, pid), trace_pid(t, pid));
	trace_id(t, t->last_id);
	fputs("}", t->out);
}

static void name_threads(struct trace *t, const cJSON *stalls)
{
	const cJSON *stall;

	/* Again and again the same, but for a thread that changes its name: the last one counts. */
	cJSON_ArrayForEach(stall, stalls) {
		int64_t pid = report_i64(stall, "pid", -1), tid = report_i64(stall, "tid", pid);

		if (pid >= 0 && tid >= 0)
			trace_name(t, "thread_name", trace_pid(t, pid), trace_pid(t, tid),
				   report_string(stall, "comm", "?"));
	}
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static char *stall_title(const cJSON *stall)
{
	const char *kind = report_string(stall, "kind", "");
	const char *cause = report_string(stall, "cause", NULL);
	const char *operation = report_string(stall, "operation", "file operation");
	const char *path = report_string(stall, "path", NULL);
	_cleanup_free_ char *words = cause ? view_cause(cause, &trace_style) : NULL;

	if (streq(kind, "io"))
		return xasprintf("%s%s%s", operation, path ? " " : "", path ? path : "");
	return xasprintf("%s%s%s",
			 streq(kind, "cpu")      ? "waits for a CPU"
			 : streq(kind, "hiccup") ? "CPU stands still"
						 : "stall",
			 words ? ": " : "", words ? words : "");
}

static void print_because(struct trace *t, const cJSON *stall)
{
	struct view_why why;

	view_stall_why(stall, &trace_style, &why);
	fputs(",\"because\":[", t->out);
	for (size_t i = 0; i < why.n_parts; i++) {
		char *part =
			xasprintf("%.3f ms %s", (double)why.parts[i].ns / 1e6, why.parts[i].text);

		fputs(i > 0 ? "," : "", t->out);
		report_print_json_string(part, t->out);
		free(part);
	}
	fputs("]", t->out);
	view_why_clear(&why);
}

/*
 * The state of a thread, a phase that Perfetto knows since January 2026 (pull request 4228, "Add
 * thread state support to Chrome JSON trace format") and others leave out. The names are those of
 * its table thread_state, which are ps(1)'s: R runnable, D uninterruptible sleep.
 */
static void print_state(struct trace *t, const cJSON *stall, int64_t pid, int64_t tid)
{
	const char *state = streq(report_string(stall, "kind", ""), "cpu") ? "R" : "D";
	const char *cause = report_string(stall, "cause", "");

	trace_begin(t, 'T', "thread_state", state, report_u64(stall, "start_ns", 0));
	trace_duration(t, report_u64(stall, "duration_ns", 0));
	trace_where(t, pid, tid);
	fprintf(t->out, ",\"args\":{\"state\":\"%s\"", state);
	if (*state == 'D') {
		fprintf(t->out, ",\"io_wait\":%s", streq(cause, "device") ? "true" : "false");
		if (report_known(stall, "kernel_function")) {
			fputs(",\"blocked_function\":", t->out);
			report_print_json_string(report_string(stall, "kernel_function", ""),
						 t->out);
		}
	}
	fputs("}}", t->out);
}

static void print_stall(struct trace *t, const cJSON *stall)
{
	static const char *const fields[] = {
		"cause",      "shares",      "span",        "cpu",
		"command",    "reason",      "delivery_ns", "late_ns",
		"delayed",    "span_phase",  "queue_ns",    "waker",
		"path",       "path2",       "bytes",       "offset",
		"flags",      "result",      "errno",       "finished",
		"blocked_ns", "runqueue_ns", "running_ns",  "kernel_function",
		"steal_ns",   "threads_hit", NULL,
	};
	int64_t pid = report_i64(stall, "pid", -1), tid = report_i64(stall, "tid", pid);
	_cleanup_free_ char *title = stall_title(stall), *what = NULL;
	bool thread = pid >= 0 && tid >= 0;

	what = view_stall_what(stall, &trace_style);
	trace_begin(t, 'X', report_string(stall, "kind", "stall"), title,
		    report_u64(stall, "start_ns", 0));
	trace_duration(t, report_u64(stall, "duration_ns", 0));
	if (thread)
		trace_where(t, trace_pid(t, pid), trace_pid(t, tid));
	else
		trace_where(t, trace_machine(t), trace_cpu(t, report_i64(stall, "cpu", 0)));
	fputs(",\"args\":{\"what\":", t->out);
	report_print_json_string(what, t->out);
	print_because(t, stall);
	trace_fields(t, stall, fields);
	fputs("}}", t->out);
	if (thread)
		print_state(t, stall, trace_pid(t, pid), trace_pid(t, tid));
}

static void name_cpus(struct trace *t, const cJSON *stalls)
{
	const cJSON *stall;

	cJSON_ArrayForEach(stall, stalls) {
		int64_t cpu = report_i64(stall, "cpu", -1);
		char name[32];

		if (report_known(stall, "pid") || cpu < 0)
			continue;
		snprintf(name, sizeof(name), "CPU %" PRIi64, cpu);
		trace_name(t, "thread_name", trace_machine(t), trace_cpu(t, cpu), name);
	}
}

/* -- The machine ----------------------------------------------------------------------------------- */

/* One counter, with a series for each field of a sample that is known. */
static void print_counter(struct trace *t, const cJSON *sample, uint64_t at_ns, const char *name,
			  const char *const *series, double scale)
{
	const char *separator = "";

	trace_begin(t, 'C', "weather", name, at_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	fputs(",\"args\":{", t->out);
	for (; series[0]; series += 2) {
		const cJSON *value = report_get(sample, series[0]);

		if (!cJSON_IsNumber(value) || !__builtin_isfinite(value->valuedouble))
			continue;
		fprintf(t->out, "%s\"%s\":", separator, series[1]);
		trace_number(t, value->valuedouble * scale);
		separator = ",";
	}
	fputs("}}", t->out);
}

static bool has_series(const cJSON *sample, const char *const *series)
{
	for (; series[0]; series += 2)
		if (report_known(sample, series[0]))
			return true;
	return false;
}

static void print_weather(struct trace *t)
{
	static const struct {
		const char *name;
		double scale;
		bool share; /* of the time since the sample before, else of its own moment */
		const char *const series[8];
	} counters[] = {
		{"pressure (% of time)",
		 100,
		 true,
		 {"cpu_some", "cpu", "io_some", "io", "memory_some", "memory"}},
		{"CPU time (%)", 100, true, {"busy", "busy", "steal", "stolen"}},
		{"running and runnable threads", 1, false, {"run_queue", "threads"}},
		{"load average", 1, false, {"load", "load"}},
		{"available memory (MiB)",
		 1.0 / (1 << 20),
		 false,
		 {"memory_available_bytes", "MiB"}},
	};
	uint64_t before_ns = 0;
	const cJSON *sample;

	cJSON_ArrayForEach(sample, report_array(t->report, "timeline.samples")) {
		uint64_t at_ns = report_u64(sample, "at_ns", 0);

		for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
			if (has_series(sample, counters[i].series))
				/* Viewers let a value last until the next one. */
				print_counter(t, sample, counters[i].share ? before_ns : at_ns,
					      counters[i].name, counters[i].series,
					      counters[i].scale);
		before_ns = at_ns;
	}
}

static void print_loss(struct trace *t)
{
	const cJSON *loss;

	cJSON_ArrayForEach(loss, report_array(t->report, "tracing.loss")) {
		_cleanup_free_ char *title = xasprintf("lost: %" PRIu64 " x %s",
						       report_u64(loss, "count", 0),
						       report_string(loss, "what", "?"));

		trace_begin(t, 'i', "loss", title, report_u64(loss, "first_ns", 0));
		trace_where(t, trace_machine(t), trace_machine(t));
		fputs(",\"s\":\"p\"}", t->out);
	}
}

/* Of the run, or of what was watched beside the run. */
static void print_tasks(struct trace *t, const cJSON *of)
{
	const cJSON *stalls = report_array(of, "stalls"), *row;

	name_cpus(t, stalls);
	cJSON_ArrayForEach(row, report_array(of, "processes")) {
		name_process(t, row);
	}
	name_threads(t, stalls);
	cJSON_ArrayForEach(row, stalls) {
		print_stall(t, row);
	}
}

static void print_report(struct trace *t)
{
	_cleanup_free_ char *label = named_label(t->of, &trace_style);
	_cleanup_free_ char *command = view_command(t->report, &trace_style, 100), *title = NULL;
	const cJSON *also;

	title = xasprintf("latwrap: %s", t->several ? label : command);
	trace_name(t, "process_name", trace_machine(t), trace_machine(t), title);
	trace_print_spans(t);
	print_tasks(t, t->report);
	cJSON_ArrayForEach(also, report_array(t->report, "also")) {
		print_tasks(t, also);
	}
	print_weather(t);
	print_loss(t);
}

void trace_events_print(const struct named_reports *reports, FILE *out)
{
	struct trace t = {.out = out, .several = reports->count > 1};

	/* This first: viewers that read as it comes must know the unit, and some stop at "]". */
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out);
	for (size_t i = 0; i < MIN(reports->count, (size_t)TRACE_REPORTS_MAX); i++) {
		t.of = &reports->list[i];
		t.report = t.of->report;
		t.first_pid = (int64_t)i * TRACE_PIDS;
		t.end_ns = report_u64(t.report, "run.duration_ns", 0);
		print_report(&t);
	}
	fputs("\n]}\n", out);
}
