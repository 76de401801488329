/* The paths of a file operation, from its record or from an earlier record of the same file. */
#pragma once

#include "model/model.h"

/*
 * A walk in the record gives the path at the time of the call; without a walk, this is the first recorded path. The caller
 * ends each path with bytes_done().
 */
void call_path(const struct model *model, const struct record_io_stall *record,
	       struct bytes *ret_path, struct bytes *ret_path2, bool *ret_deleted);
