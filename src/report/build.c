/* The report as JSON, from the tables and facts of a run. */
#include "report/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/util.h"
#include "catalog/losses.h"
#include "model/symbols.h"
#include "report/json.h"
#include "report/load.h"
#include "report/rows.h"
#include "report/span_rows.h"
#include "report/resource_rows.h"

/* -- The run --------------------------------------------------------------------------------------- */

static void add_command(cJSON *run, char *const *argv)
{
	_cleanup_free_ char *joined = NULL;
	size_t size = 0;

	for (char *const *word = argv; *word; word++) {
		size_t length = strlen(*word) + 1;

		joined = xrealloc(joined, size + length);
		memcpy(joined + size, *word, length);
		size += length;
	}
	json_argv(run, "command", joined, size);
}

static void add_name(cJSON *object, const char *key, const char *text)
{
	json_name(object, key, text, text ? strlen(text) : 0);
}

static void add_exit(cJSON *run, const struct exit_facts *facts)
{
	cJSON *object = json_object(run, "exit");
	_cleanup_free_ char *name = facts->ended && facts->signal ? symbol_signal(facts->signal)
								  : NULL;

	json_u64_known(object, "code", facts->code, facts->ended && !facts->signal);
	json_u64_known(object, "signal", facts->signal, facts->ended && facts->signal);
	json_text(object, "signal_name", name);
	json_bool(object, "timed_out", facts->timed_out);
	json_bool(object, "core_dumped", facts->core_dumped);
}

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_usec * NSEC_PER_USEC;
}

static void add_rusage(cJSON *run, const struct exit_facts *facts)
{
	const struct rusage *usage = &facts->rusage;
	cJSON *object;

	if (!facts->ended) {
		json_text(run, "rusage", NULL);
		return;
	}
	object = json_object(run, "rusage");
	json_u64(object, "user_ns", timeval_ns(usage->ru_utime));
	json_u64(object, "system_ns", timeval_ns(usage->ru_stime));
	json_u64(object, "max_rss_bytes", usage->ru_maxrss * UINT64_C(1024));
	json_u64(object, "minor_faults", usage->ru_minflt);
	json_u64(object, "major_faults", usage->ru_majflt);
	json_u64(object, "voluntary_switches", usage->ru_nvcsw);
	json_u64(object, "involuntary_switches", usage->ru_nivcsw);
}

static void add_leftovers(cJSON *run, const struct run_facts *facts)
{
	cJSON *object = json_object(run, "leftovers"), *array;

	json_text(object, "action", facts->leftovers_action);
	array = json_array(object, "processes");
	for (size_t i = 0; i < facts->leftover_count; i++) {
		cJSON *row = json_row(array);

		json_u64(row, "pid", facts->leftovers[i].pid);
		add_name(row, "comm", facts->leftovers[i].comm);
	}
	json_u64(object, "count", facts->leftover_count);
}

static void add_leavers(cJSON *run, const struct report_source *source)
{
	const struct model *model = source->model;
	cJSON *object = json_object(run, "left"), *array = json_array(object, "processes");

	for (size_t i = 0; i < MIN(model->leaver_count, (uint64_t)LEAVERS_MAX); i++) {
		const struct leaver *leaver = &model->leavers[i];
		cJSON *row = json_row(array);

		json_u64_known(row, "pid", leaver->pid, leaver->pid != 0);
		json_name(row, "comm", leaver->comm, strnlen(leaver->comm, COMM_BYTES));
		json_u64(row, "left_ns", rows_offset(leaver->left_ns, source->facts->start_ns));
	}
	json_u64(object, "count", model->leaver_count);
}

static void add_host(cJSON *run, const struct host_facts *host)
{
	cJSON *object = json_object(run, "host");

	add_name(object, "hostname", host->hostname);
	add_name(object, "kernel", host->kernel);
	add_name(object, "architecture", host->architecture);
	json_u64_known(object, "cpus_online", host->cpus_online, host->cpus_online != 0);
	json_u64_known(object, "cpus_allowed", host->cpus_allowed, host->cpus_allowed != 0);
	add_name(object, "cpu_model", host->cpu_model);
	json_u64_known(object, "memory_bytes", host->memory_bytes, host->memory_bytes != 0);
	add_name(object, "virtualization", host->virtualization);
}

static void add_ci(cJSON *run, const struct ci_facts *ci)
{
	cJSON *object;

	if (!ci->provider) {
		json_text(run, "ci", NULL);
		return;
	}
	object = json_object(run, "ci");
	add_name(object, "provider", ci->provider);
	add_name(object, "repository", ci->repository);
	add_name(object, "sha", ci->sha);
	add_name(object, "branch", ci->branch);
	add_name(object, "job", ci->job);
	add_name(object, "run", ci->run);
	add_name(object, "attempt", ci->attempt);
	add_name(object, "url", ci->url);
}

