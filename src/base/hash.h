/* Hashes of bytes for tables in memory: FNV-1a (Fowler, Noll, Vo), 32 bits */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The hash has no key: limit the length of the chains if somebody else chooses the keys. */
uint32_t hash_bytes(const void *data, size_t size);
uint32_t hash_string(const char *text);
