/* SPDX-License-Identifier: MIT */
/* The BPF programs of a run: loads and attaches them, delivers their records, reads their tables and loss counters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "trace/trace_complaint.h"

struct trace;

struct trace_group {
	uint64_t cgroup_id;
	int levels_below; /* levels below the caller's own cgroup; negative: above */
};

struct trace_options {
	struct trace_group groups[GROUPS_MAX]; /* the run, then the watched cgroups */
	size_t group_count;
	bool is_inside; /* the caller is in the run's cgroup, and not to be traced */
	/* Cgroups made during the run are part of it if a pattern matches their path below include_root. */
	const char *include_patterns[INCLUDES_MAX];
	size_t include_count;
	struct trace_group include_root; /* the root of the cgroup v2 mount */
	uint64_t cpu_threshold_ns, io_threshold_ns, hiccup_threshold_ns;
	bool log; /* also deliver each call, from a separate ring buffer */
	uint64_t log_wait_ns; /* the shortest wait in the log */
	bool cpu, io; /* what to measure; processes are always traced */
	bool services; /* follow threads outside the run that it wakes, where the kernel allows it */
	bool io_blocked; /* measure only the blocks of file operations, without a program at each call */
	bool self_profile; /* let the kernel measure the cost of each program, which costs time itself */
	bool watches_cost; /* measure what a traced call takes longer; trace_step_down() may follow */
	/* The first 8 bytes of the names of the variables that a RECORD_ENVIRONMENT has. */
	char environment[ENVIRONMENT_PREFIXES][8];
	const char *faults; /* LATWRAP_FAULT, for tests (docs/kernels.md); may be NULL */
};

/* The state of a program; name and error are valid as long as the trace. */
struct trace_program {
	const char *name;
	bool attached;
	bool required; /* without it a part of the request is not measured: */
	bool for_cpu, for_io;
	const char *error; /* NULL: attached, or not requested */
	uint64_t run_count, run_ns; /* 0 without self_profile */
	uint64_t missed; /* runs that the kernel skipped to avoid recursion (recursion_misses) */
};

/* record is as the BPF side wrote it (abi.h), and valid only during the call. */
typedef void (*trace_record_fn)(void *context, const void *record, size_t bytes);

/*
 * Loads and attaches the programs; from then on they trace everything in the cgroup. Returns 0, or -errno with
 * *ret_problem filled and no program loaded. An optional program that fails is not an error: trace_programs() shows it. The
 * caller ends *ret with trace_close() and *ret_problem with trace_problem_done().
 */
int trace_open(const struct trace_options *options, trace_record_fn deliver, void *context,
	       struct trace **ret, struct trace_problem *ret_problem);
void trace_close(struct trace *trace);

/*
 * The descriptor becomes readable once enough records are there: poll it, then call trace_consume(). Also call
 * trace_consume() from time to time, as a few records do not make it readable.
 */
int trace_fd(const struct trace *trace);
/* Delivers all that is there now. */
void trace_consume(struct trace *trace);

/* The same for the log, if requested. Delivers at most `most` events; returns whether there may be more. */
int trace_log_fd(const struct trace *trace);
bool trace_consume_log(struct trace *trace, size_t most);

/* Delivers a RECORD_THREAD_LIVE for every live thread. Returns 0 or -errno. */
int trace_snapshot(struct trace *trace);
/* Starts to trace threads that moved into the cgroup from outside. Returns 0 or -errno. */
int trace_adopt(struct trace *trace);
/*
 * Makes an existing cgroup part of the run, with all cgroups that are made below it from now on; its processes are traced
 * after trace_adopt(). Returns 0, -EEXIST if it already is, -E2BIG if there is no room.
 */
int trace_include(struct trace *trace, uint64_t cgroup_id);
/* Threads with state that have not yet sent their RECORD_THREAD_END. */
int64_t trace_threads_alive(const struct trace *trace);

/* Stops counting: no call or wait that ends later can make the tables differ from the snapshot. */
void trace_stop_counting(struct trace *trace);

/* Finds the function of each kernel address (at most STACK_DEPTH); an empty string if it has no name. */
void trace_name_symbols(struct trace *trace, const uint64_t *addresses, size_t count,
			char (*ret)[SYMBOL_BYTES]);

/* The descriptor of the BPF map with this name in the source; the trace owns it. */
int trace_map_fd(const struct trace *trace, const char *name);

/* Counts since the programs were loaded, on the whole machine, while anybody had the kernel count them */
struct trace_cost {
	uint64_t programs_ns; /* the time in all programs */
	uint64_t calls; /* that were traced */
};

/* Has the kernel count until the descriptor is closed. Returns -1 with errno without CAP_SYS_ADMIN. */
int trace_enable_stats(void);
void trace_cost(const struct trace *trace, struct trace_cost *ret);
/* What a system call takes longer since the programs are attached, with options.watches_cost: the fastest of many. */
double trace_call_cost_ns(const struct trace *trace);

/* Whether the kernel accepted, with options.watches_cost, programs that have both ways in them. */
bool trace_may_step_down(const struct trace *trace);
/*
 * Detaches the programs at calls and page faults, and watches only sleeps in file operations, as with options.io_blocked. What
 * sees results that tests print stays if there were any. Returns false if there is nothing to detach.
 */
bool trace_step_down(struct trace *trace);

unsigned trace_programs(struct trace *trace, const struct trace_program **ret);

/*
 * Whether the kernel has a steal clock for each run queue (prev_steal_time_rq, with CONFIG_PARAVIRT_TIME_ACCOUNTING). The
 * clock moves only in a guest whose hypervisor reports steal.
 */
bool trace_has_steal_clock(const struct trace *trace);

/* Whether services were asked for, and this kernel does not allow it. */
bool trace_lacks_services(const struct trace *trace);

/* Whether a run without this program (its C name) would be measured only in part. */
bool trace_is_required(const char *program);
