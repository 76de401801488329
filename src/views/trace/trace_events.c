/* Prints reports as Chrome trace events, for ui.perfetto.dev, speedscope and other viewers */
#include "views/trace/trace_events.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "catalog/causes.h"
#include "views/trace/trace_lanes.h"
#include "views/trace/trace_print.h"

#define ARGUMENTS_MAX 100

/* -- Who ------------------------------------------------------------------------------------------- */

static void name_process(struct trace *t, const struct report_process *process)
{
	const char *comm = process->comm ? process->comm : "?";
	uint64_t start_ns = process->start_ns.value;
	uint64_t end_ns = process->end_ns.known ? process->end_ns.value : t->end_ns;
	int64_t pid = trace_pid(t, (int64_t)process->pid.value);

	if (!process->pid.known)
		return;
	trace_name(t, "process_name", pid, pid, comm);

	trace_begin(t, 'b', "process", comm, start_ns);
	trace_where(t, pid, pid);
	trace_id(t, trace_new_id(t));
	json_open_object(&t->json, "args");
	json_open_array(&t->json, "argv");
	for (size_t i = 0; i < MIN(process->argv.count, (size_t)ARGUMENTS_MAX); i++)
		json_put_text(&t->json, NULL, process->argv.list[i]);
	json_close(&t->json);
	trace_fields(t, &process_fields, process);
	trace_end(t);

	trace_begin(t, 'e', "process", comm, MAX(end_ns, start_ns));
	trace_where(t, pid, pid);
	trace_id(t, t->last_id);
	trace_end(t);
}

/* Finds the thread of a stall; returns false if it has none. */
static bool thread_of(const struct report_stall *stall, int64_t *ret_pid, int64_t *ret_tid)
{
	*ret_pid = (int64_t)stall->pid.value;
	*ret_tid = stall->tid.known ? (int64_t)stall->tid.value : *ret_pid;
	return stall->pid.known;
}

static void name_threads(struct trace *t, const struct report_stall *stalls, size_t count)
{
	int64_t pid, tid;

	/*
	 * Writes the same name again and again; if a thread changes its name, viewers use the last
	 * one.
	 */
	for (size_t i = 0; i < count; i++)
		if (thread_of(&stalls[i], &pid, &tid))
			trace_name(t, "thread_name", trace_pid(t, pid), trace_pid(t, tid),
				   stalls[i].comm ? stalls[i].comm : "?");
}

/* -- Stalls ---------------------------------------------------------------------------------------- */

static char *stall_title(const struct report_stall *stall)
{
	_cleanup_free_ char *words = stall->cause.text ? view_cause(stall->cause.text, &trace_style)
						       : NULL;
	const char *title = stall->kind.value >= 0 ? kind_catalog[stall->kind.value].title
						   : "stall";

	if (!title)
		return xasprintf("%s%s%s", stall->operation ? stall->operation : "file operation",
				 stall->path ? " " : "", stall->path ? stall->path : "");
	return xasprintf("%s%s%s", title, words ? ": " : "", words ? words : "");
}

static void print_because(struct trace *t, const struct report_stall *stall)
{
	struct view_why why;

	view_stall_why(stall, &trace_style, &why);
	json_open_array(&t->json, "because");
	for (size_t i = 0; i < why.n_parts; i++) {
		_cleanup_free_ char *part =
			xasprintf("%.3f ms %s", (double)why.parts[i].ns / 1e6, why.parts[i].text);

		json_put_text(&t->json, NULL, part);
	}
	json_close(&t->json);
	view_why_clear(&why);
}

/*
 * Prints the state of a thread: a phase that Perfetto supports since January 2026 (pull request
 * 4228, "Add thread state support to Chrome JSON trace format"); other viewers ignore it. The names
 * are those of its table thread_state, as in ps(1): R runnable, D uninterruptible sleep.
 */
static void print_state(struct trace *t, const struct report_stall *stall, int64_t pid, int64_t tid)
{
	const char *state = stall->kind.value == STALL_CPU ? "R" : "D";

	trace_begin(t, 'T', "thread_state", state, stall->start_ns);
	trace_duration(t, stall->duration_ns);
	trace_where(t, pid, tid);
	json_open_object(&t->json, "args");
	json_put_text(&t->json, "state", state);
	if (*state == 'D') {
		json_put_bool(&t->json, "io_wait", stall->cause.value == CAUSE_DEVICE);
		if (stall->kernel_function)
			json_put_text(&t->json, "blocked_function", stall->kernel_function);
	}
	trace_end(t);
}

static void print_stall(struct trace *t, const struct report_stall *stall)
{
	_cleanup_free_ char *title = stall_title(stall);
	_cleanup_free_ char *what = view_stall_what(stall, &trace_style);
	int64_t pid, tid;
	bool thread = thread_of(stall, &pid, &tid);

	trace_begin(t, 'X', stall->kind.text, title, stall->start_ns);
	trace_duration(t, stall->duration_ns);
	if (thread)
		trace_where(t, trace_pid(t, pid), trace_pid(t, tid));
	else
		trace_where(t, trace_machine(t), trace_cpu(t, (int64_t)stall->cpu.value));
	json_open_object(&t->json, "args");
	json_put_text(&t->json, "what", what);
	print_because(t, stall);
	trace_fields(t, &stall_fields, stall);
	trace_end(t);
	if (thread)
		print_state(t, stall, trace_pid(t, pid), trace_pid(t, tid));
}

