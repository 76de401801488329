/* Build the report from the model and the facts of a run */
#include "report/build.h"

#include <stdlib.h>

#include "base/json_writer.h"
#include "base/util.h"
#include "catalog/causes.h"
#include "catalog/losses.h"
#include "model/off_cpu.h"
#include "model/process.h"
#include "model/symbols.h"
#include "model/table.h"
#include "report/account_rows.h"
#include "report/fill.h"
#include "report/resource_rows.h"
#include "report/rows.h"
#include "report/span_rows.h"
#include "spans/span_selection.h"

/* -- The run --------------------------------------------------------------------------------------- */

static void fill_command(struct arena *memory, char *const *argv, struct report_run *run)
{
	_cleanup_free_ char *joined = NULL;
	size_t size = 0;

	for (char *const *word = argv; *word; word++) {
		size_t length = strlen(*word) + 1;

		joined = xrealloc(joined, size + length);
		memcpy(joined + size, *word, length);
		size += length;
	}
	fill_argv(memory, joined, size, &run->command, &run->command_hex);
}

static struct report_exit fill_exit(struct arena *memory, const struct exit_facts *facts)
{
	_cleanup_free_ char *name = facts->ended && facts->signal ? symbol_signal(facts->signal)
								  : NULL;

	return (struct report_exit){
		.code = known_u64((uint64_t)facts->code, facts->ended && !facts->signal),
		.signal = known_u64((uint64_t)facts->signal, facts->ended && facts->signal),
		.signal_name = fill_text(memory, name),
		.timed_out = facts->timed_out,
		.core_dumped = facts->core_dumped,
	};
}

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_usec * NSEC_PER_USEC;
}

static struct report_rusage *fill_rusage(struct arena *memory, const struct exit_facts *facts)
{
	const struct rusage *usage = &facts->rusage;
	struct report_rusage *row;

	if (!facts->ended)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_rusage){
		.user_ns = timeval_ns(usage->ru_utime),
		.system_ns = timeval_ns(usage->ru_stime),
		.max_rss_bytes = usage->ru_maxrss * UINT64_C(1024),
		.minor_faults = usage->ru_minflt,
		.major_faults = usage->ru_majflt,
		.voluntary_switches = usage->ru_nvcsw,
		.involuntary_switches = usage->ru_nivcsw,
	};
	return row;
}

static struct report_leftovers fill_leftovers(struct arena *memory, const struct run_facts *facts)
{
	struct report_leftovers row = {
		.action = {facts->leftovers_action, 0},
		.count = facts->leftover_count,
	};

	row.processes.count = facts->leftover_count;
	row.processes.list =
		arena_alloc(memory, facts->leftover_count, sizeof(*row.processes.list));
	for (size_t i = 0; i < facts->leftover_count; i++)
		row.processes.list[i] = (struct report_leftover){
			.pid = facts->leftovers[i].pid,
			.comm = fill_text(memory, facts->leftovers[i].comm),
		};
	return row;
}

static struct report_left fill_left(struct arena *memory, const struct report_source *source)
{
	const struct model *model = source->model;
	struct report_left row = {.count = model->leaver_count};

	row.processes.count = MIN(model->leaver_count, (uint64_t)LEAVERS_MAX);
	row.processes.list = arena_alloc(memory, row.processes.count, sizeof(*row.processes.list));
	for (size_t i = 0; i < row.processes.count; i++) {
		const struct leaver *leaver = &model->leavers[i];

		row.processes.list[i] = (struct report_leaver){
			.pid = known_u64(leaver->pid, leaver->pid != 0),
			.comm = fill_comm(memory, leaver->comm),
			.left_ns = offset_ns(leaver->left_ns, source->facts->start_ns),
		};
	}
	return row;
}

static struct report_host fill_host(struct arena *memory, const struct host_facts *host)
{
	return (struct report_host){
		.hostname = fill_text(memory, host->hostname),
		.kernel = fill_text(memory, host->kernel),
		.architecture = fill_text(memory, host->architecture),
		.cpus_online = known_u64(host->cpus_online, host->cpus_online != 0),
		.cpus_allowed = known_u64(host->cpus_allowed, host->cpus_allowed != 0),
		.cpu_model = fill_text(memory, host->cpu_model),
		.memory_bytes = known_u64(host->memory_bytes, host->memory_bytes != 0),
		.virtualization = fill_text(memory, host->virtualization),
	};
}

static struct report_ci *fill_ci(struct arena *memory, const struct ci_facts *ci)
{
	struct report_ci *row;

