/* Facts of a run besides its events: plain data that run/ fills and report/ writes. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "abi.h"
#include "catalog/kinds.h"
#include "catalog/words.h"
#include "model/timeline.h"

/* Each struct owns its strings, unless a comment says otherwise. NULL: unknown. */

struct host_facts {
	char *hostname, *kernel, *architecture;
	char *cpu_model;
	char *virtualization; /* from the CPU or DMI: "kvm", "microsoft", ...; NULL: none found */
	unsigned cpus_online, cpus_allowed;
	uint64_t memory_bytes;
	bool has_steal_clock; /* /proc/stat has ever counted steal */
};

/* From the environment variables of a CI system; all NULL outside CI. */
struct ci_facts {
	char *provider, *repository, *sha, *branch, *job, *run, *attempt, *url;
};

/* Pressure stall information (PSI) and steal during the run. */
struct pressure_pair {
	bool known;
	uint64_t some_ns, full_ns; /* during the run */
};
struct pressure_facts {
	struct pressure_pair cpu, io, memory;
	bool of_cgroup; /* true: of the run's cgroup; false: of the system, as the cgroup has no PSI files */
	bool steal_known;
	uint64_t steal_ns; /* sum over all CPUs */
};

/* A cgroup's CPU quota, and its effect during the run. */
struct throttling {
	char *cgroup; /* path as in /proc/PID/cgroup */
	unsigned version; /* cgroup version: 1 or 2 */
	double quota_share; /* quota/period, in CPUs; NAN: no quota */
	uint64_t periods, throttled_periods;
	uint64_t throttled_ns; /* sum over all CPUs */
};
struct memory_limit {
	char *cgroup;
	unsigned version;
	bool limited;
	uint64_t limit_bytes;
	uint64_t max_events; /* allocations that reached the limit */
	uint64_t oom_kills;
};
/* Limits of the run's cgroup and its ancestors, the innermost first. */
struct limit_facts {
	size_t throttling_count, memory_count;
	struct throttling *throttling;
	struct memory_limit *memory;
};

struct program_facts {
	char *name;
	bool attached;
	char *error;
	uint64_t missed;
	uint64_t run_count, run_ns; /* 0 unless profiled */
};

/* What tracing costs, as counted in some windows of the run (--overhead) */
struct overhead_facts {
	uint64_t limit_ppm; /* of the CPU time; 0: nobody asked */
	double call_ns; /* what a traced system call takes longer, without the programs' time for a file operation */
	/* In the windows, on the whole machine: */
	uint64_t sampled_ns; /* how long the windows were */
	uint64_t busy_ns; /* CPU time of all programs */
	uint64_t programs_ns,
		calls; /* the time in BPF programs, the system calls that were traced */
	uint64_t stepped_down_ns; /* CLOCK_MONOTONIC; 0: never */
	uint64_t then_ppm; /* what it had cost then */
};

struct trace_facts {
	enum trace_status status;
	bool cpu, io; /* false: not measured */
	bool io_blocked; /* io measures each block of a call on its own, and has no totals of calls */
	char *reason, *advice;
	size_t program_count;
	struct program_facts *programs;
	size_t limit_count;
	char **limits; /* sentences for the reader: what this kernel does not let latwrap measure */
	struct loss_counter losses[LOSS_KINDS]; /* times are CLOCK_MONOTONIC */
	uint64_t load_ns, latwrap_user_ns, latwrap_system_ns;
	struct overhead_facts overhead;
	bool has_steal_clock; /* each run queue has a steal clock, which may always read 0 */
};

struct leftover {
	uint32_t pid;
	char *comm;
};

struct exit_facts {
	bool ended;
	int code; /* -1: a signal ended the command */
	int signal; /* 0: the command exited with code */
	bool core_dumped, timed_out;
	int told_to_end; /* the first signal that asked latwrap to end; 0: none */
	uint64_t told_ns; /* when it came, or when the time was up; CLOCK_MONOTONIC; 0: never */
	struct rusage rusage;
};

struct model;

/* A watched cgroup (--also): measured like the run, reported separately. */
struct watched_facts {
	const char *name, *path; /* borrowed */
	struct model *model; /* owned; NULL if nothing was traced */
};

struct baseline;
struct gate;

struct run_facts {
	char *id;
	struct timespec started_at; /* CLOCK_REALTIME */
	uint64_t start_ns; /* CLOCK_MONOTONIC of the same instant */
	uint64_t end_ns; /* when the command ended, or when the checkpoint was written */
	char *const *argv; /* borrowed */
	char *cwd, *user_name, *cgroup;
	char *not_run; /* why latwrap could not execute the command; NULL: the command ran */
	uid_t uid;
	gid_t gid;
	bool is_job; /* no command of its own: argv is that of latwrap start */
	pid_t pid;
	struct exit_facts exit;
	const char *leftovers_action; /* static */
	size_t leftover_count;
	struct leftover *leftovers;
	struct host_facts host;
	struct ci_facts ci;
	struct pressure_facts pressure;
	struct limit_facts limits;
	struct timeline timeline;
	struct trace_facts trace;
	size_t watched_count;
	struct watched_facts watched[GROUPS_MAX];
	size_t include_count;
	char *const *includes; /* the patterns of --include; borrowed */
	size_t gate_count;
	const struct gate *gates; /* borrowed */
	const struct baseline *baseline; /* borrowed; NULL: no earlier report */
};

/* Whether anybody looked for stalls of the kind. */
bool trace_measures(const struct trace_facts *trace, enum stall_kind kind);

/* What the calls that were traced took longer, and the share of the CPU time that all of the cost was; 0: nothing was counted. */
uint64_t overhead_calls_ns(const struct overhead_facts *facts);
uint64_t overhead_ppm(const struct overhead_facts *facts);

void limit_facts_done(struct limit_facts *facts);
void run_facts_done(struct run_facts *facts);