static void name_cpus(struct trace *t, const struct report_stall *stalls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t cpu = (int64_t)stalls[i].cpu.value;
		char name[32];

		if (stalls[i].pid.known || !stalls[i].cpu.known)
			continue;
		snprintf(name, sizeof(name), "CPU %" PRIi64, cpu);
		trace_name(t, "thread_name", trace_machine(t), trace_cpu(t, cpu), name);
	}
}

/* -- The machine ----------------------------------------------------------------------------------- */

#define SERIES_MAX 3

/* A counter with one series for each known value of a sample */
struct counter {
	const char *name;
	double scale;
	bool is_share; /* over the time since the previous sample; false: at one moment */
	struct {
		const char *name;
		double value; /* NAN: unknown */
	} series[SERIES_MAX];
};

static bool has_series(const struct counter *counter)
{
	for (size_t i = 0; i < SERIES_MAX; i++)
		if (counter->series[i].name && !isnan(counter->series[i].value))
			return true;
	return false;
}

static void print_counter(struct trace *t, const struct counter *counter, uint64_t at_ns)
{
	trace_begin(t, 'C', "resources", counter->name, at_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	json_open_object(&t->json, "args");
	for (size_t i = 0; i < SERIES_MAX; i++)
		if (counter->series[i].name && !isnan(counter->series[i].value))
			json_put_number(&t->json, counter->series[i].name,
					counter->series[i].value * counter->scale);
	trace_end(t);
}

static void print_sample(struct trace *t, const struct report_sample *sample, uint64_t before_ns)
{
	const struct optional_u64 *memory = &sample->memory_available_bytes;
	const struct counter counters[] = {
		{"pressure (% of time)",
		 100,
		 true,
		 {{"cpu", sample->cpu_some},
		  {"io", sample->io_some},
		  {"memory", sample->memory_some}}},
		{"CPU time (%)", 100, true, {{"busy", sample->busy}, {"stolen", sample->steal}}},
		{"running and runnable threads", 1, false, {{"threads", sample->run_queue}}},
		{"load average", 1, false, {{"load", sample->load}}},
		{"slowness of the CPUs", 1, true, {{"times", sample->slowness}}},
		{"available memory (MiB)",
		 1.0 / (1 << 20),
		 false,
		 {{"MiB", memory->known ? (double)memory->value : NAN}}},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (has_series(&counters[i]))
			/* Viewers keep a value until the next one. */
			print_counter(t, &counters[i],
				      counters[i].is_share ? before_ns : sample->at_ns);
}

static void print_samples(struct trace *t)
{
	uint64_t before_ns = 0;

	for (size_t i = 0; i < t->report->timeline.samples.count; i++) {
		const struct report_sample *sample = &t->report->timeline.samples.list[i];

		print_sample(t, sample, before_ns);
		before_ns = sample->at_ns;
	}
}

static void print_loss(struct trace *t)
{
	for (size_t i = 0; i < t->report->tracing.loss.count; i++) {
		const struct report_loss *loss = &t->report->tracing.loss.list[i];
		_cleanup_free_ char *title =
			xasprintf("lost: %" PRIu64 " x %s", loss->count, loss->what);

		trace_begin(t, 'i', "loss", title, loss->first_ns.value);
		trace_where(t, trace_machine(t), trace_machine(t));
		json_put_text(&t->json, "s", "p");
		trace_end(t);
	}
}

/* Prints the tasks of the run or of a watched cgroup. */
static void print_tasks(struct trace *t, const struct report_process *processes,
			size_t process_count, const struct report_stall *stalls, size_t stall_count)
{
	name_cpus(t, stalls, stall_count);
	for (size_t i = 0; i < process_count; i++)
		name_process(t, &processes[i]);
	name_threads(t, stalls, stall_count);
	for (size_t i = 0; i < stall_count; i++)
		print_stall(t, &stalls[i]);
}

static void print_report(struct trace *t)
{
	const struct report *report = t->report;
	_cleanup_free_ char *label = named_label(t->of, &trace_style);
	_cleanup_free_ char *command = view_command(report, &trace_style, 100), *title = NULL;

	title = xasprintf("latwrap: %s", t->several ? label : command);
	trace_name(t, "process_name", trace_machine(t), trace_machine(t), title);
	trace_print_spans(t);
	print_tasks(t, report->processes.list, report->processes.count, report->stalls.list,
		    report->stalls.count);
	for (size_t i = 0; i < report->watched.count; i++) {
		const struct report_watched *watched = &report->watched.list[i];

		print_tasks(t, watched->processes.list, watched->processes.count,
			    watched->stalls.list, watched->stalls.count);
	}
	print_samples(t);
	print_loss(t);
}

void trace_events_print(const struct named_reports *reports, FILE *out)
{
	struct trace t = {.out = out, .several = reports->count > 1};

	/* Print the unit first: viewers that parse while reading need it, and some stop at "]". */
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out);
	for (size_t i = 0; i < MIN(reports->count, (size_t)TRACE_REPORTS_MAX); i++) {
		t.of = &reports->list[i];
		t.report = t.of->report;
		t.first_pid = (int64_t)i * TRACE_PIDS;
		t.end_ns = t.report->run.duration_ns;
		print_report(&t);
	}
	fputs("\n]}\n", out);
}
