/* The processes of a run: a hash table of the live ones, and the ended ones that the report lists. */
#pragma once

#include "model/model.h"

void thread_started(struct model *model, const struct record_start *record);
void process_executed(struct model *model, const struct record_exec *record);
void thread_ended(struct model *model, const struct record_thread *record);
void thread_left(struct model *model, const struct record_thread *record);
void thread_alive(struct model *model, const struct record_thread *record);
/* Whether the final snapshot has counted a thread that now ends or leaves. */
bool thread_was_counted(const struct model *model, const struct record_thread *record);
void processes_forget_live(struct model *model);
struct process *process_find(const struct model *model,
			     uint32_t host_pid); /* alive; NULL: unknown */
/* Keeps the process for a kept stall that names it, until process_unpin() when that stall is dropped. NULL is fine. */
struct process *process_pin(struct process *process);
void process_unpin(struct model *model, struct process *process);
void processes_free(struct model *model);

/* Sorted by start; within limits.processes. The caller frees the array only. */
struct process **model_processes(const struct model *model, size_t *ret_count);
