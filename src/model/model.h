/* The model of a run: bounded tables of what records say, and exact totals. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "catalog/kinds.h"
#include "catalog/words.h"
#include "model/cause.h"
#include "model/hist.h"
#include "model/image.h"

/*
 * The model is pure: the same records in the same order give the same tables, so a recorded list of records
 * reproduces a report byte for byte. All times are CLOCK_MONOTONIC ns, as in the records; the report converts
 * them to offsets. Strings are the kernel's bytes, in any encoding. The model counts what its limits drop;
 * totals and histograms stay exact.
 */

struct wait_stats {
	uint64_t count, total_ns, delivery_ns, max_ns;
	struct hist_log2 histogram;
};

/* Sums over threads: what they used and what they waited for. */
struct thread_sums {
	struct wait_stats waits;
	uint64_t run_delay_ns, runtime_ns;
	uint64_t reclaim_ns, compaction_ns;
	uint64_t user_ns, system_ns; /* sampled by the tick; see thread_sums_cpu_time() */
	struct io_totals io;
};

struct process {
	unsigned references; /* kept stalls that name this process */
	uint32_t pid, host_pid, ppid;
	char comm[COMM_BYTES];
	struct image *image; /* NULL: no exec of this process or of an ancestor was recorded */
	uint64_t start_ns, end_ns; /* end 0: alive */
	uint64_t leader_start_ns; /* 0: no record of the leader yet, only of other threads */
	uint64_t left_ns; /* when it moved out of the cgroup, where it is not measured; 0: inside */
	bool has_exit;
	int exit_code, exit_signal; /* signal 0: exited with the code */
	uint32_t uid; /* when it ended */
	uint32_t threads, threads_ended, threads_left, stalls;
	uint64_t swap_ns; /* sum over its stalls */
	bool leader_ended;
	struct thread_sums ended; /* of threads that have ended */
	struct thread_sums *live; /* of the threads in the last snapshot; NULL: none */
	uint32_t *counted; /* host thread IDs that the final snapshot found alive, sorted; owned */
	size_t counted_count;
	struct process *next; /* in the hash bucket while alive, in the pinned list afterwards */
};

/* A thread that slept until a stalled thread woke it, directly or through a chain of `steps` wakeups. */
struct delayed {
	uint32_t pid, tid;
	char comm[COMM_BYTES];
	uint64_t late_ns; /* how long it slept during the stall */
	uint32_t steps;
};

#define DELAYED_MAX 16

struct span;
struct span_stall;

