/* The struct of a report: all its rows, as views read them */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "catalog/answers.h"
#include "catalog/kinds.h"
#include "catalog/parts.h"
#include "catalog/words.h"

/*
 * report/build.c fills the struct from a run, report/load.c from a file; report/write.c writes it. The tables in
 * catalog/fields.c, which have a line for each member, drive load, write and the views. An unknown value is null in JSON; here
 * it is one of the following:
 */

/* If not known, value is 0. */
struct optional_u64 {
	uint64_t value;
	bool known;
};
struct optional_i64 {
	int64_t value;
	bool known;
};
struct optional_bool {
	bool value, known;
};

/* A word of an enumeration. text NULL: unknown. value: the index in the field's words (catalog/words.h); -1: not in them. */
struct word {
	const char *text;
	int value;
};

/* list NULL: unknown. In a hexadecimal sibling (command_hex) a text may be NULL, too. */
struct texts {
	const char **list;
	size_t count;
};

/* list NULL: unknown, for lists that may be unknown. */
#define ROWS(row)                 \
	struct {                  \
		struct row *list; \
		size_t count;     \
	}

/* The number of values in [lower_ns, 2 * lower_ns); the first bucket also has 0 ns. */
struct report_bucket {
	uint64_t lower_ns, count;
};

/* -- Accounts -------------------------------------------------------------------------------------- */

struct report_account_thread {
	uint64_t pid, tid; /* as the host sees them */
	const char *comm;
	bool outside;
};

struct report_account_share {
	struct word part;
	uint64_t ns;
	struct report_account_thread *who, *culprit, *waker;
	struct optional_u64 culprit_ns;
	bool culprit_realtime;
	const char *call; /* the system call of the longest sleep; NULL: unknown */
};

struct report_account_step {
	uint64_t start_ns, duration_ns;
	struct word part;
	struct report_account_thread *who;
	uint64_t depth;
};

struct report_account {
	uint64_t ns[PARTS]; /* sums to the test's time until it was known to fail, or its end */
	uint64_t own_sleep_ns; /* of ns[PART_TIMER] */
	uint64_t floor_ns;
	bool cut;
	double gauge_ns; /* its mean meanwhile; NAN: unknown */
	ROWS(report_account_share) shares;
	ROWS(report_account_step) path;
};

/* -- The run --------------------------------------------------------------------------------------- */

struct report_tool {
	const char *name, *version;
};

struct report_user {
	uint64_t uid, gid;
	const char *name;
};

struct report_exit {
	struct optional_u64 code, signal;
	const char *signal_name;
	bool timed_out, core_dumped;
};

struct report_leftover {
	uint64_t pid;
	const char *comm;
};

struct report_leftovers {
	struct word action;
	ROWS(report_leftover) processes;
	uint64_t count;
};

struct report_leaver {
	struct optional_u64 pid;
	const char *comm;
	uint64_t left_ns;
};

/* Processes that left the cgroup of the run: the number of all, and a list of the first. */
struct report_left {
	ROWS(report_leaver) processes;
	uint64_t count;
};

struct report_rusage {
	uint64_t user_ns, system_ns, max_rss_bytes;
	uint64_t minor_faults, major_faults, voluntary_switches, involuntary_switches;
};

struct report_host {
	const char *hostname, *kernel, *architecture;
	struct optional_u64 cpus_online, cpus_allowed;
	const char *cpu_model;
	struct optional_u64 memory_bytes;
	const char *virtualization;
};

struct report_ci {
	const char *provider, *repository, *sha, *branch, *job, *run, *attempt, *url;
};

struct report_run {
	const char *id, *started_at;
	uint64_t duration_ns;
	struct texts command, command_hex;
	const char *cwd;
	struct report_user user;
	struct optional_u64 pid;
	struct report_exit exit;
	struct optional_u64 exit_status;
	const char *cgroup;
	struct report_leftovers leftovers;
	struct report_left left;
	struct report_rusage *rusage;
	struct report_account *account; /* along the path of its first process; NULL: not measured */
	struct report_host host;
	struct report_ci *ci;
};

