/* The tests of a run look on while its model takes records. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct model;

/* To be called once, before the first record. model_free() frees what it adds. */
void spans_observe(struct model *model);

/* Whether a process of that PID (as the caller sees it) is of the run, or was until some seconds ago. */
bool spans_have_traced(const struct model *model, uint32_t pid);
