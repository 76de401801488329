/* The observer of a model: functions that the model calls when a record changes a process or completes a stall */
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
	/* The process has ended and its totals are complete. */
	void (*process_ended)(struct model *model, const struct process *process);
	/* A thread was off its CPU once; the record also sums up short times off the CPU before it. */
	void (*off_cpu)(struct model *model, const struct record_off_cpu *record);
	/* A stall is complete. */
	void (*stalled)(struct model *model, struct stall *stall);
	void (*stall_dropped)(struct model *model, struct stall *stall);
	/* model_free() has dropped all stalls. */
	void (*done)(struct model *model);
};