/* -- The measurement ------------------------------------------------------------------------------- */

struct report_program {
	const char *name;
	bool attached;
	const char *error;
	struct optional_u64 run_count, run_ns;
};

struct report_loss {
	const char *what;
	uint64_t count;
	struct optional_u64 first_ns, last_ns;
};

struct report_self_check {
	uint64_t queue_ns, run_delay_ns;
	bool agrees;
	uint64_t unseen_switches;
};

/* What tracing cost in some windows of the run, on the whole machine (--overhead) */
struct report_tracing_cost {
	uint64_t limit_ppm;
	struct optional_u64 share_ppm;
	uint64_t sampled_ns, cpu_ns, programs_ns, calls, calls_ns;
	struct optional_u64 stepped_down_ns, stepped_down_ppm;
};

struct report_overhead {
	uint64_t load_ns, latwrap_user_ns, latwrap_system_ns;
	struct report_tracing_cost *cost; /* NULL: nobody asked */
};

struct report_tracing {
	struct word status;
	const char *reason, *advice;
	ROWS(report_program) programs;
	ROWS(report_loss) loss;
	struct texts limits;
	struct report_self_check *self_check;
	struct report_overhead overhead;
	struct word steal_source;
};

/* Indexed by enum stall_kind. */
struct report_thresholds {
	struct optional_u64 ns[STALL_KINDS];
};

/* -- The verdict ----------------------------------------------------------------------------------- */

struct report_blame {
	struct word who;
	uint64_t ns, percent;
	const char *sentence, *advice;
};

struct report_gate {
	const char *expression;
	uint64_t limit;
	struct optional_u64 actual;
	struct word unit;
	bool breached;
};

struct report_test_counts {
	uint64_t count, passed, failed, skipped, error, unknown;
	uint64_t answered[ANSWERS]; /* of those that failed, and those interrupted; [ANSWER_NONE] is 0 */
};

/* What the machine cost the run as a whole, along the path of its first process. */
struct report_cost {
	uint64_t duration_ns, lost_ns, crowded_ns;
	const char *sentence;
};

struct report_verdict {
	struct word status;
	const char *sentence;
	struct texts reasons;
	ROWS(report_blame) blame;
	ROWS(report_gate) gates;
	struct report_test_counts tests;
	struct report_cost *cost; /* NULL: not measured */
	struct word answer; /* of a command that failed without a failed test */
	const char *evidence;
};

/* -- Sums ------------------------------------------------------------------------------------------ */

struct report_cause_sum {
	const char *cause;
	uint64_t count, total_ns;
};

struct report_waits {
	uint64_t count, total_ns, delivery_ns, queue_ns, max_ns;
	ROWS(report_bucket) histogram;
	uint64_t run_delay_ns; /* of the run and of processes */
};

struct report_operations {
	uint64_t count, total_ns, errors, bytes_read, bytes_written, max_ns;
	struct optional_u64 until_ns; /* of the run: they were counted until then */
	ROWS(report_bucket) histogram; /* of the run */
};

/* Of the stalls of one kind. */
struct report_stall_sum {
	uint64_t count, total_ns;
	struct optional_u64 max_ns, p50_ns, p90_ns, p99_ns;
	ROWS(report_cause_sum) by_cause;
	struct report_waits waits; /* STALL_CPU */
	struct report_operations *operations; /* STALL_IO */
	uint64_t elsewhere; /* STALL_HICCUP */
};

/* Indexed by enum stall_kind. NULL: not measured. */
struct report_totals {
	struct report_stall_sum *of[STALL_KINDS];
};

struct report_dropped_stalls {
	uint64_t of[STALL_KINDS];
};

