/* SPDX-License-Identifier: MIT */
/* Reads facts about the kernel from its types (BTF), and opens the BPF object that fits it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct facts;
struct latwrap;
struct trace_kernel;

/* What the programs must know of the kernel */
struct kernel_ways {
	bool by_copies; /* no bpf_rdonly_cast(): latwrap_copies.bpf.c */
	bool has_steal_clock;
	bool timer_has_time; /* before 7.2 hrtimer_expire_entry has a pointer to the time */
	bool switch_has_state; /* since 5.18 sched_switch has the state of the previous task */
	/*
	 * A program in a thread's context can be preempted: since about 7.0 tracepoints no longer disable preemption. No type
	 * shows that, but the same release made the counters of a program's runs bytes.
	 */
	bool is_preempted;
};

/* Reads the kernel's BTF. Returns 0, or -errno if it has none. The caller ends *ret with trace_kernel_free(). */
int trace_kernel_new(struct trace_kernel **ret);
void trace_kernel_free(struct trace_kernel *kernel); /* kernel may be NULL */

/* Reads the ways from the kernel's types (kernel may be NULL) and from what faults (LATWRAP_FAULT) takes away. */
struct kernel_ways trace_kernel_ways(const struct trace_kernel *kernel, const char *faults);

/*
 * Opens the BPF object of a run. types_fd: from trace_kernel_types(), or negative. The caller ends the result with
 * latwrap__destroy(). Returns NULL with errno set on error.
 */
struct latwrap *trace_kernel_open(const struct kernel_ways *ways, int types_fd);
/* Types with which that object loads sooner, and to the same programs. Returns a descriptor, or -errno: load without them. */
int trace_kernel_types(const struct trace_kernel *kernel, const struct kernel_ways *ways);

struct kernel_facts {
	uint32_t cgroup_level, pid_namespace_level;
	uint32_t recorder_tgid; /* as the host sees it */
};

/* Opens the object of the program below. The caller ends it with facts__destroy(). kernel may be NULL: it reads nothing then. */
struct facts *trace_kernel_open_facts(const struct trace_kernel *kernel);
/* Runs a BPF program in latwrap's own context, for facts that /proc hides inside a namespace. Returns 0 or -errno. */
int trace_kernel_facts(const struct trace_kernel *kernel, struct kernel_facts *ret);

bool trace_kernel_has_tracepoint(const struct trace_kernel *kernel, const char *name);
bool trace_kernel_has_member(const struct trace_kernel *kernel, const char *type,
			     const char *member);
