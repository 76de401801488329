/* What a run has shown so far: records in, bounded tables with exact totals out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "catalog/kinds.h"
#include "model/cause.h"
#include "model/hist.h"
#include "model/image.h"

/*
 * Pure: the same records in the same order give the same tables, so a recorded list reproduces a report
 * byte for byte. All times are CLOCK_MONOTONIC ns as they came; the report makes them offsets. Strings
 * are the bytes that the kernel gave, whatever they are. What the limits drop is counted; totals and
 * histograms stay exact.
 */

struct wait_stats {
	uint64_t count, total_ns, delivery_ns, max_ns;
	struct hist_log2 histogram;
};

/* What threads have used and waited for, added up. */
struct accounts {
	struct wait_stats waits;
	uint64_t run_delay_ns, runtime_ns;
	uint64_t reclaim_ns, compaction_ns;
	uint64_t user_ns, system_ns; /* as the tick saw them; see accounts_cpu_time() */
	struct io_totals io;
};

struct process {
	unsigned references; /* stalls that name it */
	uint32_t pid, host_pid, ppid;
	char comm[COMM_BYTES];
	struct image *image; /* NULL: never seen to exec, nor its ancestors */
	uint64_t start_ns, end_ns; /* end 0: alive */
	uint64_t leader_start_ns; /* 0: only other threads of it have been seen */
	uint64_t left_ns; /* moved out of the cgroup, where it is not measured; 0: it is inside */
	bool has_exit;
	int exit_code, exit_signal; /* signal 0: exited with the code */
	uint32_t uid; /* when it ended */
	uint32_t threads, threads_ended, threads_left, stalls;
	uint64_t swap_ns; /* in its stalls */
	bool leader_ended;
	struct accounts ended; /* threads that are no more */
	struct accounts *live; /* threads that a snapshot found; NULL: none */
	struct process *next; /* in its hash bucket while it lives, in the pinned list after */
};

/* A thread that a stall of another one made late, by way of `steps` wakeups. */
struct delayed {
	uint32_t pid, tid;
	char comm[COMM_BYTES];
	uint64_t late_ns; /* how long it slept meanwhile */
	uint32_t steps;
};

#define DELAYED_MAX 16

struct span;
struct span_stall;
struct model_observer;

struct stall {
	enum stall_kind kind;
	uint64_t start_ns, duration_ns;
	struct task_id id;
	char comm[COMM_BYTES];
	struct image *image;
	struct process *process; /* NULL: its start was lost */
	uint32_t cpu;
	enum cause cause;
	struct shares shares;
	struct span *span; /* innermost; NULL: of none, or not yet known */
	struct span_stall *queued; /* on its way to a span */
	struct stall *next_by_end;
	uint32_t delayed_count; /* all; the first DELAYED_MAX are listed */
	struct delayed *delayed; /* owned */
	bool finished; /* false: still going on when the run ended, or cut short by the thread's death */
	union {
		struct {
			enum wait_reason reason;
			uint64_t delivery_ns, queue_ns, late_ns;
			uint8_t policy, prio;
			uint32_t waker_pid, waker_host_pid;
			bool waker_interrupt;
			char waker_comm[COMM_BYTES];
			struct culprits culprits;
		} wait;
		struct {
			uint32_t number; /* system call; meaningless for a page fault */
			bool page_fault, has_file, deleted, truncated;
			bool one_block; /* of a call that went on: no result */
			struct bytes path, path2;
			int64_t result;
			uint64_t args[6];
			uint64_t blocked_ns, runqueue_ns, running_ns;
			uint64_t lock_ns; /* of blocked_ns */
			char kernel_function[SYMBOL_BYTES]; /* slept longest in; empty: unknown */
		} call;
		struct {
			bool has_steal;
			uint64_t steal_ns;
			uint32_t threads_hit;
		} pause;
	};
};

struct command {
	char comm[COMM_BYTES];
	uint64_t processes;
	struct wait_stats waits;
	struct command *next;
};

struct file_row {
	struct file_id id;
	struct bytes path;
	bool deleted; /* when it was first seen */
	struct file_totals totals;
	struct file_row *next;
};

struct call_row {
	uint32_t number;
	struct call_totals totals;
};

/* Stalls of one kind: exact numbers about all, and the longest of them. */
struct stall_stats {
	struct hist_fine durations; /* count, total and maximum as well */
	uint64_t cause_count[CAUSES], cause_ns[CAUSES];
	struct stall **kept; /* a heap, the shortest on top */
	size_t kept_count;
	uint64_t dropped;
};

struct model_limits {
	size_t stalls, processes, files, commands;
};