static void add_run(cJSON *report, const struct report_source *source)
{
	const struct run_facts *facts = source->facts;
	cJSON *run = json_object(report, "run"), *user;
	char started_at[JSON_TIME_BYTES];

	json_text(run, "id", facts->id);
	json_text(run, "started_at", json_time(started_at, &facts->started_at));
	json_u64(run, "duration_ns", rows_offset(facts->end_ns, facts->start_ns));
	add_command(run, facts->argv);
	add_name(run, "cwd", facts->cwd);
	user = json_object(run, "user");
	json_u64(user, "uid", facts->uid);
	json_u64(user, "gid", facts->gid);
	add_name(user, "name", facts->user_name);
	json_u64_known(run, "pid", facts->pid, facts->pid > 0);
	add_exit(run, &facts->exit);
	json_u64_known(run, "exit_status", source->exit_status, source->complete);
	add_name(run, "cgroup", facts->cgroup);
	add_leftovers(run, facts);
	add_leavers(run, source);
	add_rusage(run, &facts->exit);
	add_host(run, &facts->host);
	add_ci(run, &facts->ci);
}

/* -- The tracing ----------------------------------------------------------------------------------- */

static void add_loss(cJSON *tracing, const struct run_facts *facts, const struct model *model)
{
	cJSON *array = json_array(tracing, "loss");

	for (unsigned kind = 0; kind < LOSS_KINDS; kind++) {
		const struct loss_counter *counter = &facts->trace.losses[kind];
		cJSON *row;

		/* What an unseen switch ended is found out: self_check counts it. */
		if (!counter->count || kind == LOSS_SWITCH_UNSEEN)
			continue;
		row = json_row(array);
		json_text(row, "what", loss_names[kind]);
		json_u64(row, "count", counter->count);
		json_u64(row, "first_ns", rows_offset(counter->first_ns, facts->start_ns));
		json_u64(row, "last_ns", rows_offset(counter->last_ns, facts->start_ns));
	}
	for (size_t i = 0; i < facts->trace.program_count; i++) {
		const struct program_facts *program = &facts->trace.programs[i];
		_cleanup_free_ char *what = NULL;
		cJSON *row;

		if (!program->missed)
			continue;
		what = xasprintf("runs of %s that the kernel skipped", program->name);
		row = json_row(array);
		json_text(row, "what", what);
		json_u64(row, "count", program->missed);
		json_text(row, "first_ns", NULL);
		json_text(row, "last_ns", NULL);
	}
	if (model->bad_records) {
		cJSON *row = json_row(array);

		json_text(row, "what", loss_bad_records);
		json_u64(row, "count", model->bad_records);
		json_text(row, "first_ns", NULL);
		json_text(row, "last_ns", NULL);
	}
	spans_add_losses(array, model, facts);
}

/*
 * The kernel is the referee: its own sum of the time on run queues (sched_info.run_delay) beside ours. They
 * are taken by different clock reads at either end of a wait, with our own programs and whatever the
 * hypervisor does between the two: some microseconds a wait apart is agreement.
 */
#define APART_NS (5 * NSEC_PER_USEC)

static void add_self_check(cJSON *tracing, const struct trace_facts *trace,
			   const struct model *model)
{
	struct accounts accounts;
	uint64_t queue_ns, allowed_ns, apart_ns;
	cJSON *object;

	if (!trace->cpu) {
		json_text(tracing, "self_check", NULL);
		return;
	}
	model_accounts(model, &accounts);
	queue_ns = accounts.waits.total_ns - accounts.waits.delivery_ns;
	allowed_ns = accounts.run_delay_ns / 100 + accounts.waits.count * APART_NS;
	apart_ns = MAX(queue_ns, accounts.run_delay_ns) - MIN(queue_ns, accounts.run_delay_ns);
	object = json_object(tracing, "self_check");
	json_u64(object, "queue_ns", queue_ns);
	json_u64(object, "run_delay_ns", accounts.run_delay_ns);
	json_bool(object, "agrees", apart_ns <= allowed_ns);
	json_u64(object, "unseen_switches", trace->losses[LOSS_SWITCH_UNSEEN].count);
}

/* No clock moves where /proc/stat's, which they all feed, has never moved. */
static const char *steal_source(const struct run_facts *facts)
{
	if (!facts->pressure.steal_known)
		return NULL;
	return facts->trace.has_steal_clock ? "rq clock" : "/proc/stat";
}