	if (!ci->provider)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_ci){
		.provider = fill_text(memory, ci->provider),
		.repository = fill_text(memory, ci->repository),
		.sha = fill_text(memory, ci->sha),
		.branch = fill_text(memory, ci->branch),
		.job = fill_text(memory, ci->job),
		.run = fill_text(memory, ci->run),
		.attempt = fill_text(memory, ci->attempt),
		.url = fill_text(memory, ci->url),
	};
	return row;
}

static void fill_run(struct arena *memory, const struct report_source *source,
		     struct report_run *run)
{
	const struct run_facts *facts = source->facts;
	char started_at[JSON_TIME_BYTES];

	*run = (struct report_run){
		.id = fill_text(memory, facts->id),
		.started_at = fill_text(memory, json_time(started_at, &facts->started_at)),
		.duration_ns = offset_ns(facts->end_ns, facts->start_ns),
		.cwd = fill_text(memory, facts->cwd),
		.user = {facts->uid, facts->gid, fill_text(memory, facts->user_name)},
		.pid = known_u64((uint64_t)facts->pid, facts->pid > 0),
		.exit = fill_exit(memory, &facts->exit),
		.exit_status = known_u64((uint64_t)source->exit_status, source->complete),
		.cgroup = fill_text(memory, facts->cgroup),
		.leftovers = fill_leftovers(memory, facts),
		.left = fill_left(memory, source),
		.rusage = fill_rusage(memory, &facts->exit),
		.account = account_rows(memory, source->verdict->answers.run, facts),
		.host = fill_host(memory, &facts->host),
		.ci = fill_ci(memory, &facts->ci),
	};
	fill_command(memory, facts->argv, run);
}

/* -- The tracing ----------------------------------------------------------------------------------- */

static void add_loss(struct report_tracing *row, const char *what, uint64_t count)
{
	if (count)
		row->loss.list[row->loss.count++] =
			(struct report_loss){.what = what, .count = count};
}

static void fill_losses(struct arena *memory, const struct report_source *source,
			const struct span_counts *spans, struct report_tracing *row)
{
	const struct trace_facts *trace = &source->facts->trace;
	uint64_t start_ns = source->facts->start_ns;

	row->loss.list = arena_alloc(memory, LOSS_KINDS + trace->program_count + 3 + SPAN_LOSSES,
				     sizeof(*row->loss.list));
	for (unsigned kind = 0; kind < LOSS_KINDS; kind++) {
		const struct loss_counter *counter = &trace->losses[kind];
		struct report_loss *loss = &row->loss.list[row->loss.count];

		/* An unseen switch loses no time, because its end is inferred: self_check counts it. */
		if (!counter->count || kind == LOSS_SWITCH_UNSEEN)
			continue;
		add_loss(row, loss_names[kind], counter->count);
		loss->first_ns = known_u64(offset_ns(counter->first_ns, start_ns), true);
		loss->last_ns = known_u64(offset_ns(counter->last_ns, start_ns), true);
	}
	for (size_t i = 0; i < trace->program_count; i++) {
		const struct program_facts *program = &trace->programs[i];
		_cleanup_free_ char *what =
			xasprintf("runs of %s that the kernel skipped", program->name);

		add_loss(row, fill_text(memory, what), program->missed);
	}
	add_loss(row, loss_bad_records, source->model->bad_records);
	add_loss(row, loss_device_uses_cut, source->model->device_uses_cut);
	add_loss(row, loss_off_cpu_memory, off_cpu_refused(source->model->off_cpu));
	for (enum span_loss loss = 0; loss < SPAN_LOSSES; loss++)
		add_loss(row, span_loss_names[loss], spans->losses[loss]);
}

/*
 * Compares our sum of queue time with the kernel's own (sched_info.run_delay). The kernel reads its clock a little
 * earlier or later than our programs do, and the hypervisor may run in between: a difference of some microseconds for
 * each wait is agreement.
 */
#define APART_NS (5 * NSEC_PER_USEC)

static struct report_self_check *fill_self_check(struct arena *memory,
						 const struct trace_facts *trace,
						 const struct model *model)
{
	struct thread_sums sums;
	uint64_t queue_ns, allowed_ns, apart_ns;
	struct report_self_check *row;

	if (!trace->cpu)
		return NULL;
	model_sums(model, &sums);
	queue_ns = sums.waits.total_ns - sums.waits.delivery_ns;
	allowed_ns = sums.run_delay_ns / 100 + sums.waits.count * APART_NS;
	apart_ns = MAX(queue_ns, sums.run_delay_ns) - MIN(queue_ns, sums.run_delay_ns);
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_self_check){
		.queue_ns = queue_ns,
		.run_delay_ns = sums.run_delay_ns,
		.agrees = apart_ns <= allowed_ns,
		.unseen_switches = trace->losses[LOSS_SWITCH_UNSEEN].count,
	};
	return row;
}

