/* The catalog of fields: name, type, nullability and place in the views of each field of a report's rows */
#include "catalog/fields.h"

#include "catalog/answers.h"
#include "catalog/blame.h"
#include "catalog/causes.h"
#include "catalog/parts.h"
#include "catalog/shake.h"
#include "catalog/words.h"

/* -- Words ----------------------------------------------------------------------------------------- */

#define NAMES(array)                                                            \
	{                                                                       \
		array, sizeof(array) / sizeof((array)[0]), sizeof(const char *) \
	}
#define CATALOG(array)                                                                   \
	{                                                                                \
		&(array)[0].name, sizeof(array) / sizeof((array)[0]), sizeof((array)[0]) \
	}

static const char *const actions[] = {"leave", "kill", "wait"};
static const char *const steal_sources[] = {"rq clock", "/proc/stat"};
static const char *const units[] = {"ns", "count", "ppm"};
static const char *const controllers[] = {"v1", "v2"};
static const char *const pressure_sources[] = {"cgroup", "system"};

static const struct words action_words = NAMES(actions), steal_source_words = NAMES(steal_sources),
			  unit_words = NAMES(units), controller_words = NAMES(controllers),
			  pressure_source_words = NAMES(pressure_sources),
			  verdict_words = NAMES(verdict_status_names),
			  trace_words = NAMES(trace_status_names),
			  where_words = NAMES(culprit_where_names),
			  held_words = NAMES(culprit_held_names),
			  outcome_words = NAMES(span_outcome_names),
			  answer_words = CATALOG(answer_catalog),
			  part_words = CATALOG(part_catalog),
			  reason_words = NAMES(wait_reason_names),
			  request_words = NAMES(request_way_names),
			  policy_words = NAMES(policy_names), kind_words = CATALOG(kind_catalog),
			  cause_words = CATALOG(cause_catalog),
			  blamed_words = CATALOG(blamed_catalog),
			  shake_status_words = NAMES(shake_status_names),
			  disturbance_words_of = NAMES(disturbance_names);

/* -- Tables ---------------------------------------------------------------------------------------- */

#define TYPE_OF(member) \
	_Generic(((struct ROW *)NULL)->member,           \
		uint64_t: FIELD_U64,                     \
		struct optional_u64: FIELD_OPTIONAL_U64, \
		struct optional_i64: FIELD_OPTIONAL_I64, \
		bool: FIELD_BOOL,                        \
		struct optional_bool: FIELD_OPTIONAL_BOOL, \
		double: FIELD_NUMBER,                    \
		const char *: FIELD_TEXT,                \
		struct texts: FIELD_TEXTS,               \
		struct word: FIELD_WORD)
#define NAMED(key, member, ...)                                                                 \
	{                                                                                       \
		.name = (key), .type = TYPE_OF(member), .offset = offsetof(struct ROW, member), \
		__VA_ARGS__                                                                     \
	}
#define VALUE(member, ...) NAMED(#member, member, __VA_ARGS__)
#define BELOW(key, what, member, ...)                                                              \
	{                                                                                          \
		.name = (key), .type = (what), .offset = offsetof(struct ROW, member), __VA_ARGS__ \
	}
