/* The image of a process (its program and arguments), and byte strings and paths that a process chose. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes that the traced command chose, in any encoding; without a NUL inside unless a comment says otherwise. */
struct bytes {
	char *data; /* owned, with a NUL after size bytes; NULL: unknown */
	size_t size;
};

struct bytes bytes_copy(const char *data, size_t size);
void bytes_done(struct bytes *bytes);

/*
 * Makes a path from its parts in a record (abi.h): string is what the process passed, walk has the components of a
 * path, the last one first, a NUL after each. Without a string, walk is the path. With a relative string, walk is the
 * directory that it starts from. The caller ends the result with bytes_done().
 */
struct bytes path_assemble(const char *string, size_t string_bytes, const char *walk,
			   size_t walk_bytes);

/* Marks a path whose walk did not reach the root: "/b/c" becomes ".../b/c". */
void path_mark_cut(struct bytes *path);

/* A program that a process executed. Its forked children and their stalls share it by counted references. */
struct image {
	unsigned references;
	struct bytes argv; /* a NUL after each argument; the last one may lack it if truncated */
	bool argv_truncated;
	struct bytes exe;
};

struct image *image_new(struct bytes argv, bool argv_truncated,
			struct bytes exe); /* takes ownership of argv and exe */
struct image *image_ref(struct image *image); /* image may be NULL */
void image_unref(struct image *image);