/* All steal clocks feed that of /proc/stat: if it has never moved, there is no steal clock. */
static struct word steal_source(const struct run_facts *facts)
{
	if (!facts->pressure.steal_known)
		return (struct word){NULL, -1};
	return facts->trace.has_steal_clock ? (struct word){"rq clock", 0}
					    : (struct word){"/proc/stat", 1};
}

static void fill_programs(struct arena *memory, const struct trace_facts *trace,
			  struct report_tracing *row)
{
	row->programs.count = trace->program_count;
	row->programs.list = arena_alloc(memory, trace->program_count, sizeof(*row->programs.list));
	for (size_t i = 0; i < trace->program_count; i++) {
		const struct program_facts *program = &trace->programs[i];

		row->programs.list[i] = (struct report_program){
			.name = fill_text(memory, program->name),
			.attached = program->attached,
			.error = fill_text(memory, program->error),
			.run_count = known_u64(program->run_count, program->run_count != 0),
			.run_ns = known_u64(program->run_ns, program->run_count != 0),
		};
	}
}

static struct texts fill_texts(struct arena *memory, char *const *list, size_t count)
{
	struct texts texts = {arena_alloc(memory, count, sizeof(*texts.list)), count};

	for (size_t i = 0; i < count; i++)
		texts.list[i] = fill_text(memory, list[i]);
	return texts;
}

/* Unknown: the run did not step down. */
static struct optional_u64 stepped_down_ns(const struct run_facts *facts)
{
	uint64_t time_ns = facts->trace.overhead.stepped_down_ns;

	return known_u64(time_ns - facts->start_ns, time_ns > 0);
}

static struct report_tracing_cost *fill_tracing_cost(struct arena *memory,
						     const struct run_facts *facts)
{
	const struct overhead_facts *from = &facts->trace.overhead;
	struct report_tracing_cost *row;

	if (!from->limit_ppm)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_tracing_cost){
		.limit_ppm = from->limit_ppm,
		.share_ppm = known_u64(overhead_ppm(from), from->busy_ns > 0),
		.sampled_ns = from->sampled_ns,
		.cpu_ns = from->busy_ns,
		.programs_ns = from->programs_ns,
		.calls = from->calls,
		.calls_ns = overhead_calls_ns(from),
		.stepped_down_ns = stepped_down_ns(facts),
		.stepped_down_ppm = known_u64(from->then_ppm, from->stepped_down_ns > 0),
	};
	return row;
}

static void fill_tracing(struct arena *memory, const struct report_source *source,
			 const struct span_counts *spans, struct report_tracing *row)
{
	const struct trace_facts *trace = &source->facts->trace;

	*row = (struct report_tracing){
		.status = word_of(trace_status_names, trace->status),
		.reason = fill_text(memory, trace->reason),
		.advice = fill_text(memory, trace->advice),
		.limits = fill_texts(memory, trace->limits, trace->limit_count),
		.self_check = fill_self_check(memory, trace, source->model),
		.overhead = {trace->load_ns, trace->latwrap_user_ns, trace->latwrap_system_ns,
			     fill_tracing_cost(memory, source->facts)},
		.steal_source = steal_source(source->facts),
	};
	fill_programs(memory, trace, row);
	fill_losses(memory, source, spans, row);
}

/* -- The judgement and the sums -------------------------------------------------------------------- */

static void fill_blame(struct arena *memory, const struct verdict *verdict,
		       struct report_verdict *row)
{
	row->blame.count = verdict->blame_count;
	row->blame.list = arena_alloc(memory, verdict->blame_count, sizeof(*row->blame.list));
	for (size_t i = 0; i < verdict->blame_count; i++) {
		const struct blame *blame = &verdict->blame[i];

		row->blame.list[i] = (struct report_blame){
			.who = {blamed_catalog[blame->who].name, (int)blame->who},
			.ns = blame->ns,
			.percent = blame->percent,
			.sentence = fill_text(memory, blame->sentence),
			.advice = blame->advice,
		};
	}
}

