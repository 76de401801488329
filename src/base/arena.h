/* Memory for many small things that end together */
#pragma once

#include <stddef.h>

#include "base/util.h"

/* Zeroed: empty. What it gives lives until arena_done(). */
struct arena {
	struct arena_chunk *chunks;
	size_t left_bytes; /* of the first chunk */
};

/* Zeroed and aligned for anything; never NULL, and unique even for 0 bytes. */
void *arena_alloc(struct arena *arena, size_t count, size_t size_bytes)
	__attribute__((returns_nonnull));
/* With a NUL behind it. */
char *arena_copy(struct arena *arena, const char *text, size_t size_bytes)
	__attribute__((returns_nonnull));
void arena_done(struct arena *arena);
