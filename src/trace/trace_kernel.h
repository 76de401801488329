/* SPDX-License-Identifier: MIT */
/* Reads facts about the kernel from its types (BTF), and opens the BPF object that fits it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trace_kernel;
struct latwrap;

/* Reads the kernel's BTF. Returns 0, or -errno if it has none. The caller ends *ret with trace_kernel_free(). */
int trace_kernel_new(struct trace_kernel **ret);
void trace_kernel_free(struct trace_kernel *kernel); /* kernel may be NULL */

/*
 * Opens the BPF object of a run; by_copies: the one without bpf_rdonly_cast(). The caller ends the result with
 * latwrap__destroy(). Returns NULL with errno set on error.
 */
struct latwrap *trace_kernel_open(bool by_copies);

struct kernel_facts {
	uint32_t cgroup_level, pid_namespace_level;
	uint32_t recorder_tgid; /* as the host sees it */
};

/* Runs a BPF program in latwrap's own context, for facts that /proc hides inside a namespace. Returns 0 or -errno. */
int trace_kernel_facts(struct kernel_facts *ret);

bool trace_kernel_has_tracepoint(const struct trace_kernel *kernel, const char *name);
bool trace_kernel_has_rdonly_cast(const struct trace_kernel *kernel);
bool trace_kernel_has_member(const struct trace_kernel *kernel, const char *type,
			     const char *member);
/*
 * Whether a program in a thread's context can be preempted: since about 7.0 tracepoints no longer disable preemption. No
 * type shows that, but the same release made the counters of a program's runs bytes.
 */
bool trace_kernel_preempts_programs(const struct trace_kernel *kernel);
/* The tracepoint must exist; argument counts from 0. */
bool trace_kernel_argument_is_pointer(const struct trace_kernel *kernel, const char *tracepoint,
				      unsigned argument);