static void fill_gates(struct arena *memory, const struct verdict *verdict,
		       struct report_verdict *row)
{
	row->gates.count = verdict->outcome_count;
	row->gates.list = arena_alloc(memory, verdict->outcome_count, sizeof(*row->gates.list));
	for (size_t i = 0; i < verdict->outcome_count; i++) {
		const struct gate_outcome *outcome = &verdict->outcomes[i];
		const char *unit = gate_unit(outcome->gate);

		row->gates.list[i] = (struct report_gate){
			.expression = fill_text(memory, outcome->gate->expression),
			.limit = outcome->gate->limit,
			.actual = known_u64(outcome->actual, outcome->result != GATE_UNMEASURED),
			.unit = {unit, streq(unit, "ns")      ? 0
				       : streq(unit, "count") ? 1
							      : 2},
			.breached = outcome->result == GATE_BREACHED,
		};
	}
}

static struct report_cost *fill_cost(struct arena *memory, const struct answers *answers)
{
	_cleanup_free_ char *sentence = answers_cost(answers);
	struct report_cost *row;

	if (!answers->run)
		return NULL;
	row = arena_alloc(memory, 1, sizeof(*row));
	*row = (struct report_cost){
		.duration_ns = answers->run->until_ns - answers->run->from_ns,
		.lost_ns = account_side_ns(answers->run, SIDE_LOST),
		.crowded_ns = account_side_ns(answers->run, SIDE_CROWDED),
		.sentence = fill_text(memory, sentence),
	};
	return row;
}

/* A sentence may name a path, and so hold hostile bytes: fill_text() makes them safe. */
static void fill_verdict(struct arena *memory, const struct report_source *source,
			 const struct span_counts *spans, struct report_verdict *row)
{
	const struct verdict *verdict = source->verdict;

	*row = (struct report_verdict){
		.status = word_of(verdict_status_names, verdict->status),
		.sentence = fill_text(memory, verdict->sentence),
		.reasons = fill_texts(memory, verdict->reasons, verdict->reason_count),
		.tests = span_rows_counts(spans, &verdict->answers),
		.cost = fill_cost(memory, &verdict->answers),
		.answer = {answer_catalog[verdict->answers.of_run].name,
			   (int)verdict->answers.of_run},
		.evidence = fill_text(memory, verdict->answers.run_evidence),
	};
	fill_blame(memory, verdict, row);
	fill_gates(memory, verdict, row);
}

static struct report_stall_sum *fill_stall_sum(struct arena *memory, const struct model *model,
					       enum stall_kind kind)
{
	const struct stall_stats *stats = &model->stalls[kind];
	struct report_stall_sum *row = arena_alloc(memory, 1, sizeof(*row));

	*row = (struct report_stall_sum){
		.count = stats->durations.count,
		.total_ns = stats->durations.total_ns,
		.max_ns = known_u64(stats->durations.max_ns, true),
		.p50_ns = known_u64(hist_fine_percentile(&stats->durations, 50), true),
		.p90_ns = known_u64(hist_fine_percentile(&stats->durations, 90), true),
		.p99_ns = known_u64(hist_fine_percentile(&stats->durations, 99), true),
	};
	row->by_cause.list = arena_alloc(memory, CAUSES, sizeof(*row->by_cause.list));
	for (enum cause cause = 0; cause < CAUSES; cause++)
		if (stats->cause_ns[cause] || stats->cause_count[cause])
			row->by_cause.list[row->by_cause.count++] = (struct report_cause_sum){
				cause_catalog[cause].name, stats->cause_count[cause],
				stats->cause_ns[cause]};
	return row;
}

static struct report_operations *fill_operations(struct arena *memory, const struct model *model,
						 const struct thread_sums *sums)
{
	struct report_operations *row = arena_alloc(memory, 1, sizeof(*row));
	struct hist_log2 histogram = {0};

	row->bytes_read = sums->io.bytes_read;
	row->bytes_written = sums->io.bytes_written;
	for (size_t i = 0; i < model->call_count; i++) {
		const struct call_totals *call = &model->calls[i].totals;

		for (unsigned bucket = 0; bucket < WAIT_BUCKETS; bucket++)
			histogram.buckets[bucket] += call->histogram[bucket];
		row->count += call->count;
		row->total_ns += call->total_ns;
		row->errors += call->errors;
		row->max_ns = MAX(row->max_ns, call->max_ns);
	}
	row->histogram.list = fill_histogram(memory, &histogram, &row->histogram.count);
	return row;
}