struct stall {
	enum stall_kind kind;
	uint64_t start_ns, duration_ns;
	struct task_id id;
	char comm[COMM_BYTES];
	struct image *image;
	struct process *process; /* NULL: the record of its start was lost */
	uint32_t cpu;
	enum cause cause;
	struct shares shares;
	struct culprits culprits;
	struct span *span; /* the innermost span; NULL: none, or not yet known */
	struct span_stall *queued; /* the entry that waits to be assigned to a span */
	struct stall *next_by_end;
	uint32_t delayed_count; /* of all delayed threads; `delayed` lists the first DELAYED_MAX */
	struct delayed *delayed; /* owned */
	bool finished; /* false: the run or the thread ended during the stall */
	union {
		struct {
			enum wait_reason reason;
			uint64_t delivery_ns, queue_ns, late_ns;
			uint8_t policy, prio;
			uint32_t waker_pid, waker_host_pid;
			bool waker_interrupt;
			char waker_comm[COMM_BYTES];
		} wait;
		struct {
			uint32_t number; /* system call; meaningless for a page fault */
			bool page_fault, has_file, deleted, truncated;
			bool is_request; /* an asynchronous operation, carried out as `way` says */
			enum request_way way;
			bool one_block; /* one block of a call that went on: no result */
			struct bytes path, path2;
			int64_t result;
			uint64_t args[6];
			uint64_t blocked_ns, runqueue_ns, running_ns;
			uint64_t queued_ns; /* the part of blocked_ns until a worker began the request */
			uint64_t lock_ns; /* the part of blocked_ns in locks of the kernel */
			char kernel_function[SYMBOL_BYTES]; /* of the longest sleep; empty: unknown */
			char *device; /* owned; the block device that it waited for; NULL: unknown */
		} call;
		struct {
			bool has_steal;
			uint64_t steal_ns;
			uint32_t threads_hit;
		} hiccup;
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
	bool deleted; /* when the file was first recorded */
	struct file_totals totals;
	struct file_row *next;
};

struct call_row {
	uint32_t number;
	struct call_totals totals;
};

/* Stalls of one kind: exact statistics of all stalls, and the longest stalls in full. */
struct stall_stats {
	struct hist_fine durations; /* also has their count, total and maximum */
	uint64_t cause_count[CAUSES], cause_ns[CAUSES];
	struct stall **kept; /* a heap with the shortest stall on top */
	size_t kept_count;
	uint64_t dropped;
};

struct model_limits {
	size_t stalls, processes, files, commands;
};

/* How the model asks the machine for facts; each function may be NULL. The model owns the results. */
struct model_resolvers {
	void *context;
	/* The path of the file mapped at address, or of that file, in a process, if the process still lives; file may be NULL. */
	char *(*mapped_file)(void *context, uint32_t host_pid, uint64_t address,
			     const struct file_id *file);
	char *(*cgroup_path)(void *context, uint64_t cgroup_id);
	/* A block device's name; device as in struct file_id. */
	char *(*device_name)(void *context, uint32_t device);
	/* The devices of which one consists (dm, md), of which ret has room for `most`; returns their number. */
	size_t (*lower_devices)(void *context, uint32_t device, uint32_t *ret, size_t most);
	/* The file of the system call that a thread is still in. */
	char *(*called_file)(void *context, uint32_t host_tid, uint32_t number);
	/* The name of a process, if it still lives. */
	bool (*process_name)(void *context, uint32_t host_pid, char ret[COMM_BYTES]);
	/* The program of a process that moved into the cgroup; NULL: the process is gone or not accessible. */
	struct image *(*process_image)(void *context, uint32_t host_pid);
	/* Whether latwrap's own environment has this "NAME=value", so that the run inherited it. */
	bool (*is_inherited)(void *context, const char *variable);
	/* Writes the kernel symbol of each address to ret; an empty string if it has none. */
	void (*kernel_symbols)(void *context, const uint64_t *addresses, size_t count,
			       char (*ret)[SYMBOL_BYTES]);
};

/* A program (by name and cgroup) that held CPUs or locks, or kept devices busy, while threads of the run waited. */
struct program_total {
	enum culprit_held held;
	char comm[COMM_BYTES];
	enum culprit_where where;
	uint64_t cgroup_id;
	char *cgroup_path; /* owned; NULL: unknown */
	uint64_t ns;
};

/* A process that continued outside the run's cgroup, or began there. */
struct leaver {
	uint32_t pid;
	char comm[COMM_BYTES];
	uint64_t left_ns;
};

/* The cgroups that a pattern of --include matched. */
#define INCLUDED_PATHS_MAX 16
struct included {
	uint64_t count;
	char *paths[INCLUDED_PATHS_MAX]; /* owned; of the first ones */
};

/* What block devices did during a file operation, until the record of its stall comes. */
struct device_uses {
	uint32_t host_tid; /* 0: none */
	uint64_t end_ns;
	uint64_t blkcg; /* as in struct record_device_uses */
	uint64_t held_work; /* address of the kernel function that submits what a limit held back; 0: none */
	size_t count;
	struct device_use *list; /* owned */
};

/* A thread slept for a lock until its holder let the lock go, or until it gave up. */
struct lock_sleep {
	uint64_t lock; /* as in struct record_off_cpu */
	uint64_t from_ns, until_ns;
	uint32_t host_tid, holder_host_tid; /* the latter 0: unknown */
	struct culprit holder; /* its process, without a time; an empty name: unknown */
};

#define LOCK_SLEEPS_MAX    1024
#define DEVICE_USES_MAX    64
#define LEAVERS_MAX        16
#define PROGRAM_TOTALS_MAX 64
#define HICCUPS_MAX        64

struct model;

/*
 * The model calls these functions from model_record() and model_free(); they must not call model_record(). The model
 * owns the processes and stalls that it passes: a process is valid until process_ended(), a stall until stall_dropped().
 * src/spans has the only observer.
 */
struct model_observer {
	/* The first record of a process; its ppid is in the caller's PID namespace, 0: unknown. */
	void (*process_seen)(struct model *model, const struct process *process);
	/* The creator is now known. It may differ from the parent that process_seen() had. */
	void (*process_forked)(struct model *model, const struct process *process,
			       uint32_t creator_host_pid, uint64_t time_ns);
	void (*process_executed)(struct model *model, const struct record_exec *record);
	void (*process_environment)(struct model *model, const struct record_environment *record);
	void (*process_printed)(struct model *model, const struct record_results *record);
	/* The process has ended and its totals are complete. */
	void (*process_ended)(struct model *model, const struct process *process);
	/* A stall is complete. */
	void (*stalled)(struct model *model, struct stall *stall);
	void (*stall_dropped)(struct model *model, struct stall *stall);
	/* model_free() has dropped all stalls. */
	void (*done)(struct model *model);
};

struct model {
	struct model_limits limits;
	struct model_resolvers resolvers;
	uint64_t cpu_threshold_ns, io_threshold_ns;
	uint64_t processes_seen, bad_records, device_uses_cut;
	uint64_t leaver_count; /* of all leavers; `leavers` lists the first LEAVERS_MAX */
	struct leaver leavers[LEAVERS_MAX];
	struct included included[INCLUDES_MAX];
	uint64_t unnamed_processes; /* that ended when limits.commands names were taken */
	struct thread_sums ended, live; /* of the whole run */
	struct stall_stats stalls[STALL_KINDS];
	/* The shares of stalls, also those lost to the machine or to the run itself in each stall; owned; NULL: no stall had one. */
	struct hist_fine *share_durations[CAUSES], *lost_durations, *crowded_durations;
	struct stall **stalls_by_end; /* hash table of the kept stalls by thread and end */
	/* Hiccups, oldest first. A hiccup becomes a stall of the run once it turns out to hit one of its threads. */
	struct stall *hiccups[HICCUPS_MAX];
	size_t hiccup_count;
	uint64_t hiccups_elsewhere;
	struct device_uses device_uses[DEVICE_USES_MAX]; /* the next record replaces the oldest */
	size_t device_uses_next;
	struct lock_sleep *
		lock_sleeps; /* LOCK_SLEEPS_MAX, owned; NULL: none yet; the next one replaces the oldest */
	size_t lock_sleep_count; /* of all that there were */
	struct program_total program_totals[PROGRAM_TOTALS_MAX]; /* the first programs only */
	size_t program_total_count;
	struct process **alive; /* hash table by host PID */
	size_t alive_buckets, alive_count;
	struct process **heap; /* ended, no kept stall names them; on top the one that waited least */
	size_t heap_count;
	struct process *pinned; /* ended, a kept stall names them */
	struct command **commands; /* hash table */
	size_t command_count;
	struct file_row **files; /* hash table by id */
	size_t file_count;
	struct call_row *calls;
	size_t call_count;
	bool snapshot_final;
	/* false: the BPF program that ends waits (calls) is missing, so an open wait (call) may be over. */
	bool measures_cpu, measures_io;
	uint64_t last_stall_end_ns;
	uint64_t hiccup_threshold_ns;
	const struct model_observer *observer; /* static; may be NULL */
	struct spans *spans; /* data of the observer (spans/span.h); NULL without an observer */
	uint64_t moved; /* processes that entered or left the cgroup; each needs an adoption */
	struct off_cpu_table *off_cpu; /* model/off_cpu.h */
};

/* The shortest wait, file operation or hiccup that is a stall. */
uint64_t model_threshold_ns(const struct model *model, enum stall_kind kind);

/* Sums of ended and live threads. */
void model_sums(const struct model *model, struct thread_sums *ret);
void process_sums(const struct process *process, struct thread_sums *ret);
/* Divides the exact CPU time in the tick's ratio of user to system time, as the kernel's cputime_adjust() does. */
void thread_sums_cpu_time(const struct thread_sums *sums, uint64_t *ret_user_ns,
			  uint64_t *ret_system_ns);

void thread_sums_add(struct thread_sums *sum, const struct thread_sums *more);
void wait_stats_add(struct wait_stats *sum, const struct wait_stats *more);
