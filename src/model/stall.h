/* Stalls: exact statistics of all stalls, and the details of the longest of each kind. */
#pragma once

#include "model/model.h"

void cpu_stalled(struct model *model, const struct record_cpu_stall *record);
void io_stalled(struct model *model, const struct record_io_stall *record);
/*
 * Whether what only a sleep shows is a page fault, or io_uring at work on a file; true for all else. *ret_has_file: whether the
 * record's file is known.
 */
bool io_is_for_file(const struct model *model, const struct record_io_stall *record,
		    bool *ret_has_file);
void cpu_hiccup(struct model *model, const struct record_hiccup *record);
/* Keeps those hiccups that ended before before_ns and hit a thread of the run; drops the others and counts them. */
void hiccups_judge(struct model *model, uint64_t before_ns);
void thread_delayed(struct model *model, const struct record_delayed *record);
/* Adds the wait and the call that a thread is still in, or ended in, if they reached their thresholds. */
void stall_unfinished(struct model *model, const struct record_thread *record);
void stalls_free(struct model *model);

/* The longest first. The caller frees the array only. */
struct stall **model_stalls(const struct model *model, size_t *ret_count);