#define OBJECT(member, table, ...) BELOW(#member, FIELD_OBJECT, member, .of = &(table), __VA_ARGS__)
#define POINTER(member, table, ...) \
	BELOW(#member, FIELD_POINTER, member, .of = &(table), __VA_ARGS__)
#define LIST(member, table, ...) BELOW(#member, FIELD_ROWS, member, .of = &(table), __VA_ARGS__)
#define BUCKETS(member)          BELOW(#member, FIELD_BUCKETS, member, .of = &bucket_fields)

#define TABLE(name, row)                      \
	const struct fields name##_fields = { \
		name##_list, sizeof(name##_list) / sizeof(name##_list[0]), sizeof(struct row)}

#define ROW report_bucket
static const struct field bucket_list[] = {
	VALUE(lower_ns),
	VALUE(count),
};
static TABLE(bucket, report_bucket);
#undef ROW

/* -- Accounts -------------------------------------------------------------------------------------- */

#define ROW report_account_thread
static const struct field account_thread_list[] = {
	VALUE(pid),
	VALUE(tid),
	VALUE(comm),
	VALUE(outside),
};
static TABLE(account_thread, report_account_thread);
#undef ROW

#define ROW report_account_share
static const struct field account_share_list[] = {
	VALUE(part, .words = &part_words, .flags = FIELD_OPEN),
	VALUE(ns),
	POINTER(who, account_thread_fields),
	POINTER(culprit, account_thread_fields),
	VALUE(culprit_ns),
	VALUE(culprit_realtime),
	POINTER(waker, account_thread_fields),
	VALUE(call, .flags = FIELD_NULL),
};
static TABLE(account_share, report_account_share);
#undef ROW

#define ROW report_account_step
static const struct field account_step_list[] = {
	VALUE(start_ns),
	VALUE(duration_ns),
	VALUE(part, .words = &part_words, .flags = FIELD_OPEN),
	POINTER(who, account_thread_fields),
	VALUE(depth),
};
static TABLE(account_step, report_account_step);
#undef ROW

#define ROW report_account
static const struct field account_list[] = {
#define PART(symbol, name, ...) NAMED(name "_ns", ns[PART_##symbol]),
#include "catalog/parts.def"
#undef PART
	VALUE(own_sleep_ns),
	VALUE(floor_ns),
	VALUE(cut),
	VALUE(gauge_ns, .flags = FIELD_NULL | FIELD_ABSENT, .max = UINT64_C(1000000000000)),
	LIST(shares, account_share_fields),
	LIST(path, account_step_fields),
};
static TABLE(account, report_account);
#undef ROW

/* -- The run --------------------------------------------------------------------------------------- */

#define ROW report_tool
static const struct field tool_list[] = {
	VALUE(name),
	VALUE(version),
};
static TABLE(tool, report_tool);
#undef ROW

#define ROW report_user
static const struct field user_list[] = {
	VALUE(uid),
	VALUE(gid),
	VALUE(name, .flags = FIELD_NULL),
};
static TABLE(user, report_user);
#undef ROW

#define ROW report_exit
static const struct field exit_list[] = {
	VALUE(code, .max = 255), VALUE(signal),      VALUE(signal_name, .flags = FIELD_NULL),
	VALUE(timed_out),        VALUE(core_dumped),
};
static TABLE(exit, report_exit);
#undef ROW

#define ROW report_leftover
static const struct field leftover_list[] = {
	VALUE(pid),
	VALUE(comm, .flags = FIELD_NULL),
};
static TABLE(leftover, report_leftover);
#undef ROW

#define ROW report_leftovers
static const struct field leftovers_list[] = {
	VALUE(action, .words = &action_words),
	LIST(processes, leftover_fields),
	VALUE(count),
};
static TABLE(leftovers, report_leftovers);
#undef ROW

#define ROW report_leaver
static const struct field leaver_list[] = {
	VALUE(pid),
	VALUE(comm, .flags = FIELD_NULL),
	VALUE(left_ns),
};
static TABLE(leaver, report_leaver);
#undef ROW

#define ROW report_left
static const struct field left_list[] = {
	LIST(processes, leaver_fields),
	VALUE(count),
};
static TABLE(left, report_left);
#undef ROW

#define ROW report_rusage
static const struct field rusage_list[] = {
	VALUE(user_ns),
	VALUE(system_ns),
	VALUE(max_rss_bytes),
	VALUE(minor_faults),
	VALUE(major_faults),
	VALUE(voluntary_switches),
	VALUE(involuntary_switches),
};
static TABLE(rusage, report_rusage);
#undef ROW

#define ROW report_host
static const struct field host_list[] = {
	VALUE(hostname, .flags = FIELD_NULL),
	VALUE(kernel, .flags = FIELD_NULL),
	VALUE(architecture, .flags = FIELD_NULL),
	VALUE(cpus_online),
	VALUE(cpus_allowed),
	VALUE(cpu_model, .flags = FIELD_NULL),
	VALUE(memory_bytes),
	VALUE(virtualization, .flags = FIELD_NULL),
};
static TABLE(host, report_host);
#undef ROW

#define ROW report_ci
static const struct field ci_list[] = {
	VALUE(provider, .flags = FIELD_NULL), VALUE(repository, .flags = FIELD_NULL),
	VALUE(sha, .flags = FIELD_NULL),      VALUE(branch, .flags = FIELD_NULL),
	VALUE(job, .flags = FIELD_NULL),      VALUE(run, .flags = FIELD_NULL),
	VALUE(attempt, .flags = FIELD_NULL),  VALUE(url, .flags = FIELD_NULL),
};
static TABLE(ci, report_ci);
#undef ROW

#define ROW report_run
static const struct field run_list[] = {
	VALUE(id),
	VALUE(started_at),
	VALUE(duration_ns),
	VALUE(command),
	VALUE(command_hex, .flags = FIELD_NULL),
	VALUE(cwd, .flags = FIELD_NULL),
	OBJECT(user, user_fields),
	VALUE(pid),
	OBJECT(exit, exit_fields),
	VALUE(exit_status, .max = 255),
	VALUE(cgroup, .flags = FIELD_NULL),
	OBJECT(leftovers, leftovers_fields),
	OBJECT(left, left_fields),
	POINTER(rusage, rusage_fields),
	POINTER(account, account_fields),
	OBJECT(host, host_fields),
	POINTER(ci, ci_fields),
};
static TABLE(run, report_run);
#undef ROW

/* -- The measurement ------------------------------------------------------------------------------- */

#define ROW report_program
static const struct field program_list[] = {
	VALUE(name),      VALUE(attached), VALUE(error, .flags = FIELD_NULL),
	VALUE(run_count), VALUE(run_ns),
};
static TABLE(program, report_program);
#undef ROW

#define ROW report_loss
static const struct field loss_list[] = {
	VALUE(what),
	VALUE(count),
	VALUE(first_ns),
	VALUE(last_ns),
};
static TABLE(loss, report_loss);
#undef ROW

#define ROW report_self_check
static const struct field self_check_list[] = {
	VALUE(queue_ns),
	VALUE(run_delay_ns),
	VALUE(agrees),
	VALUE(unseen_switches),
};
static TABLE(self_check, report_self_check);
#undef ROW

#define ROW report_tracing_cost
static const struct field tracing_cost_list[] = {
	VALUE(limit_ppm, .max = 1000000),
	VALUE(share_ppm),
	VALUE(sampled_ns),
	VALUE(cpu_ns),
	VALUE(programs_ns),
	VALUE(calls),
	VALUE(calls_ns),
	VALUE(stepped_down_ns),
	VALUE(stepped_down_ppm),
};
static TABLE(tracing_cost, report_tracing_cost);
#undef ROW

#define ROW report_overhead
static const struct field overhead_list[] = {
	VALUE(load_ns),
	VALUE(latwrap_user_ns),
	VALUE(latwrap_system_ns),
	POINTER(cost, tracing_cost_fields, .flags = FIELD_ABSENT),
};
static TABLE(overhead, report_overhead);
#undef ROW

#define ROW report_tracing
static const struct field tracing_list[] = {
	VALUE(status, .words = &trace_words),
	VALUE(reason, .flags = FIELD_NULL),
	VALUE(advice, .flags = FIELD_NULL),
	LIST(programs, program_fields),
	LIST(loss, loss_fields),
	VALUE(limits),
	POINTER(self_check, self_check_fields),
	OBJECT(overhead, overhead_fields),
	VALUE(steal_source, .words = &steal_source_words, .flags = FIELD_NULL),
};
static TABLE(tracing, report_tracing);
#undef ROW

#define ROW report_thresholds
static const struct field threshold_list[] = {
	NAMED("cpu_ns", ns[STALL_CPU]),
	NAMED("io_ns", ns[STALL_IO]),
	NAMED("hiccup_ns", ns[STALL_HICCUP]),
};
static TABLE(threshold, report_thresholds);
#undef ROW

/* -- The verdict ----------------------------------------------------------------------------------- */

#define ROW report_blame
static const struct field blame_list[] = {
	VALUE(who, .words = &blamed_words), VALUE(ns), VALUE(percent, .max = 100), VALUE(sentence),
	VALUE(advice, .flags = FIELD_NULL),
};
static TABLE(blame, report_blame);
#undef ROW

#define ROW report_gate
static const struct field gate_list[] = {
	VALUE(expression), VALUE(limit), VALUE(actual), VALUE(unit, .words = &unit_words),
	VALUE(breached),
};
static TABLE(gate, report_gate);
#undef ROW

#define ROW report_test_counts
static const struct field test_count_list[] = {
	VALUE(count),
	VALUE(passed),
	VALUE(failed),
	VALUE(skipped),
	VALUE(error),
	VALUE(unknown),
	NAMED("unmeasured", answered[ANSWER_UNMEASURED]),
	NAMED("interrupted", answered[ANSWER_INTERRUPTED]),
	NAMED("machine", answered[ANSWER_MACHINE]),
	NAMED("crowded", answered[ANSWER_CROWDED]),
	NAMED("waited", answered[ANSWER_WAITED]),
	NAMED("code", answered[ANSWER_CODE]),
};
static TABLE(test_count, report_test_counts);
#undef ROW

#define ROW report_cost
static const struct field cost_list[] = {
	VALUE(duration_ns),
	VALUE(lost_ns),
	VALUE(crowded_ns),
	VALUE(sentence),
};
static TABLE(cost, report_cost);
#undef ROW

#define ROW report_verdict
static const struct field verdict_list[] = {
	VALUE(status, .words = &verdict_words),
	VALUE(sentence),
	VALUE(reasons),
	LIST(blame, blame_fields),
	LIST(gates, gate_fields),
	OBJECT(tests, test_count_fields),
	POINTER(cost, cost_fields),
	VALUE(answer, .words = &answer_words, .flags = FIELD_NULL),
	VALUE(evidence, .flags = FIELD_NULL),
};
static TABLE(verdict, report_verdict);
#undef ROW

/* -- Sums ------------------------------------------------------------------------------------------ */

#define ROW report_cause_sum
static const struct field cause_sum_list[] = {
	VALUE(cause),
	VALUE(count),
	VALUE(total_ns),
};
static TABLE(cause_sum, report_cause_sum);
#undef ROW

#define ROW report_waits
static const struct field command_waits_list[] = {
	VALUE(count),    VALUE(total_ns), VALUE(delivery_ns),
	VALUE(queue_ns), VALUE(max_ns),   BUCKETS(histogram),
};
static TABLE(command_waits, report_waits);
#undef ROW

#define ROW report_waits
static const struct field waits_list[] = {
	VALUE(count),  VALUE(total_ns),    VALUE(delivery_ns),  VALUE(queue_ns),
	VALUE(max_ns), BUCKETS(histogram), VALUE(run_delay_ns),
};
static TABLE(waits, report_waits);
#undef ROW

#define ROW report_operations
static const struct field operation_sum_list[] = {
	VALUE(count),
	VALUE(total_ns),
	VALUE(errors),
	VALUE(bytes_read),
	VALUE(bytes_written),
	VALUE(max_ns),
	VALUE(until_ns, .flags = FIELD_NULL | FIELD_ABSENT),
	BUCKETS(histogram),
};
static TABLE(operation_sum, report_operations);
#undef ROW

#define ROW report_operations
static const struct field process_operations_list[] = {
	VALUE(count),      VALUE(total_ns),      VALUE(max_ns),
	VALUE(bytes_read), VALUE(bytes_written), VALUE(errors),
};
static TABLE(process_operations, report_operations);
#undef ROW

#define OF_ANY_KIND                                                                                \
	VALUE(count), VALUE(total_ns), VALUE(max_ns), VALUE(p50_ns), VALUE(p90_ns), VALUE(p99_ns), \
		BELOW("by_cause", FIELD_MAP, by_cause, .of = &cause_sum_fields)

#define ROW report_stall_sum
static const struct field cpu_sum_list[] = {
	OF_ANY_KIND,
	OBJECT(waits, waits_fields),
};
static TABLE(cpu_sum, report_stall_sum);
#undef ROW

#define ROW report_stall_sum
static const struct field io_sum_list[] = {
	OF_ANY_KIND,
	POINTER(operations, operation_sum_fields),
};
static TABLE(io_sum, report_stall_sum);
#undef ROW

#define ROW report_stall_sum
static const struct field hiccup_sum_list[] = {
	OF_ANY_KIND,
	VALUE(elsewhere),
};
static TABLE(hiccup_sum, report_stall_sum);
#undef ROW

#define ROW report_totals
static const struct field totals_list[] = {
	BELOW("cpu", FIELD_POINTER, of[STALL_CPU], .of = &cpu_sum_fields),
	BELOW("hiccup", FIELD_POINTER, of[STALL_HICCUP], .of = &hiccup_sum_fields),
	BELOW("io", FIELD_POINTER, of[STALL_IO], .of = &io_sum_fields),
};
static TABLE(totals, report_totals);
#undef ROW

#define ROW report_dropped_stalls
static const struct field dropped_stall_list[] = {
	NAMED("cpu", of[STALL_CPU]),
	NAMED("io", of[STALL_IO]),
	NAMED("hiccup", of[STALL_HICCUP]),
};
static TABLE(dropped_stall, report_dropped_stalls);
#undef ROW

#define ROW report_dropped
static const struct field dropped_list[] = {
	OBJECT(stalls, dropped_stall_fields),
	VALUE(processes),
	VALUE(files),
	VALUE(commands),
	VALUE(spans),
};
static TABLE(dropped, report_dropped);
#undef ROW

#define ROW report_operation
static const struct field operation_list[] = {
	VALUE(operation), VALUE(count), VALUE(total_ns), VALUE(max_ns), VALUE(errors), VALUE(bytes),
};
static TABLE(operation, report_operation);
#undef ROW

#define ROW report_command
static const struct field command_list[] = {
	VALUE(comm),
	VALUE(processes),
	OBJECT(waits, command_waits_fields),
};
static TABLE(command, report_command);
#undef ROW

/* -- The machine ----------------------------------------------------------------------------------- */

#define ROW report_pressure_pair
static const struct field pressure_pair_list[] = {
	VALUE(some_ns),
	VALUE(full_ns),
};
static TABLE(pressure_pair, report_pressure_pair);
#undef ROW

#define ROW report_throttling
static const struct field throttling_list[] = {
	VALUE(cgroup),
	VALUE(controller, .words = &controller_words),
	VALUE(quota_share, .flags = FIELD_NULL),
	VALUE(periods),
	VALUE(throttled_periods),
	VALUE(throttled_ns),
};
static TABLE(throttling, report_throttling);
#undef ROW

#define ROW report_memory_limit
static const struct field memory_limit_list[] = {
	VALUE(cgroup),      VALUE(controller, .words = &controller_words),
	VALUE(limit_bytes), VALUE(max_events),
	VALUE(oom_kills),
};
static TABLE(memory_limit, report_memory_limit);
#undef ROW

#define ROW report_pressure
static const struct field pressure_list[] = {
	POINTER(cpu, pressure_pair_fields),
	POINTER(io, pressure_pair_fields),
	POINTER(memory, pressure_pair_fields),
	VALUE(source, .words = &pressure_source_words, .flags = FIELD_NULL),
	VALUE(steal_ns),
	LIST(throttling, throttling_fields),
	LIST(memory_limits, memory_limit_fields),
};
static TABLE(pressure, report_pressure);
#undef ROW

#define ROW report_sample
static const struct field sample_list[] = {
	VALUE(at_ns),
	VALUE(cpu_some, .flags = FIELD_NULL, .max = 1),
	VALUE(io_some, .flags = FIELD_NULL, .max = 1),
	VALUE(memory_some, .flags = FIELD_NULL, .max = 1),
	VALUE(steal, .flags = FIELD_NULL, .max = 1),
	VALUE(busy, .flags = FIELD_NULL, .max = 1),
	VALUE(run_queue, .flags = FIELD_NULL),
	VALUE(load, .flags = FIELD_NULL),
	VALUE(slowness, .flags = FIELD_NULL | FIELD_ABSENT, .max = 1000000),
	VALUE(memory_available_bytes),
};
static TABLE(sample, report_sample);
#undef ROW

#define ROW report_timeline
static const struct field timeline_list[] = {
	VALUE(interval_ns),
	VALUE(gauge_ns, .flags = FIELD_NULL | FIELD_ABSENT, .max = UINT64_C(1000000000000)),
	LIST(samples, sample_fields),
};
static TABLE(timeline, report_timeline);
#undef ROW

/* -- Processes and files --------------------------------------------------------------------------- */

#define ROW report_process
static const struct field process_list[] = {
	VALUE(pid),
	VALUE(host_pid),
	VALUE(ppid),
	VALUE(comm, .flags = FIELD_NULL),
	VALUE(comm_hex, .flags = FIELD_NULL),
	VALUE(exe, .flags = FIELD_NULL | FIELD_TRACE),
	VALUE(exe_hex, .flags = FIELD_NULL),
	VALUE(argv, .flags = FIELD_NULL),
	VALUE(argv_hex, .flags = FIELD_NULL),
	VALUE(argv_truncated),
	VALUE(start_ns),
	VALUE(end_ns),
	VALUE(left_ns),
	VALUE(exit_code, .max = 255, .flags = FIELD_TRACE),
	VALUE(signal, .flags = FIELD_TRACE),
	VALUE(threads, .flags = FIELD_TRACE),
	VALUE(stalls),
	OBJECT(cpu, waits_fields),
	OBJECT(io, process_operations_fields),
	VALUE(reclaim_ns),
	VALUE(compaction_ns),
	VALUE(swap_ns),
	VALUE(user_ns, .flags = FIELD_TRACE),
	VALUE(system_ns, .flags = FIELD_TRACE),
};
TABLE(process, report_process);
#undef ROW

#define ROW report_file
static const struct field file_list[] = {
	VALUE(path, .flags = FIELD_NULL),
	VALUE(path_hex, .flags = FIELD_NULL),
	VALUE(path_deleted),
	VALUE(opens),
	VALUE(reads),
	VALUE(writes),
	VALUE(syncs),
	VALUE(bytes_read),
	VALUE(bytes_written),
	VALUE(errors),
	VALUE(total_ns),
	VALUE(max_ns),
};
static TABLE(file, report_file);
#undef ROW

/* -- Spans ----------------------------------------------------------------------------------------- */

#define ROW report_phase
static const struct field phase_list[] = {
	VALUE(name),
	VALUE(start_ns),
};
static TABLE(phase, report_phase);
#undef ROW

#define ROW report_span_culprit
static const struct field span_culprit_list[] = {
	VALUE(pid),
	VALUE(comm),
	VALUE(where, .words = &where_words),
	VALUE(ns),
};
static TABLE(span_culprit, report_span_culprit);
#undef ROW

#define ROW report_span_counts
static const struct field span_count_list[] = {
	NAMED("cpu", of[STALL_CPU]),
	NAMED("io", of[STALL_IO]),
	NAMED("hiccup", of[STALL_HICCUP]),
};
static TABLE(span_count, report_span_counts);
#undef ROW

#define ROW report_span_sum
static const struct field span_sum_list[] = {
	VALUE(total_ns),
	VALUE(max_ns),
};
static TABLE(span_sum, report_span_sum);
#undef ROW

#define ROW report_span_sums
static const struct field span_sums_list[] = {
	BELOW("cpu", FIELD_OBJECT, of[STALL_CPU], .of = &span_sum_fields),
	BELOW("io", FIELD_OBJECT, of[STALL_IO], .of = &span_sum_fields),
	BELOW("hiccup", FIELD_OBJECT, of[STALL_HICCUP], .of = &span_sum_fields),
};
static TABLE(span_sums, report_span_sums);
#undef ROW

#define ROW report_span
static const struct field span_list[] = {
	VALUE(id),
	VALUE(parent),
	VALUE(name),
	VALUE(name_hex, .flags = FIELD_NULL),
	VALUE(runner, .flags = FIELD_NULL),
	VALUE(file, .flags = FIELD_NULL | FIELD_TRACE),
	VALUE(line, .flags = FIELD_TRACE),
	VALUE(attempt),
	VALUE(outcome, .words = &outcome_words, .flags = FIELD_NULL | FIELD_TRACE),
	VALUE(start_ns),
	VALUE(end_ns),
	VALUE(duration_ns),
	VALUE(worker, .flags = FIELD_NULL | FIELD_TRACE),
	VALUE(pid),
	LIST(phases, phase_fields),
	VALUE(answer, .words = &answer_words, .flags = FIELD_NULL),
	OBJECT(stalls, span_count_fields, .flags = FIELD_TRACE),
	OBJECT(stalls_by_kind, span_sums_fields),
	VALUE(evidence, .flags = FIELD_NULL | FIELD_TRACE),
	VALUE(lost_ns, .flags = FIELD_TRACE),
	VALUE(crowded_ns, .flags = FIELD_TRACE),
	VALUE(stalled_ns, .flags = FIELD_TRACE),
	VALUE(max_stall_ns, .flags = FIELD_TRACE),
	VALUE(stalled_share, .flags = FIELD_NULL, .max = 1),
	VALUE(cause, .words = &cause_words, .flags = FIELD_NULL | FIELD_OPEN | FIELD_TRACE),
	POINTER(culprit, span_culprit_fields, .flags = FIELD_TRACE),
	POINTER(account, account_fields),
	VALUE(cpu_time_ns, .flags = FIELD_TRACE),
};
TABLE(span, report_span);
#undef ROW

/* -- Stalls ---------------------------------------------------------------------------------------- */

#define CPU    .kinds = 1u << STALL_CPU
#define IO     .kinds = 1u << STALL_IO
#define CPU_IO .kinds = 1u << STALL_CPU | 1u << STALL_IO
#define HICCUP .kinds = 1u << STALL_HICCUP

#define ROW report_share
static const struct field share_list[] = {
	VALUE(cause),
	VALUE(ns),
};
static TABLE(share, report_share);
#undef ROW

#define ROW report_waker
static const struct field waker_list[] = {
	VALUE(pid, .column = 28),
	VALUE(comm, .flags = FIELD_NULL, .column = 29),
	VALUE(interrupt, .column = 30),
};
TABLE(waker, report_waker);
#undef ROW

#define ROW report_culprit
static const struct field culprit_list[] = {
	VALUE(pid, .column = 14, .attribute = "latwrap.culprit.pid"),
	VALUE(comm, .flags = FIELD_NULL, .column = 15, .attribute = "latwrap.culprit.name"),
	VALUE(prio),
	VALUE(policy, .words = &policy_words, .flags = FIELD_NULL, .column = 17),
	VALUE(where, .words = &where_words, .column = 16, .attribute = "latwrap.culprit.where"),
	VALUE(held, .words = &held_words, .column = 54, .attribute = "latwrap.culprit.held"),
	VALUE(cgroup, .flags = FIELD_NULL, .column = 18, .attribute = "latwrap.culprit.cgroup"),
	VALUE(ns, .column = 19, .attribute = "latwrap.culprit.ns"),
	VALUE(bytes_read, .column = 51, .attribute = "latwrap.culprit.bytes_read"),
	VALUE(bytes_written, .column = 52, .attribute = "latwrap.culprit.bytes_written"),
};
TABLE(culprit, report_culprit);
#undef ROW

#define ROW report_delayed
static const struct field delayed_list[] = {
	VALUE(pid), VALUE(tid), VALUE(comm), VALUE(late_ns), VALUE(steps),
};
static TABLE(delayed, report_delayed);
#undef ROW

#define ROW report_stall
static const struct field stall_list[] = {
	VALUE(kind, .words = &kind_words, .flags = FIELD_OPEN, .column = 1,
	      .attribute = "latwrap.stall.kind"),
	VALUE(start_ns, .column = 2),
	VALUE(duration_ns, .column = 3),
	VALUE(pid, .column = 8, .attribute = "process.pid"),
	VALUE(tid, .column = 9, .attribute = "thread.id"),
	VALUE(comm, .flags = FIELD_NULL, .column = 10, .attribute = "thread.name"),
	VALUE(comm_hex, .flags = FIELD_NULL),
	VALUE(exe, .flags = FIELD_NULL, .column = 11, .heading = "program",
	      .attribute = "process.executable.path"),
	VALUE(command, .flags = FIELD_NULL | FIELD_TRACE, .column = 12, .heading = "command",
	      .attribute = "process.command_line"),
	VALUE(cpu, .flags = FIELD_TRACE, .column = 13, .heading = "CPU",
	      .attribute = "cpu.logical_number"),
	VALUE(span, .flags = FIELD_NULL | FIELD_TRACE, .column = 4),
	VALUE(span_id, .column = 5),
	VALUE(span_phase, .flags = FIELD_NULL | FIELD_TRACE, .column = 6, .heading = "test part"),
	VALUE(cause, .words = &cause_words, .flags = FIELD_NULL | FIELD_OPEN | FIELD_TRACE,
	      .column = 7, .attribute = "latwrap.cause"),
	BELOW("shares", FIELD_NUMBERS, shares, .of = &share_fields,
	      .flags = FIELD_NULL | FIELD_TRACE, .column = 20, .attribute = "latwrap.share"),
	VALUE(finished, .flags = FIELD_TRACE, .column = 42),
	VALUE(reason, .words = &reason_words, .flags = FIELD_NULL | FIELD_TRACE, .column = 21,
	      .attribute = "latwrap.wait.reason", CPU),
	VALUE(delivery_ns, .flags = FIELD_TRACE, CPU, .column = 22),
	VALUE(queue_ns, .flags = FIELD_TRACE, CPU, .column = 24),
	VALUE(prio, CPU, .column = 26),
	VALUE(policy, .words = &policy_words, .flags = FIELD_NULL, .column = 27, CPU),
	POINTER(waker, waker_fields, .flags = FIELD_TRACE, CPU),
	LIST(culprits, culprit_fields, .flags = FIELD_NULL, CPU_IO),
	VALUE(culprits_dropped_ns, .flags = FIELD_TRACE, CPU_IO, .column = 49,
	      .heading = "behind processes that are not listed",
	      .words_behind = "of it behind processes that are not listed"),
	VALUE(late_ns, .flags = FIELD_TRACE, CPU, .column = 23, .heading = "its timer was late"),
	VALUE(operation, .flags = FIELD_NULL, IO, .column = 31,
	      .attribute = "latwrap.file.operation"),
	VALUE(request, .words = &request_words, .flags = FIELD_NULL | FIELD_OPEN | FIELD_TRACE,
	      .column = 50, .heading = "request", IO),
	VALUE(path, .flags = FIELD_NULL | FIELD_TRACE, IO, .column = 32, .heading = "file",
	      .attribute = "file.path"),
	VALUE(path_hex, .flags = FIELD_NULL, IO),
	VALUE(path_deleted, IO, .column = 33),
	VALUE(path2, .flags = FIELD_NULL | FIELD_TRACE, IO, .column = 34, .heading = "to"),
	VALUE(fd, IO, .column = 35),
	VALUE(bytes, .flags = FIELD_TRACE, IO, .column = 36, .heading = "bytes",
	      .attribute = "latwrap.file.bytes"),
	VALUE(offset, .flags = FIELD_TRACE, IO, .column = 37),
	VALUE(flags, .flags = FIELD_NULL | FIELD_TRACE, IO, .column = 38, .heading = "flags"),
	VALUE(mode, .flags = FIELD_NULL, IO, .column = 39),
	VALUE(result, .flags = FIELD_TRACE, IO, .column = 40),
	NAMED("errno", errno_name, .flags = FIELD_NULL | FIELD_TRACE, IO, .column = 41,
	      .attribute = "latwrap.file.errno"),
	VALUE(blocked_ns, .flags = FIELD_TRACE, IO, .column = 43),
	VALUE(runqueue_ns, .flags = FIELD_TRACE, IO, .column = 44),
	VALUE(running_ns, .flags = FIELD_TRACE, IO, .column = 45),
	VALUE(kernel_function, .flags = FIELD_NULL | FIELD_TRACE, IO, .column = 46,
	      .heading = "kernel function", .attribute = "latwrap.kernel_function"),
	VALUE(device, .flags = FIELD_NULL | FIELD_TRACE, IO, .column = 53, .heading = "device",
	      .attribute = "latwrap.device"),
	VALUE(steal_ns, .flags = FIELD_TRACE, HICCUP, .column = 47),
	VALUE(threads_hit, .flags = FIELD_TRACE, HICCUP, .column = 48),
	LIST(delayed, delayed_fields, .flags = FIELD_TRACE),
	VALUE(delayed_count, .column = 25),
};
TABLE(stall, report_stall);
#undef ROW

/* -- The whole report ------------------------------------------------------------------------------ */

#define ROW report_watched
static const struct field watched_list[] = {
	VALUE(name, .flags = FIELD_NULL), VALUE(cgroup, .flags = FIELD_NULL),
	OBJECT(totals, totals_fields),    LIST(processes, process_fields),
	LIST(stalls, stall_fields),       OBJECT(dropped, dropped_fields),
};
static TABLE(watched, report_watched);
#undef ROW

#define ROW report_included
static const struct field included_list[] = {
	VALUE(pattern),
	VALUE(count),
	VALUE(cgroups),
};
static TABLE(included, report_included);
#undef ROW

#define ROW report_attempt_sum
static const struct field attempt_sum_list[] = {
	VALUE(count),
	VALUE(total_ns),
	VALUE(max_ns),
};
static TABLE(attempt_sum, report_attempt_sum);
#undef ROW

#define ROW report_attempt_sums
static const struct field attempt_sums_list[] = {
	BELOW("cpu", FIELD_POINTER, of[STALL_CPU], .of = &attempt_sum_fields),
	BELOW("io", FIELD_POINTER, of[STALL_IO], .of = &attempt_sum_fields),
	BELOW("hiccup", FIELD_POINTER, of[STALL_HICCUP], .of = &attempt_sum_fields),
};
static TABLE(attempt_sums, report_attempt_sums);
#undef ROW

#define ROW report_attempt
static const struct field attempt_list[] = {
	VALUE(number),
	VALUE(run_id),
	VALUE(started_at),
	VALUE(duration_ns),
	OBJECT(exit, exit_fields),
	VALUE(exit_status, .max = 255),
	VALUE(verdict, .words = &verdict_words),
	OBJECT(stalls, attempt_sums_fields),
	LIST(gates, gate_fields),
	OBJECT(tests, test_count_fields),
	VALUE(spoiled),
	VALUE(retried),
	VALUE(reason),
	POINTER(report, report_fields),
};
static TABLE(attempt, report_attempt);
#undef ROW

#define ROW report
static const struct field report_list[] = {
	VALUE(schema_version),
	OBJECT(tool, tool_fields),
	VALUE(complete),
	OBJECT(run, run_fields),
	OBJECT(tracing, tracing_fields),
	OBJECT(thresholds, threshold_fields),
	OBJECT(verdict, verdict_fields),
	OBJECT(totals, totals_fields),
	LIST(operations, operation_fields),
	LIST(commands, command_fields),
	OBJECT(pressure, pressure_fields),
	OBJECT(timeline, timeline_fields),
	LIST(processes, process_fields),
	LIST(files, file_fields),
	LIST(spans, span_fields),
	LIST(stalls, stall_fields),
	OBJECT(dropped, dropped_fields),
	LIST(watched, watched_fields),
	LIST(included, included_fields, .flags = FIELD_ABSENT),
	LIST(attempts, attempt_fields, .flags = FIELD_ABSENT),
};
TABLE(report, report);
#undef ROW

/* -- What latwrap shake found ---------------------------------------------------------------------- */

#define ROW shake_runs
static const struct field shake_runs_list[] = {
	VALUE(count),
	VALUE(failed),
};
static TABLE(shake_runs, shake_runs);
#undef ROW

#define ROW shake_length
static const struct field shake_length_list[] = {
	VALUE(ns),
	VALUE(runs),
	VALUE(failed),
};
static TABLE(shake_length, shake_length);
#undef ROW

#define ROW shake_test
static const struct field shake_test_list[] = {
	VALUE(name, .flags = FIELD_NULL),
	VALUE(file, .flags = FIELD_NULL),
	VALUE(runner, .flags = FIELD_NULL),
	VALUE(status, .words = &shake_status_words),
	OBJECT(undisturbed, shake_runs_fields),
	OBJECT(disturbed, shake_runs_fields),
	VALUE(spoiled),
	VALUE(missed),
	VALUE(offset_ns),
	POINTER(bears, shake_length_fields),
	POINTER(fails, shake_length_fields),
	LIST(lengths, shake_length_fields),
};
static TABLE(shake_test, shake_test);
#undef ROW

#define ROW shake_disturbance
static const struct field shake_disturbance_list[] = {
	VALUE(run),
	VALUE(test),
	VALUE(start_ns),
	VALUE(asked_ns),
	VALUE(done_ns),
	VALUE(hit),
	VALUE(answer, .words = &answer_words, .flags = FIELD_NULL | FIELD_ABSENT),
};
static TABLE(shake_disturbance, shake_disturbance);
#undef ROW

#define ROW shake
static const struct field shake_list[] = {
	VALUE(shake_version),
	OBJECT(tool, tool_fields),
	VALUE(complete),
	VALUE(started_at),
	VALUE(duration_ns),
	VALUE(command),
	VALUE(seed),
	VALUE(disturbance, .words = &disturbance_words_of, .flags = FIELD_OPEN),
	VALUE(replayed, .flags = FIELD_NULL),
	VALUE(longest_ns),
	VALUE(tries),
	OBJECT(undisturbed, shake_runs_fields),
	OBJECT(disturbed, shake_runs_fields),
	VALUE(notes),
	LIST(tests, shake_test_fields),
	LIST(disturbances, shake_disturbance_fields),
	VALUE(disturbances_dropped),
};
TABLE(shake, shake);
#undef ROW

/* -- Columns --------------------------------------------------------------------------------------- */

#define ROW report
static const struct field run_column_list[] = {
	NAMED("run_id", run.id),
	NAMED("run_started_at", run.started_at),
	NAMED("run_duration_ns", run.duration_ns),
	NAMED("run_exit_status", run.exit_status),
	NAMED("run_complete", complete),
	NAMED("run_verdict", verdict.status),
	NAMED("host_name", run.host.hostname),
	NAMED("host_kernel", run.host.kernel),
	NAMED("host_cpu_model", run.host.cpu_model),
	NAMED("host_cpus_allowed", run.host.cpus_allowed),
	NAMED("host_virtualization", run.host.virtualization),
};
TABLE(run_column, report);
#undef ROW

#define ROW report_ci
static const struct field ci_column_list[] = {
	NAMED("ci_provider", provider), NAMED("ci_repository", repository),
	NAMED("ci_sha", sha),           NAMED("ci_branch", branch),
	NAMED("ci_job", job),           NAMED("ci_run", run),
	NAMED("ci_attempt", attempt),   NAMED("ci_url", url),
};
TABLE(ci_column, report_ci);
#undef ROW
