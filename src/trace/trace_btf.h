/* The kernel's BTF as it lies in memory: its types by number, and their names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct btf_type;
struct trace_btf;

/*
 * Linux 6.16 and later map it, and nothing is copied. Else, and with is_copied, it is read, once: libbpf, which is asked
 * only where this file is not there, copies its several MiB twice. Returns 0, or -errno: there is none, or none
 * that is understood here.
 */
int trace_btf_open(bool is_copied, struct trace_btf **ret);
void trace_btf_close(struct trace_btf *btf); /* NULL is fine */

/* One more than the last type's number; that of the first is 1. */
uint32_t trace_btf_end(const struct trace_btf *btf);
/* NULL: no such type. Valid as long as btf, like the names. */
const struct btf_type *trace_btf_type(const struct trace_btf *btf, uint32_t id);
/* By name_off of a type or one of its members. Empty: it has none. */
const char *trace_btf_name(const struct trace_btf *btf, uint32_t offset);
