/* Functions that the files of the model share; private to src/model. */
#pragma once

#include "model/model.h"

/* process.c */
void thread_started(struct model *model, const struct record_start *record);
void process_executed(struct model *model, const struct record_exec *record);
void thread_ended(struct model *model, const struct record_thread *record);
void thread_left(struct model *model, const struct record_thread *record);
void thread_alive(struct model *model, const struct record_thread *record);
void processes_forget_live(struct model *model);
struct process *process_find(const struct model *model,
			     uint32_t host_pid); /* alive; NULL: unknown */
/* Keeps the process for a kept stall that names it, until process_unpin() when that stall is dropped. NULL is fine. */
struct process *process_pin(struct process *process);
void process_unpin(struct model *model, struct process *process);
void processes_free(struct model *model);

/* stall.c */
void cpu_stalled(struct model *model, const struct record_cpu_stall *record);
void io_stalled(struct model *model, const struct record_io_stall *record);
void cpu_hiccup(struct model *model, const struct record_hiccup *record);
/* Keeps those hiccups that ended before before_ns and hit a thread of the run; drops the others and counts them. */
void hiccups_judge(struct model *model, uint64_t before_ns);
void thread_delayed(struct model *model, const struct record_delayed *record);
/* Adds the wait and the call that a thread is still in, or ended in, if they reached their thresholds. */
void stall_unfinished(struct model *model, const struct record_thread *record);
void stalls_free(struct model *model);

/* call_path.c; the caller ends each path with bytes_done() */
void call_path(const struct model *model, const struct record_io_stall *record,
	       struct bytes *ret_path, struct bytes *ret_path2, bool *ret_deleted);

/* model.c: whether the record has all the bytes that it claims */
bool record_is_whole_call(const struct record_io_stall *record, size_t bytes);

/* table.c */
void command_add(struct model *model, const struct process *process);
void file_named(struct model *model, const struct record_file *record);
struct file_row *file_find(const struct model *model,
			   const struct file_id *id); /* NULL: not in the table */
void tables_free(struct model *model);
void accounts_add(struct accounts *sum, const struct accounts *more);
void wait_stats_add(struct wait_stats *sum, const struct wait_stats *more);