struct report_dropped {
	struct report_dropped_stalls stalls;
	uint64_t processes, files, commands, spans;
};

struct report_operation {
	const char *operation;
	uint64_t count, total_ns, max_ns, errors, bytes;
};

struct report_command {
	const char *comm;
	uint64_t processes;
	struct report_waits waits;
};

/* -- The machine ----------------------------------------------------------------------------------- */

struct report_pressure_pair {
	struct optional_u64 some_ns, full_ns;
};

struct report_throttling {
	const char *cgroup;
	struct word controller;
	double quota_share; /* NAN: no quota */
	uint64_t periods, throttled_periods, throttled_ns;
};

struct report_memory_limit {
	const char *cgroup;
	struct word controller;
	struct optional_u64 limit_bytes;
	uint64_t max_events, oom_kills;
};

struct report_pressure {
	struct report_pressure_pair *cpu, *io, *memory;
	struct word source;
	struct optional_u64 steal_ns;
	ROWS(report_throttling) throttling;
	ROWS(report_memory_limit) memory_limits;
};

/* From this slowness on, a CPU was slow: less comes and goes with the load of the other cores (docs/answers.md). */
#define SLOWNESS_MIN 1.25

/* NAN: unknown. */
struct report_sample {
	uint64_t at_ns;
	double cpu_some, io_some, memory_some, steal, busy, run_queue, load;
	double slowness; /* the gauge, divided by the shortest of the run */
	struct optional_u64 memory_available_bytes;
};

struct report_timeline {
	uint64_t interval_ns;
	double gauge_ns; /* the shortest of the run */
	ROWS(report_sample) samples;
};

/* -- Processes and files --------------------------------------------------------------------------- */

struct report_process {
	struct optional_u64 pid, host_pid, ppid;
	const char *comm, *comm_hex, *exe, *exe_hex;
	struct texts argv, argv_hex;
	bool argv_truncated;
	struct optional_u64 start_ns, end_ns, left_ns, exit_code, signal;
	uint64_t threads, stalls;
	struct report_waits cpu;
	struct report_operations io;
	struct optional_u64 reclaim_ns, compaction_ns, swap_ns, user_ns, system_ns;
};

struct report_file {
	const char *path, *path_hex;
	bool path_deleted;
	uint64_t opens, reads, writes, syncs, bytes_read, bytes_written, errors, total_ns, max_ns;
};

/* -- Spans ----------------------------------------------------------------------------------------- */

struct report_phase {
	const char *name;
	uint64_t start_ns;
};

struct report_span_culprit {
	struct optional_u64 pid;
	const char *comm;
	struct word where;
	uint64_t ns;
};

struct report_span_counts {
	uint64_t of[STALL_KINDS];
};

struct report_span_sum {
	uint64_t total_ns, max_ns;
};

struct report_span_sums {
	struct report_span_sum of[STALL_KINDS];
};

struct report_span {
	uint64_t id;
	struct optional_u64 parent;
	const char *name, *name_hex, *runner, *file;
	struct optional_u64 line, attempt;
	struct word outcome;
	struct optional_u64 start_ns; /* unknown: only its duration was told */
	struct optional_u64 end_ns;
	struct optional_u64 duration_ns;
	const char *worker;
	struct optional_u64 pid;
	ROWS(report_phase) phases;
	struct word answer;
	struct report_span_counts stalls;
	struct report_span_sums stalls_by_kind;
	const char *evidence;
	struct optional_u64 lost_ns, crowded_ns;
	uint64_t stalled_ns, max_stall_ns;
	double stalled_share; /* NAN: the span took no time */
	struct word cause;
	struct report_span_culprit *culprit;
	struct optional_u64 cpu_time_ns;
	struct report_account *account; /* NULL: not measured */
};

/* -- Stalls ---------------------------------------------------------------------------------------- */

struct report_share {
	const char *cause; /* with its "_ns" */
	uint64_t ns;
};

