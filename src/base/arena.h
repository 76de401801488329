/* Allocate many small objects that are freed together */
#pragma once

#include <stddef.h>

#include "base/util.h"

/* A zeroed arena is empty. Its memory lives until arena_done(). */
struct arena {
	struct arena_chunk *chunks;
	size_t left_bytes; /* free bytes of the first chunk */
};

/* Returns zeroed memory, aligned for any type. Never NULL, and unique even for 0 bytes. */
void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes)
	__attribute__((returns_nonnull));
/* Copies size_bytes of text and adds a NUL. */
char *arena_copy(struct arena *arena, const char *text, size_t size_bytes)
	__attribute__((returns_nonnull));
void arena_done(struct arena *arena);
