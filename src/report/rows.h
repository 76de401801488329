/* The long lists of a report: stalls, processes, files, commands, operations. */
#pragma once

#include <cjson/cJSON.h>

#include "model/model.h"

/* start_ns: of the run; times become offsets from it. All add to `report`. */
void rows_stalls(cJSON *report, const struct model *model, uint64_t start_ns);
void rows_processes(cJSON *report, const struct model *model, uint64_t start_ns);
void rows_files(cJSON *report, const struct model *model);
void rows_commands(cJSON *report, const struct model *model);
void rows_operations(cJSON *report, const struct model *model);
/* count, total_ns, delivery_ns, queue_ns, max_ns, histogram */
void rows_wait_stats(cJSON *object, const struct wait_stats *waits);

/* Time since start_ns, never negative. */
uint64_t rows_offset(uint64_t time_ns, uint64_t start_ns);
