/* Who is told what happens to processes and stalls as the model takes records: the tests of a run (src/spans) */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct model;
struct process;
struct record_environment;
struct record_exec;
struct record_off_cpu;
struct stall;

/*
 * Each function is called while model_record() or model_free() runs, and may not call model_record() itself. What it is
 * told of is the model's, and lives until the same process or stall is told to have gone.
 */
struct model_observer {
	/* First sight of a process; ppid as the caller's PID namespace has it, 0: unknown. */
	void (*process_seen)(struct model *model, const struct process *process);
	/* Its creator is known, which may be another than the parent that process_seen() had. */
	void (*process_forked)(struct model *model, const struct process *process,
			       uint32_t creator_host_pid, uint64_t time_ns);
	void (*process_executed)(struct model *model, const struct record_exec *record);
	void (*process_environment)(struct model *model, const struct record_environment *record);
	/* Its totals are complete. */
	void (*process_ended)(struct model *model, const struct process *process);
	/* A thread was off its CPU, or sums of such times. */
	void (*off_cpu)(struct model *model, const struct record_off_cpu *record);
	/* A stall is complete. It stays in memory until stall_dropped(). */
	void (*stalled)(struct model *model, struct stall *stall);
	void (*stall_dropped)(struct model *model, struct stall *stall);
	/* After all stalls were dropped. */
	void (*done)(struct model *model);
};
