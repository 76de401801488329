/* What a process executes, and other bytes that came from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes, not text: whatever the traced command chose, without NUL inside unless said otherwise. */
struct bytes {
	char *data; /* owned, NUL-terminated for convenience; NULL: unknown */
	size_t size;
};

/* A copy of size bytes. */
struct bytes bytes_copy(const char *data, size_t size);
void bytes_done(struct bytes *bytes);

/*
 * A path from its parts in a record: the caller's string, and components leaf first, each with its NUL
 * (abi.h), which are the path itself when there is no string, and where a relative string starts otherwise.
 */
struct bytes path_assemble(const char *string, size_t string_bytes, const char *walk,
			   size_t walk_bytes);

/* Shows that the walk behind a path did not reach the root: "/b/c" becomes ".../b/c". */
void path_mark_cut(struct bytes *path);

/* Counted references: shared by the processes forked from one that executed it, and by stalls. */
struct image {
	unsigned references;
	struct bytes argv; /* each argument with its NUL; the last may lack it when truncated */
	bool argv_truncated;
	struct bytes exe;
};

struct image *image_new(struct bytes argv, bool argv_truncated,
			struct bytes exe); /* takes both over */
struct image *image_ref(struct image *image); /* NULL is fine */
void image_unref(struct image *image);
