/* Cgroups outside the run's own that became part of it (--include), by pattern. */
#pragma once

#include "model/model.h"

/* Path as below the cgroup v2 mount. Returns whether there is such a pattern. */
bool included_add(struct model *model, uint32_t pattern, const char *path, size_t path_bytes);
/* The same from a record; returns whether the record is whole. */
bool included_record(struct model *model, const struct record_included *record, size_t bytes);
void included_free(struct model *model);
