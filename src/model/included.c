/* Cgroups outside the run's own that became part of it (--include), by pattern. */
#include "model/included.h"

#include <stdlib.h>

#include "base/util.h"

bool included_add(struct model *model, uint32_t pattern, const char *path, size_t path_bytes)
{
	struct included *included;

	if (pattern >= INCLUDES_MAX)
		return false;
	included = &model->included[pattern];
	if (included->count < INCLUDED_PATHS_MAX)
		included->paths[included->count] = xstrndup(path, path_bytes);
	included->count++;
	return true;
}

bool included_record(struct model *model, const struct record_included *record, size_t bytes)
{
	return bytes >= sizeof(*record) && record->path_bytes < INCLUDE_PATH_BYTES &&
	       bytes >= sizeof(*record) + record->path_bytes &&
	       included_add(model, record->pattern, record->path, record->path_bytes);
}

void included_free(struct model *model)
{
	for (size_t i = 0; i < INCLUDES_MAX; i++)
		for (size_t k = 0; k < INCLUDED_PATHS_MAX; k++)
			free(model->included[i].paths[k]);
}
