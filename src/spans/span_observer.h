/* The observer that builds the spans of a run while its model takes records. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct model;

/* Call it once, before the first record. model_free() frees the spans. */
void spans_observe(struct model *model);

/* Whether a process with this PID (in the caller's PID namespace) belongs to the run, or did until some seconds ago. */
bool spans_have_traced(const struct model *model, uint32_t pid);
/* lineage_is_traced() */
bool model_is_traced(const struct model *model, uint32_t pid, uint32_t uid, uint64_t time_ns);
