/* Tables of totals: per command name, per file and per system call. */
#pragma once

#include "model/model.h"

void command_add(struct model *model, const struct process *process);
void file_named(struct model *model, const struct record_file *record);
struct file_row *file_find(const struct model *model,
			   const struct file_id *id); /* NULL: not in the table */
void tables_free(struct model *model);

/* Totals from the in-kernel tables; each call replaces the earlier totals of that file or system call. */
void model_file_totals(struct model *model, const struct file_id *id,
		       const struct file_totals *totals);
void model_call_totals(struct model *model, uint32_t number, const struct call_totals *totals);

/* Sorted lists for the report. The caller frees the array, not what its pointers point to. */
struct file_row **model_files(const struct model *model,
			      size_t *ret_count); /* longest total first */
/* Longest total wait first, at most limits.commands; *ret_left_out: the number of processes of all other names. */
struct command *model_commands(const struct model *model, size_t *ret_count,
			       uint64_t *ret_left_out);
struct call_row *model_calls(const struct model *model,
			     size_t *ret_count); /* longest total first */
