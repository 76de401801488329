/* What the programs need of the kernel's types, found by one look through its BTF and put where they need it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct trace_kernel;
struct latwrap;

/*
 * Reads the kernel's BTF. libbpf would read it once for each object, and search all of it for each type and
 * each program: most of what a start took. From here on the objects of this program are loaded with what was
 * found, if they are opened with trace_kernel_path(), for one struct trace_kernel at a time. faults: LATWRAP_FAULT, may be NULL.
 * Returns 0, or -errno: the kernel has no BTF.
 */
int trace_kernel_new(const char *faults, struct trace_kernel **ret);
/* After the last object is loaded. NULL is fine. */
void trace_kernel_free(struct trace_kernel *kernel);

/* For btf_custom_path: a BTF of just the types that the objects name. Lives as long as kernel. */
const char *trace_kernel_path(const struct trace_kernel *kernel);

/*
 * Opens the programs of a run; kernel may be NULL. by_copies: those that need no bpf_rdonly_cast(). Returns NULL with
 * errno set, or what latwrap__destroy() ends.
 */
struct latwrap *trace_kernel_open(const struct trace_kernel *kernel, bool by_copies);

/*
 * Calls it once, in the midst of loading an object: its maps are there, and none of its tracing programs. NULL: no more.
 */
void trace_kernel_when_maps_are_there(struct trace_kernel *kernel, void (*call)(void *context),
				      void *context);

struct kernel_facts {
	uint32_t cgroup_level, pid_namespace_level;
};

/* Asks the kernel, in our own context, for what /proc does not tell from inside a namespace. */
int trace_kernel_facts(const struct trace_kernel *kernel, struct kernel_facts *ret);

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
