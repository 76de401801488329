/* Allocate many small objects that are freed together */
#include "base/arena.h"

#include <stdalign.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size_bytes;
	alignas(max_align_t) char data[];
};

static void add_chunk(struct arena *arena, size_t size_bytes)
{
	struct arena_chunk *chunk = xcalloc(1, sizeof(*chunk) + size_bytes);

	chunk->size_bytes = size_bytes;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->left_bytes = size_bytes;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes)
{
	const size_t align = alignof(max_align_t);
	size_t bytes;

	if (__builtin_mul_overflow(count, size_bytes, &bytes) || bytes > SIZE_MAX / 2)
		abort();
	bytes = MAX((bytes + align - 1) / align * align, align);
	if (bytes > arena->left_bytes)
		add_chunk(arena, MAX(bytes, CHUNK_BYTES));
	arena->left_bytes -= bytes;
	/* Allocate from the end of the chunk: the free part is always its begin. */
	return arena->chunks->data + arena->left_bytes;
}

char *arena_copy(struct arena *arena, const char *text, size_t size_bytes)
{
	char *copy = arena_alloc(arena, size_bytes + 1, 1);

	memcpy(copy, text, size_bytes);
	return copy;
}

void arena_done(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->left_bytes = 0;
}
