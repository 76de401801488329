/* Hashes of bytes for tables in memory: FNV-1a (Fowler, Noll, Vo), 32 bits. Where somebody chooses the keys, bound the chains */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t hash_bytes(const void *data, size_t size);
uint32_t hash_string(const char *text);