/* A kind that was not measured is null, not 0. */
static struct report_totals fill_totals(struct arena *memory, const struct model *model,
					const struct run_facts *facts)
{
	const struct trace_facts *trace = &facts->trace;
	struct report_totals totals = {0};
	struct thread_sums sums;

	model_sums(model, &sums);
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		if (trace_measures(trace, kind))
			totals.of[kind] = fill_stall_sum(memory, model, kind);
	if (totals.of[STALL_CPU])
		totals.of[STALL_CPU]->waits = rows_waits(memory, &sums);
	if (totals.of[STALL_IO] && !trace->io_blocked) {
		totals.of[STALL_IO]->operations = fill_operations(memory, model, &sums);
		totals.of[STALL_IO]->operations->until_ns = stepped_down_ns(facts);
	}
	if (totals.of[STALL_HICCUP])
		totals.of[STALL_HICCUP]->elsewhere = model->hiccups_elsewhere;
	return totals;
}

static struct report_dropped fill_dropped(const struct model *model)
{
	struct report_dropped dropped = {.spans = span_rows_dropped(model)};
	size_t count;

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		dropped.stalls.of[kind] = model->stalls[kind].dropped;
	free(model_processes(model, &count));
	dropped.processes = model->processes_seen - count;
	dropped.files = model->file_count - MIN(model->file_count, model->limits.files);
	free(model_commands(model, &count, &dropped.commands));
	return dropped;
}

/* Watched cgroups have the same parts as the run, and are never in its sums. */
static void fill_watched(struct arena *memory, const struct run_facts *facts, struct report *report)
{
	report->watched.count = facts->watched_count;
	report->watched.list =
		arena_alloc(memory, facts->watched_count, sizeof(*report->watched.list));
	for (size_t i = 0; i < facts->watched_count; i++) {
		const struct watched_facts *watched = &facts->watched[i];
		struct report_watched *row = &report->watched.list[i];

		*row = (struct report_watched){
			.name = fill_text(memory, watched->name),
			.cgroup = fill_text(memory, watched->path),
			.totals = fill_totals(memory, watched->model, facts),
			.dropped = fill_dropped(watched->model),
		};
		row->processes.list = rows_processes(memory, watched->model, facts->start_ns,
						     &row->processes.count);
		row->stalls.list =
			rows_stalls(memory, watched->model, facts->start_ns, &row->stalls.count);
	}
}

static void fill_included(struct arena *memory, const struct report_source *source,
			  struct report *report)
{
	const struct run_facts *facts = source->facts;

	if (!facts->include_count)
		return;
	report->included.count = facts->include_count;
	report->included.list =
		arena_alloc(memory, facts->include_count, sizeof(*report->included.list));
	for (size_t i = 0; i < facts->include_count; i++) {
		const struct included *included = &source->model->included[i];

		report->included.list[i] = (struct report_included){
			.pattern = fill_text(memory, facts->includes[i]),
			.count = known_u64(included->count, facts->trace.status != TRACE_NONE),
			.cgroups = fill_texts(memory, included->paths,
					      MIN(included->count, (uint64_t)INCLUDED_PATHS_MAX)),
		};
	}
}

static void fill_lists(struct arena *memory, const struct report_source *source,
		       struct report *report)
{
	const struct model *model = source->model;
	uint64_t start_ns = source->facts->start_ns;

	report->operations.list = rows_operations(memory, model, &report->operations.count);
	report->commands.list = rows_commands(memory, model, &report->commands.count);
	report->processes.list = rows_processes(memory, model, start_ns, &report->processes.count);
	report->files.list = rows_files(memory, model, &report->files.count);
	report->spans.list = rows_spans(memory, &source->verdict->answers, &report->spans.count);
	report->stalls.list = rows_stalls(memory, model, start_ns, &report->stalls.count);
}

struct report *report_build(const struct report_source *source)
{
	struct report *report = xcalloc(1, sizeof(*report));
	const struct model *model = source->model;
	struct arena *memory = &report->memory;
	struct span_counts spans;

	model_span_counts(model, &spans);
	report->schema_version = REPORT_SCHEMA_VERSION;
	report->tool = (struct report_tool){"latwrap", LATWRAP_VERSION};
	report->complete = source->complete;
	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++)
		report->thresholds.ns[kind] = known_u64(model_threshold_ns(model, kind), true);
	fill_run(memory, source, &report->run);
	fill_tracing(memory, source, &spans, &report->tracing);
	fill_verdict(memory, source, &spans, &report->verdict);
	report->totals = fill_totals(memory, model, source->facts);
	report->pressure = resource_rows_pressure(memory, source->facts);
	report->timeline = resource_rows_timeline(memory, source->facts);
	fill_lists(memory, source, report);
	report->dropped = fill_dropped(model);
	fill_watched(memory, source->facts, report);
	fill_included(memory, source, report);
	return report;
}
