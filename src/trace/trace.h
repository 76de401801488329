/* SPDX-License-Identifier: MIT */
/* The BPF side of a run: load, attach, deliver records, read tables, say what was lost. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

struct trace;

struct trace_group {
	uint64_t cgroup_id;
	int levels_below; /* the caller's own cgroup; negative: above it */
};

struct trace_options {
	struct trace_group groups[GROUPS_MAX]; /* the run first */
	size_t group_count;
	uint64_t cpu_threshold_ns, io_threshold_ns, hiccup_threshold_ns;
	bool log; /* deliver single calls, too, from a ring buffer of their own */
	uint64_t log_wait_ns; /* and waits at least so long */
	bool cpu, io; /* what to measure; processes are always followed */
	bool io_blocked; /* of file calls only what they sleep for, and nothing at each call */
	bool self_profile; /* have the kernel count what each program costs, which costs some itself */
	/* Of the variables that a RECORD_ENVIRONMENT tells of, the first 8 bytes of each name. */
	char environment[ENVIRONMENT_PREFIXES][8];
	const char *faults; /* LATWRAP_FAULT, for tests, as docs/kernels.md lists; may be NULL */
};

/* Why nothing, or not everything, can be traced. Strings are owned and may be NULL. */
struct trace_problem {
	char *reason;
	char *advice;
};

/* A program's state; name and error are valid as long as the trace. */
struct trace_program {
	const char *name;
	bool attached;
	bool required; /* without it a part of what was asked for is not measured: */
	bool for_cpu, for_io;
	const char *error; /* NULL: attached, or not asked for */
	uint64_t run_count, run_ns; /* with self_profile */
	uint64_t missed; /* runs that the kernel skipped to avoid recursion (recursion_misses) */
};

/* A record as the kernel side wrote it (abi.h); gone after the call. */
typedef void (*trace_record_fn)(void *context, const void *record, size_t bytes);
typedef void (*trace_file_fn)(void *context, const struct file_id *, const struct file_totals *);
typedef void (*trace_call_fn)(void *context, uint32_t number, const struct call_totals *);

/*
 * Loads and attaches; from here on nothing of the cgroup is missed. Returns 0, or -errno with *ret_problem
 * filled: then no program is loaded. A single optional program that cannot be had is no failure: it shows
 * in trace_programs(). The caller ends *ret with trace_close() and *ret_problem with trace_problem_done().
 */
int trace_open(const struct trace_options *options, trace_record_fn deliver, void *context,
	       struct trace **ret, struct trace_problem *ret_problem);
void trace_close(struct trace *trace);
void trace_problem_done(struct trace_problem *problem);

/* Readable when enough records have gathered; poll it and call trace_consume(), and that now and then
 * anyway: few records do not wake anybody. */
int trace_fd(const struct trace *trace);
/* Delivers all that is there now. */
void trace_consume(struct trace *trace);

/* The same for the log, if it was asked for; but no more than so many events. Whether there may be more. */
int trace_log_fd(const struct trace *trace);
bool trace_consume_log(struct trace *trace, size_t most);

/* Delivers a RECORD_THREAD_LIVE for every thread that is alive, or -errno. */
int trace_snapshot(struct trace *trace);
/* Takes up threads that came into the cgroup from outside. */
int trace_adopt(struct trace *trace);
/* Threads with state that have not yet sent their RECORD_THREAD_END. */
int64_t trace_threads_alive(const struct trace *trace);

/* No call or wait that ends after this is counted: what still runs cannot come between a snapshot and the tables. */
void trace_stop_counting(struct trace *trace);

/* Names kernel addresses (at most STACK_DEPTH): functions, or empty where there is no name. */
void trace_name_symbols(struct trace *trace, const uint64_t *addresses, size_t count,
			char (*ret)[SYMBOL_BYTES]);

/* The descriptor of a BPF map by its name in the source; the trace's own. */
int trace_map_fd(const struct trace *trace, const char *name);

/* The in-kernel tables, complete only once the threads have ended. */
int trace_files(struct trace *trace, trace_file_fn deliver, void *context);
int trace_calls(struct trace *trace, trace_call_fn deliver, void *context);
/* ret[LOSS_KINDS], summed over CPUs. */
int trace_losses(struct trace *trace, struct loss_counter *ret);
unsigned trace_programs(struct trace *trace, const struct trace_program **ret);

/* Whether the kernel keeps, per run queue, the time that the hypervisor took from it: prev_steal_time_rq,
 * with CONFIG_PARAVIRT_TIME_ACCOUNTING. Only a guest with a steal clock has it move. */
bool trace_has_steal_clock(const struct trace *trace);

/* Whether a run without that program (by its C name) would be measured in part only. */
bool trace_is_required(const char *program);
/* Whether faults (LATWRAP_FAULT; may be NULL) has the item KINDNAME, as in "skip:sys_exit". */
bool trace_has_fault(const char *faults, const char *kind, const char *name);
