/* The long lists of a report: stalls, processes, files, commands, operations. */
#pragma once

#include "base/arena.h"
#include "catalog/report.h"
#include "model/model.h"

/* start_ns: of the run; times become offsets from it. memory owns all rows. */
struct report_stall *rows_stalls(struct arena *memory, const struct model *model, uint64_t start_ns,
				 size_t *ret_count);
struct report_process *rows_processes(struct arena *memory, const struct model *model,
				      uint64_t start_ns, size_t *ret_count);
struct report_file *rows_files(struct arena *memory, const struct model *model, size_t *ret_count);
struct report_command *rows_commands(struct arena *memory, const struct model *model,
				     size_t *ret_count);
struct report_operation *rows_operations(struct arena *memory, const struct model *model,
					 size_t *ret_count);
struct report_waits rows_waits(struct arena *memory, const struct thread_sums *sums);