static void add_tracing(cJSON *report, const struct run_facts *facts, const struct model *model)
{
	const struct trace_facts *trace = &facts->trace;
	cJSON *tracing = json_object(report, "tracing"), *array, *overhead;

	json_text(tracing, "status", trace_status_names[trace->status]);
	add_name(tracing, "reason", trace->reason);
	add_name(tracing, "advice", trace->advice);
	array = json_array(tracing, "programs");
	for (size_t i = 0; i < trace->program_count; i++) {
		cJSON *row = json_row(array);

		json_text(row, "name", trace->programs[i].name);
		json_bool(row, "attached", trace->programs[i].attached);
		add_name(row, "error", trace->programs[i].error);
		json_u64_known(row, "run_count", trace->programs[i].run_count,
			       trace->programs[i].run_count != 0);
		json_u64_known(row, "run_ns", trace->programs[i].run_ns,
			       trace->programs[i].run_count != 0);
	}
	add_loss(tracing, facts, model);
	array = json_array(tracing, "limits");
	for (size_t i = 0; i < trace->limit_count; i++)
		json_item(array, trace->limits[i]);
	add_self_check(tracing, trace, model);
	overhead = json_object(tracing, "overhead");
	json_u64(overhead, "load_ns", trace->load_ns);
	json_u64(overhead, "latwrap_user_ns", trace->latwrap_user_ns);
	json_u64(overhead, "latwrap_system_ns", trace->latwrap_system_ns);
	json_text(tracing, "steal_source", steal_source(facts));
}

/* -- The judgement and the sums -------------------------------------------------------------------- */

static void add_verdict(cJSON *report, const struct verdict *verdict)
{
	cJSON *object = json_object(report, "verdict"), *array;

	json_text(object, "status", verdict_status_names[verdict->status]);
	/* Both may name a path: a reason to trace nothing, or not all. */
	add_name(object, "sentence", verdict->sentence);
	array = json_array(object, "reasons");
	for (size_t i = 0; i < verdict->reason_count; i++)
		json_item(array, verdict->reasons[i]);
	array = json_array(object, "blame");
	for (size_t i = 0; i < verdict->blame_count; i++) {
		const struct blame *blame = &verdict->blame[i];
		cJSON *row = json_row(array);

		json_text(row, "who", blamed_catalog[blame->who].name);
		json_u64(row, "ns", blame->ns);
		json_u64(row, "percent", blame->percent);
		add_name(row, "sentence", blame->sentence);
		json_text(row, "advice", blame->advice);
	}
	array = json_array(object, "gates");
	for (size_t i = 0; i < verdict->outcome_count; i++) {
		const struct gate_outcome *outcome = &verdict->outcomes[i];
		cJSON *row = json_row(array);

		json_text(row, "expression", outcome->gate->expression);
		json_u64(row, "limit", outcome->gate->limit);
		json_u64_known(row, "actual", outcome->actual, outcome->result != GATE_UNMEASURED);
		json_text(row, "unit", gate_unit(outcome->gate));
		json_bool(row, "breached", outcome->result == GATE_BREACHED);
	}
}

static cJSON *add_stall_totals(cJSON *totals, const struct model *model, enum stall_kind kind)
{
	const struct stall_stats *stats = &model->stalls[kind];
	cJSON *object = json_object(totals, kind_catalog[kind].name), *by_cause;

	json_u64(object, "count", stats->durations.count);
	json_u64(object, "total_ns", stats->durations.total_ns);
	json_u64(object, "max_ns", stats->durations.max_ns);
	json_u64(object, "p50_ns", hist_fine_percentile(&stats->durations, 50));
	json_u64(object, "p90_ns", hist_fine_percentile(&stats->durations, 90));
	json_u64(object, "p99_ns", hist_fine_percentile(&stats->durations, 99));
	by_cause = json_object(object, "by_cause");
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		cJSON *row;

		if (!stats->cause_ns[cause] && !stats->cause_count[cause])
			continue;
		row = json_object(by_cause, cause_catalog[cause].name);
		json_u64(row, "count", stats->cause_count[cause]);
		json_u64(row, "total_ns", stats->cause_ns[cause]);
	}
	return object;
}

