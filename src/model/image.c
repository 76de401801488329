/* The image of a process (its program and arguments), and byte strings and paths that a process chose. */
#include "model/image.h"

#include <string.h>

#include "base/util.h"

struct bytes bytes_copy(const char *data, size_t size)
{
	struct bytes copy = {.data = xmalloc(size + 1), .size = size};

	if (size)
		memcpy(copy.data, data, size);
	copy.data[size] = '\0';
	return copy;
}

void bytes_done(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

/* Writes "/a/b" for the walk "b\0a\0" so that it ends at `end`; returns its start. */
static char *write_walk(char *end, const char *walk, size_t walk_bytes)
{
	for (size_t at = 0; at < walk_bytes;) {
		size_t length = strnlen(walk + at, walk_bytes - at);

		end -= length;
		memcpy(end, walk + at, length);
		*--end = '/';
		at += length + 1;
	}
	return end;
}

struct bytes path_assemble(const char *string, size_t string_bytes, const char *walk,
			   size_t walk_bytes)
{
	/* A walk of n bytes makes a path of n bytes, as each NUL becomes a slash; one more if it lacks the last NUL. */
	size_t space = walk_bytes + 1 + 1 + string_bytes;
	_cleanup_free_ char *buffer = xmalloc(space);
	char *end = buffer + walk_bytes + 1;
	char *start = end;

	/* With a walk, an absolute string starts there, too (openat2, RESOLVE_IN_ROOT). */
	if (!string_bytes || string[0] != '/' || walk_bytes)
		start = write_walk(end, walk, walk_bytes);
	if (string_bytes && string[0] != '/')
		*end++ = '/';
	else if (!string_bytes && start == end)
		*end++ = '/'; /* the root directory has no name */
	if (string_bytes)
		memcpy(end, string, string_bytes);
	end += string_bytes;
	return bytes_copy(start, end - start);
}

void path_mark_cut(struct bytes *path)
{
	static const char mark[] = "...";
	const size_t length = sizeof(mark) - 1;

	path->data = xrealloc(path->data, length + path->size + 1);
	memmove(path->data + length, path->data, path->size + 1);
	memcpy(path->data, mark, length);
	path->size += length;
}

struct image *image_new(struct bytes argv, bool argv_truncated, struct bytes exe)
{
	struct image *image = xmalloc(sizeof(*image));

	*image = (struct image){
		.references = 1, .argv = argv, .argv_truncated = argv_truncated, .exe = exe};
	return image;
}

struct image *image_ref(struct image *image)
{
	if (image)
		image->references++;
	return image;
}

void image_unref(struct image *image)
{
	if (!image || --image->references)
		return;
	bytes_done(&image->argv);
	bytes_done(&image->exe);
	free(image);
}
