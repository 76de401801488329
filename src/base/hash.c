/* Hashes of bytes for tables in memory: FNV-1a (Fowler, Noll, Vo), 32 bits */
#include "base/hash.h"

#include <string.h>

#define FNV_OFFSET_BASIS 2166136261u
#define FNV_PRIME        16777619u

uint32_t hash_bytes(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint32_t hash = FNV_OFFSET_BASIS;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

uint32_t hash_string(const char *text)
{
	return hash_bytes(text, strlen(text));
}