/* What nobody looked at is null, not 0. */
static void add_totals(cJSON *report, const struct model *model, const struct trace_facts *trace)
{
	cJSON *totals = json_object(report, "totals"), *object;
	struct hist_log2 histogram = {0};
	uint64_t max_ns = 0, errors = 0, count = 0, total_ns = 0;
	struct accounts accounts;

	model_accounts(model, &accounts);
	if (trace->cpu) {
		object = json_object(add_stall_totals(totals, model, STALL_CPU), "waits");
		rows_wait_stats(object, &accounts.waits);
		json_u64(object, "run_delay_ns", accounts.run_delay_ns);
		json_u64(add_stall_totals(totals, model, STALL_HICCUP), "elsewhere",
			 model->pauses_elsewhere);
	} else {
		json_text(totals, "cpu", NULL);
		json_text(totals, "hiccup", NULL);
	}
	if (!trace->io) {
		json_text(totals, "io", NULL);
		return;
	}
	if (trace->io_blocked) {
		json_text(add_stall_totals(totals, model, STALL_IO), "calls", NULL);
		return;
	}
	for (size_t i = 0; i < model->call_count; i++) {
		const struct call_totals *call = &model->calls[i].totals;

		for (unsigned bucket = 0; bucket < WAIT_BUCKETS; bucket++)
			histogram.buckets[bucket] += call->histogram[bucket];
		count += call->count;
		total_ns += call->total_ns;
		errors += call->errors;
		max_ns = MAX(max_ns, call->max_ns);
	}
	object = json_object(add_stall_totals(totals, model, STALL_IO), "calls");
	json_u64(object, "count", count);
	json_u64(object, "total_ns", total_ns);
	json_u64(object, "errors", errors);
	json_u64(object, "bytes_read", accounts.io.bytes_read);
	json_u64(object, "bytes_written", accounts.io.bytes_written);
	json_u64(object, "max_ns", max_ns);
	json_histogram(object, "histogram", &histogram);
}

static void add_dropped(cJSON *report, const struct model *model)
{
	cJSON *dropped = json_object(report, "dropped"), *stalls = json_object(dropped, "stalls");
	uint64_t unnamed_processes;
	size_t count;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		json_u64(stalls, kind_catalog[kind].name, model->stalls[kind].dropped);
	free(model_processes(model, &count));
	json_u64(dropped, "processes", model->processes_seen - count);
	json_u64(dropped, "files", model->file_count - MIN(model->file_count, model->limits.files));
	free(model_commands(model, &count, &unnamed_processes));
	json_u64(dropped, "commands", unnamed_processes);
	spans_add_dropped(dropped, model);
}

/* What is watched beside the run, each with the same parts as the run, and never in its sums. */
static void add_also(cJSON *report, const struct run_facts *facts)
{
	cJSON *array = json_array(report, "also");

	for (size_t i = 0; i < facts->also_count; i++) {
		const struct also_facts *also = &facts->also[i];
		cJSON *row = json_row(array);

		add_name(row, "name", also->name);
		add_name(row, "cgroup", also->path);
		add_totals(row, also->model, &facts->trace);
		rows_processes(row, also->model, facts->start_ns);
		rows_stalls(row, also->model, facts->start_ns);
		add_dropped(row, also->model);
	}
}

void report_note_cpu_time(cJSON *report, const struct trace_facts *trace)
{
	const cJSON *tracing = cJSON_GetObjectItemCaseSensitive(report, "tracing");
	const cJSON *overhead = cJSON_GetObjectItemCaseSensitive(tracing, "overhead");

	cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(overhead, "latwrap_user_ns"),
			     (double)trace->latwrap_user_ns);
	cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(overhead, "latwrap_system_ns"),
			     (double)trace->latwrap_system_ns);
}

cJSON *report_build(const struct report_source *source)
{
	const struct model *model = source->model;
	uint64_t start_ns = source->facts->start_ns;
	cJSON *report = cJSON_CreateObject(), *object;

	if (!report)
		abort();
	json_u64(report, "schema_version", REPORT_SCHEMA_VERSION);
	object = json_object(report, "tool");
	json_text(object, "name", "latwrap");
	json_text(object, "version", LATWRAP_VERSION);
	json_bool(report, "complete", source->complete);
	add_run(report, source);
	add_tracing(report, source->facts, model);
	object = json_object(report, "thresholds");
	json_u64(object, "cpu_ns", model->cpu_threshold_ns);
	json_u64(object, "io_ns", model->io_threshold_ns);
	json_u64(object, "hiccup_ns", model->hiccup_threshold_ns);
	add_verdict(report, source->verdict);
	spans_add_counts(report, model, source->facts);
	add_totals(report, model, &source->facts->trace);
	rows_operations(report, model);
	rows_commands(report, model);
	resource_rows_add_pressure(report, source->facts);
	resource_rows_add_timeline(report, source->facts);
	rows_processes(report, model, start_ns);
	rows_files(report, model);
	rows_spans(report, model, source->facts);
	rows_stalls(report, model, start_ns);
	add_dropped(report, model);
	add_also(report, source->facts);
	return report;
}