struct report_waker {
	struct optional_u64 pid;
	const char *comm;
	bool interrupt;
};

struct report_culprit {
	struct optional_u64 pid;
	const char *comm;
	struct optional_i64 prio;
	struct word policy, where, held;
	const char *cgroup;
	uint64_t ns;
	struct optional_u64 bytes_read, bytes_written;
};

struct report_delayed {
	struct optional_u64 pid, tid;
	const char *comm;
	uint64_t late_ns, steps;
};

struct report_stall {
	struct word kind;
	uint64_t start_ns, duration_ns;
	struct optional_u64 pid, tid;
	const char *comm, *comm_hex, *exe, *command;
	struct optional_u64 cpu;
	const char *span;
	struct optional_u64 span_id;
	const char *span_phase;
	struct word cause;
	ROWS(report_share) shares;
	struct optional_bool finished;
	/* STALL_CPU, STALL_IO */
	ROWS(report_culprit) culprits;
	struct optional_u64 culprits_dropped_ns;
	/* STALL_CPU */
	struct word reason;
	struct optional_u64 delivery_ns, queue_ns;
	struct optional_i64 prio;
	struct word policy;
	struct report_waker *waker;
	struct optional_u64 late_ns;
	/* STALL_IO */
	const char *operation;
	struct word request;
	const char *path, *path_hex;
	struct optional_bool path_deleted;
	const char *path2;
	struct optional_i64 fd;
	struct optional_u64 bytes;
	struct optional_i64 offset;
	const char *flags, *mode;
	struct optional_i64 result;
	const char *errno_name;
	struct optional_u64 blocked_ns, runqueue_ns, running_ns;
	const char *kernel_function, *device;
	/* STALL_HICCUP */
	struct optional_u64 steal_ns, threads_hit;
	ROWS(report_delayed) delayed;
	uint64_t delayed_count;
};

/* -- The whole report ------------------------------------------------------------------------------ */

/* A watched cgroup. */
struct report_watched {
	const char *name, *cgroup;
	struct report_totals totals;
	ROWS(report_process) processes;
	ROWS(report_stall) stalls;
	struct report_dropped dropped;
};

/* Cgroups that became part of the run. */
struct report_included {
	const char *pattern;
	struct optional_u64 count;
	struct texts cgroups; /* the first ones */
};

struct report_attempt_sum {
	uint64_t count, total_ns;
	struct optional_u64 max_ns;
};

struct report_attempt_sums {
	struct report_attempt_sum *of[STALL_KINDS];
};

struct report_attempt {
	uint64_t number;
	const char *run_id, *started_at;
	uint64_t duration_ns;
	struct report_exit exit;
	struct optional_u64 exit_status;
	struct word verdict;
	struct report_attempt_sums stalls;
	ROWS(report_gate) gates;
	struct report_test_counts tests;
	bool spoiled, retried;
	const char *reason;
	struct report *report; /* NULL for the last attempt: the enclosing report is its report */
};

struct report {
	uint64_t schema_version;
	struct report_tool tool;
	bool complete;
	struct report_run run;
	struct report_tracing tracing;
	struct report_thresholds thresholds;
	struct report_verdict verdict;
	struct report_totals totals;
	ROWS(report_operation) operations;
	ROWS(report_command) commands;
	struct report_pressure pressure;
	struct report_timeline timeline;
	ROWS(report_process) processes;
	ROWS(report_file) files;
	ROWS(report_span) spans;
	ROWS(report_stall) stalls;
	struct report_dropped dropped;
	ROWS(report_watched) watched;
	ROWS(report_included) included; /* only with --include */
	ROWS(report_attempt) attempts; /* only with --retry */
	struct arena memory; /* owns all data of the report, except the reports of attempts */
};

/* The schema version that latwrap writes, and the newest that it reads. */
#define REPORT_SCHEMA_VERSION 1
