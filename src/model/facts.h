/* What a report says about a run besides its events: plain data, filled by run/, printed by report/. */
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

/* All strings are owned by the struct that they are in; NULL: unknown. */

struct host_facts {
	char *hostname, *kernel, *architecture;
	char *cpu_model;
	char *virtualization; /* "kvm", "microsoft" ... as the CPU or DMI names it; NULL: none seen */
	unsigned cpus_online, cpus_allowed;
	uint64_t memory_bytes;
	bool has_steal_clock; /* /proc/stat has ever counted steal */
};

/* Of a CI system, from the environment; all NULL outside of one. */
struct ci_facts {
	char *provider, *repository, *sha, *branch, *job, *run, *attempt, *url;
};

/* Pressure stall information, and what the cgroups and the machine did over the run. */
struct pressure_pair {
	bool known;
	uint64_t some_ns, full_ns; /* over the run */
};
struct pressure_facts {
	struct pressure_pair cpu, io,
		memory; /* the run's cgroup where it has the files, else the system's */
	bool of_cgroup;
	bool steal_known;
	uint64_t steal_ns; /* all CPUs together */
};

/* A cgroup's CPU quota, and what it did over the run. */
struct throttling {
	char *cgroup; /* as in /proc/PID/cgroup */
	unsigned version; /* of cgroup: 1 or 2 */
	double quota_share; /* quota/period, so in CPUs; NAN: it has none */
	uint64_t periods, throttled_periods;
	uint64_t throttled_ns; /* all CPUs together */
};
struct memory_limit {
	char *cgroup;
	unsigned version;
	bool limited;
	uint64_t limit_bytes;
	uint64_t max_events; /* allocations that reached the limit */
	uint64_t oom_kills;
};
/* Of the run's cgroup and its ancestors, the innermost first. */
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

struct trace_facts {
	enum trace_status status;
	bool cpu, io; /* measured at all */
	bool io_blocked; /* io: each sleep in a call by itself, and no totals of calls */
	char *reason, *advice;
	size_t program_count;
	struct program_facts *programs;
	size_t limit_count;
	char **limits; /* plain sentences */
	struct loss_counter losses[LOSS_KINDS]; /* times are CLOCK_MONOTONIC */
	uint64_t load_ns, latwrap_user_ns, latwrap_system_ns;
	bool has_steal_clock; /* the kernel keeps one for each run queue; it may stand still */
};

struct leftover {
	uint32_t pid;
	char *comm;
};

struct exit_facts {
	bool ended;
	int code; /* -1: by signal */
	int signal; /* 0: by code */
	bool core_dumped, timed_out;
	int told_to_end; /* the first signal that asked latwrap itself to end; 0: none */
	struct rusage rusage;
};

struct model;

/* A cgroup watched beside the run: measured alike, counted apart. */
struct also_facts {
	const char *name, *path; /* borrowed */
	struct model *model; /* owned; NULL when nothing was traced */
};

struct gate;

struct run_facts {
	char *id;
	struct timespec started_at; /* CLOCK_REALTIME */
	uint64_t start_ns; /* CLOCK_MONOTONIC, same instant */
	uint64_t end_ns; /* of the command, or of the checkpoint */
	char *const *argv; /* borrowed */
	char *cwd, *user_name, *cgroup;
	char *not_run; /* why the command could not be executed; NULL: it ran */
	uid_t uid;
	gid_t gid;
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
	size_t also_count;
	struct also_facts also[GROUPS_MAX];
	size_t gate_count;
	const struct gate *gates; /* borrowed */
};

/* Whether anybody looked for stalls of the kind. */
bool trace_measures(const struct trace_facts *trace, enum stall_kind kind);

void limit_facts_done(struct limit_facts *facts);
void run_facts_done(struct run_facts *facts);