/* How the model asks for what only the machine knows; either may be NULL. The caller frees the result. */
struct model_resolvers {
	void *context;
	/* A file mapped at address in a process that may still live. */
	char *(*mapped_file)(void *context, uint32_t host_pid, uint64_t address);
	char *(*cgroup_path)(void *context, uint64_t cgroup_id);
	/* The file that a thread's system call, which has not returned, works on. */
	char *(*called_file)(void *context, uint32_t host_tid, uint32_t number);
	/* What a process that came from outside executes; NULL: gone, or not to be seen. */
	struct image *(*process_image)(void *context, uint32_t host_pid);
	/* Whether the run was given that "NAME=value" by what started it. */
	bool (*is_inherited)(void *context, const char *variable);
	/* Names count kernel addresses, or leaves them empty. */
	void (*kernel_symbols)(void *context, const uint64_t *addresses, size_t count,
			       char (*ret)[SYMBOL_BYTES]);
};

/* A program (by name and cgroup) that held CPUs while threads of the run waited. */
struct program_total {
	char comm[COMM_BYTES];
	enum culprit_where where;
	uint64_t cgroup_id;
	char *cgroup_path; /* owned; NULL: unknown */
	uint64_t ns;
};

/* A process that went on outside of the run's cgroup, or began there. */
struct leaver {
	uint32_t pid;
	char comm[COMM_BYTES];
	uint64_t left_ns;
};

#define LEAVERS_MAX        16
#define PROGRAM_TOTALS_MAX 64
#define PAUSES_MAX         64

struct model {
	struct model_limits limits;
	struct model_resolvers resolvers;
	uint64_t cpu_threshold_ns, io_threshold_ns;
	uint64_t processes_seen, bad_records;
	uint64_t leaver_count; /* all; the first LEAVERS_MAX are listed */
	struct leaver leavers[LEAVERS_MAX];
	uint64_t unnamed_processes; /* ended, of a name beyond limits.commands */
	struct accounts ended, live; /* the whole run's */
	struct stall_stats stalls[STALL_KINDS];
	struct stall **stalls_by_end; /* hash table of the kept ones, by thread and end */
	/* Pauses of CPUs, oldest first: stalls of the run only once a thread of it turns out to be hit. */
	struct stall *pauses[PAUSES_MAX];
	size_t pause_count;
	uint64_t pauses_elsewhere;
	struct program_total program_totals[PROGRAM_TOTALS_MAX]; /* the first to be seen */
	size_t program_total_count;
	struct process **alive; /* hash table by host PID */
	size_t alive_buckets, alive_count;
	struct process **heap; /* ended and not named by a kept stall; the least interesting on top */
	size_t heap_count;
	struct process *pinned; /* ended and named by a kept stall */
	struct command **commands; /* hash table */
	size_t command_count;
	struct file_row **files; /* hash table by id */
	size_t file_count;
	struct call_row *calls;
	size_t call_count;
	bool snapshot_final;
	/* Without the program that ends them, waits and calls only seem to go on. */
	bool measures_cpu, measures_io;
	uint64_t last_stall_end_ns;
	uint64_t hiccup_threshold_ns;
	const struct model_observer *observer; /* static; NULL: nobody is told */
	struct spans *spans; /* the observer's (spans/span.h); NULL without one */
	uint64_t moved; /* processes, in or out, each to be followed by an adoption */
};

struct model *model_new(const struct model_limits *limits, uint64_t cpu_threshold_ns,
			uint64_t io_threshold_ns, const struct model_resolvers *resolvers);
void model_free(struct model *model);

/* Takes a record as trace.h delivers it; one that is no record is counted in bad_records. */
void model_record(struct model *model, const void *record, size_t bytes);

/*
 * A snapshot: begin forgets what the last one found alive, then a RECORD_THREAD_LIVE comes for each
 * thread. After a final one, stalls that were still going on count as such.
 */
void model_snapshot_begin(struct model *model, bool final);

/* The in-kernel tables; each call replaces what is known of that file or call. */
void model_file_totals(struct model *model, const struct file_id *id,
		       const struct file_totals *totals);
void model_call_totals(struct model *model, uint32_t number, const struct call_totals *totals);

/* From which length on it is a stall. */
uint64_t model_threshold_ns(const struct model *model, enum stall_kind kind);

/* Ended and live together. */
void model_accounts(const struct model *model, struct accounts *ret);
void process_accounts(const struct process *process, struct accounts *ret);
/* Exact CPU time, divided between user and system as the tick saw them (kernel cputime_adjust()). */
void accounts_cpu_time(const struct accounts *accounts, uint64_t *ret_user_ns,
		       uint64_t *ret_system_ns);

/* Sorted for the report; the caller frees the array, not what its pointers point to. */
struct process **model_processes(const struct model *model,
				 size_t *ret_count); /* by start, not all: limits */
struct stall **model_stalls(const struct model *model, size_t *ret_count); /* longest first */
struct file_row **model_files(const struct model *model,
			      size_t *ret_count); /* longest total first */
/* Longest total wait first, at most limits.commands; *ret_left_out counts the processes of the other names. */
struct command *model_commands(const struct model *model, size_t *ret_count,
			       uint64_t *ret_left_out);
struct call_row *model_calls(const struct model *model,
			     size_t *ret_count); /* longest total first */
