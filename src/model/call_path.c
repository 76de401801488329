/* The paths of a file operation, from its record or from an earlier record of the same file. */
#include "model/call_path.h"

#include "base/util.h"
#include "model/table.h"

static void assemble(const struct record_io_stall *record, struct bytes *const paths[2])
{
	const char *data = record->data;

	for (unsigned i = 0; i < ARRAY_SIZE(record->path); i++) {
		const struct path_part *part = &record->path[i];

		if (part->string_bytes || part->walk_bytes)
			*paths[i] = path_assemble(data, part->string_bytes,
						  data + part->string_bytes, part->walk_bytes);
		if (part->walk_bytes && record->flags & IO_PATH_TRUNCATED)
			path_mark_cut(paths[i]);
		data += part->string_bytes + part->walk_bytes;
	}
}

void call_path(const struct model *model, const struct record_io_stall *record,
	       struct bytes *ret_path, struct bytes *ret_path2, bool *ret_deleted)
{
	struct bytes *const paths[] = {ret_path, ret_path2};
	const struct file_row *row;

	*ret_path = *ret_path2 = (struct bytes){0};
	*ret_deleted = record->flags & IO_DELETED;
	assemble(record, paths);
	if (ret_path->data)
		return;
	row = record->flags & IO_HAS_FILE ? file_find(model, &record->file) : NULL;
	if (row && row->path.data) {
		*ret_path = bytes_copy(row->path.data, row->path.size);
		*ret_deleted = row->deleted;
	} else if (record->flags & IO_HAS_FILE && !(record->flags & IO_NO_WALK)) {
		*ret_path = path_assemble(NULL, 0, NULL, 0);
	}
}
