/* The model's parts, for its own files only. */
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
/* A kept stall names the process: it stays until the stall is dropped. */
struct process *process_pin(struct process *process);
void process_unpin(struct model *model, struct process *process);
void processes_free(struct model *model);

/* stall.c */
void cpu_stalled(struct model *model, const struct record_cpu_stall *record);
void io_stalled(struct model *model, const struct record_io_stall *record);
void cpu_paused(struct model *model, const struct record_hiccup *record);
/* Judges the pauses that ended before then. */
void pauses_settle(struct model *model, uint64_t before_ns);
void thread_delayed(struct model *model, const struct record_delayed *record);
/* The wait or call that a thread is still in, or died in. */
void stall_unfinished(struct model *model, const struct record_thread *record);
void stalls_free(struct model *model);

/* call_path.c; the caller ends both paths with bytes_done(). */
void call_path(const struct model *model, const struct record_io_stall *record,
	       struct bytes *ret_path, struct bytes *ret_path2, bool *ret_deleted);

/* model.c: all that a record says of its size is true */
bool record_is_whole_call(const struct record_io_stall *record, size_t bytes);

/* table.c */
void command_add(struct model *model, const struct process *process);
void file_named(struct model *model, const struct record_file *record);
struct file_row *file_find(const struct model *model,
			   const struct file_id *id); /* NULL: never seen */
void tables_free(struct model *model);
void accounts_add(struct accounts *sum, const struct accounts *more);
void wait_stats_add(struct wait_stats *sum, const struct wait_stats *more);
