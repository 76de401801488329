/* SPDX-License-Identifier: MIT */
/* What the kernel's own types say about it, and the programs that suit it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trace_kernel;
struct latwrap;

/* Reads the kernel's BTF. Returns 0, or -errno: it has none. The caller ends *ret with trace_kernel_free(). */
int trace_kernel_new(struct trace_kernel **ret);
void trace_kernel_free(struct trace_kernel *kernel); /* NULL is fine */

/*
 * Opens the programs of a run. by_copies: those that need no bpf_rdonly_cast(). Returns NULL with errno set, or what
 * latwrap__destroy() ends.
 */
struct latwrap *trace_kernel_open(bool by_copies);

struct kernel_facts {
	uint32_t cgroup_level, pid_namespace_level;
};

/* Asks the kernel, in our own context, for what /proc does not tell from inside a namespace. */
int trace_kernel_facts(struct kernel_facts *ret);

bool trace_kernel_has_tracepoint(const struct trace_kernel *kernel, const char *name);
bool trace_kernel_has_rdonly_cast(const struct trace_kernel *kernel);
bool trace_kernel_has_member(const struct trace_kernel *kernel, const char *type,
			     const char *member);
/*
 * Whether a program in a thread's context can be preempted, and others then take its CPU: tracepoints no longer
 * keep that off since about 7.0. No type tells, but bytes as counters of a program's runs came together with it.
 */
bool trace_kernel_preempts_programs(const struct trace_kernel *kernel);
/* Of a tracepoint that the kernel has; its first argument is 0. */
bool trace_kernel_argument_is_pointer(const struct trace_kernel *kernel, const char *tracepoint,
				      unsigned argument);
