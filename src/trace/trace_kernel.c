// SPDX-License-Identifier: MIT
/* Reads facts about the kernel from its types (BTF), and opens the BPF object that fits it. */
#include "trace/trace_kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "abi.h"
#include "base/util.h"
#include "facts.skel.h"
#include "latwrap.skel.h"
#include "latwrap_copies.skel.h"
#include "trace/trace_fault.h"
#include "trace/trace_types.h"

struct trace_kernel {
	struct btf *btf;
	struct tracepoint {
		const char *name;
		uint32_t id;
	} * tracepoints; /* sorted by name */
	size_t tracepoint_count;
};

/* -- The kernel's types ---------------------------------------------------------------------------- */

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct tracepoint *)one)->name,
		      ((const struct tracepoint *)other)->name);
}

/* Lists all tracepoints in one pass, as libbpf compares all names of the kernel to find one. */
static void list_tracepoints(struct trace_kernel *kernel)
{
	uint32_t end = btf__type_cnt(kernel->btf);

	for (uint32_t id = 1; id < end; id++) {
		const struct btf_type *type = btf__type_by_id(kernel->btf, id);
		const char *name;

		if (!btf_is_typedef(type))
			continue;
		name = startswith(btf__name_by_offset(kernel->btf, type->name_off), "btf_trace_");
		if (!name)
			continue;
		/* The array doubles at powers of two. */
		if ((kernel->tracepoint_count & (kernel->tracepoint_count - 1)) == 0)
			kernel->tracepoints = xreallocarray(
				kernel->tracepoints, MAX(kernel->tracepoint_count * 2, (size_t)1),
				sizeof(*kernel->tracepoints));
		kernel->tracepoints[kernel->tracepoint_count++] = (struct tracepoint){name, id};
	}
	if (kernel->tracepoint_count)
		qsort(kernel->tracepoints, kernel->tracepoint_count, sizeof(*kernel->tracepoints),
		      by_name);
}

int trace_kernel_new(struct trace_kernel **ret)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct trace_kernel *kernel;

	if (!btf)
		return -errno;
	kernel = xcalloc(1, sizeof(*kernel));
	kernel->btf = btf;
	list_tracepoints(kernel);
	*ret = kernel;
	return 0;
}

void trace_kernel_free(struct trace_kernel *kernel)
{
	if (!kernel)
		return;
	btf__free(kernel->btf);
	free(kernel->tracepoints);
	free(kernel);
}

static const struct btf_type *type_of(const struct trace_kernel *kernel, uint32_t id)
{
	return btf__type_by_id(kernel->btf, id);
}

static uint32_t tracepoint_id(const struct trace_kernel *kernel, const char *name)
{
	const struct tracepoint wanted = {.name = name}, *found = NULL;

	if (kernel->tracepoint_count)
		found = bsearch(&wanted, kernel->tracepoints, kernel->tracepoint_count,
				sizeof(wanted), by_name);
	return found ? found->id : 0;
}

static bool has_function(const struct trace_kernel *kernel, const char *name)
{
	return btf__find_by_name_kind(kernel->btf, name, BTF_KIND_FUNC) > 0;
}

static const struct btf_type *struct_of(const struct trace_kernel *kernel, const char *name)
{
	int32_t id = btf__find_by_name_kind(kernel->btf, name, BTF_KIND_STRUCT);

	return id > 0 ? type_of(kernel, (uint32_t)id) : NULL;
}

struct member {
	const struct btf_type *type; /* NULL: there is no such member */
	uint32_t offset_bits;
};

/* Also looks into anonymous members: CONFIG_RANDSTRUCT puts most of a task_struct into one. */
static struct member find_member(const struct trace_kernel *kernel, const struct btf_type *type,
				 const char *name)
{
	for (unsigned i = 0; type && i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const char *its_name = btf__name_by_offset(kernel->btf, member->name_off);
		struct member found = {type_of(kernel, member->type), 0};

		if (!its_name[0] && btf_is_composite(found.type))
			found = find_member(kernel, found.type, name);
		else if (!streq(its_name, name))
			continue;
		found.offset_bits += btf_member_bit_offset(type, i);
		if (found.type)
			return found;
	}
	return (struct member){0};
}

static const struct btf_type *member_type(const struct trace_kernel *kernel, const char *type,
					  const char *member)
{
	return find_member(kernel, struct_of(kernel, type), member).type;
}

bool trace_kernel_has_member(const struct trace_kernel *kernel, const char *type,
			     const char *member)
{
	return member_type(kernel, type, member);
}

static bool preempts_programs(const struct trace_kernel *kernel)
{
	const struct btf_type *type = member_type(kernel, "bpf_prog", "active");

	/* Skip the attribute that makes it a pointer to a per-CPU variable, and typedefs. */
	type = type && btf_is_ptr(type) ? type_of(kernel, type->type) : NULL;
	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = type_of(kernel, type->type);
	return type && btf_is_int(type) && type->size == 1 &&
	       has_function(kernel, "bpf_preempt_disable") &&
	       has_function(kernel, "bpf_preempt_enable");
}

/* The type of a tracepoint's argument, counted from 0; NULL: it has none. */
static const struct btf_type *argument_type(const struct trace_kernel *kernel,
					    const char *tracepoint, unsigned argument)
{
	uint32_t id = tracepoint_id(kernel, tracepoint);
	const struct btf_type *type = id ? type_of(kernel, id) : NULL;

	/* The type is a typedef of a pointer to a function; its first parameter is not an argument of the tracepoint. */
	type = type ? type_of(kernel, type->type) : NULL;
	type = type && btf_is_ptr(type) ? type_of(kernel, type->type) : NULL;
	if (!type || !btf_is_func_proto(type) || argument + 1 >= btf_vlen(type))
		return NULL;
	return type_of(kernel, btf_params(type)[argument + 1].type);
}

bool trace_kernel_has_tracepoint(const struct trace_kernel *kernel, const char *name)
{
	const struct btf_type *second = argument_type(kernel, name, 1);

	/* Before 6.0 the request is not the first argument (kernel commit 48863ffd3e81). */
	if (streq(name, "io_uring_submit_sqe") && second && btf_is_ptr(second))
		return false;
	return tracepoint_id(kernel, name) != 0;
}

struct kernel_ways trace_kernel_ways(const struct trace_kernel *kernel, const char *faults)
{
	const struct btf_type *time;
	struct kernel_ways ways = {.by_copies = true};

	if (!kernel)
		return ways;
	time = argument_type(kernel, "hrtimer_expire_entry", 1);
	ways.by_copies = !has_function(kernel, "bpf_rdonly_cast") ||
			 trace_has_fault(faults, "no-rdonly-cast", "") ||
			 trace_has_fault(faults, "no-ancestors", "");
	/* Must agree with bpf_core_field_exists() in bpf/flight.h. */
	ways.has_steal_clock = trace_kernel_has_member(kernel, "rq", "prev_steal_time_rq") &&
			       !trace_has_fault(faults, "no-steal-clock", "");
	ways.timer_has_time = time && !btf_is_ptr(time);
	ways.switch_has_state = argument_type(kernel, "sched_switch", 3) &&
				!trace_has_fault(faults, "no-prev-state", "");
	ways.is_preempted = !ways.by_copies && preempts_programs(kernel);
	return ways;
}

/* -- The programs ---------------------------------------------------------------------------------- */

/* One source makes both objects, so the skeleton of one describes the maps and programs of the other, too. */
struct latwrap *trace_kernel_open(const struct kernel_ways *ways, int types_fd)
{
	LIBBPF_OPTS(bpf_object_open_opts, options);
	_cleanup_free_ char *types = xasprintf("/proc/self/fd/%d", types_fd);
	struct latwrap *skeleton = xcalloc(1, sizeof(*skeleton));
	struct bpf_program *program;
	int r = latwrap__create_skeleton(skeleton);

	if (types_fd >= 0)
		options.btf_custom_path = types;
	if (r == 0 && ways->by_copies)
		skeleton->skeleton->data =
			(void *)latwrap_copies__elf_bytes(&skeleton->skeleton->data_sz);
	if (r == 0)
		r = bpf_object__open_skeleton(skeleton->skeleton, &options);
	if (r < 0) {
		latwrap__destroy(skeleton);
		errno = -r;
		return NULL;
	}
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
	skeleton->rodata->have_steal_clock = ways->has_steal_clock;
	skeleton->rodata->timer_has_time = ways->timer_has_time;
	skeleton->rodata->switch_has_state = ways->switch_has_state;
	skeleton->rodata->is_preempted = ways->is_preempted;
	return skeleton;
}

int trace_kernel_types(const struct trace_kernel *kernel, const struct kernel_ways *ways)
{
	struct latwrap *skeleton = trace_kernel_open(ways, -1);
	int fd = skeleton ? trace_types_new(kernel->btf, bpf_object__btf(skeleton->obj)) : -errno;

	latwrap__destroy(skeleton);
	return fd;
}

/* Where a structure has a member, in bytes; 0 if it has none: reading there harms nobody. */
static uint32_t member_offset(const struct trace_kernel *kernel, const char *type,
			      const char *member)
{
	return find_member(kernel, struct_of(kernel, type), member).offset_bits / 8;
}

struct facts *trace_kernel_open_facts(const struct trace_kernel *kernel)
{
	struct facts *skeleton = facts__open();

	if (!skeleton || !kernel)
		return skeleton;
	skeleton->rodata->task_cgroups = member_offset(kernel, "task_struct", "cgroups");
	skeleton->rodata->css_set_dfl_cgrp = member_offset(kernel, "css_set", "dfl_cgrp");
	skeleton->rodata->cgroup_level_at = member_offset(kernel, "cgroup", "level");
	skeleton->rodata->task_thread_pid = member_offset(kernel, "task_struct", "thread_pid");
	skeleton->rodata->pid_level_at = member_offset(kernel, "pid", "level");
	return skeleton;
}

int trace_kernel_facts(const struct trace_kernel *kernel, struct kernel_facts *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct facts *skeleton = trace_kernel_open_facts(kernel);
	int r;

	if (!skeleton)
		return -errno;
	r = facts__load(skeleton);
	/* libbpf leaves bss NULL if the kernel cannot map an array. */
	if (r == 0)
		r = skeleton->bss
			    ? bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.facts), &run)
			    : -EOPNOTSUPP;
	if (r == 0)
		*ret = (struct kernel_facts){skeleton->bss->cgroup_level,
					     skeleton->bss->pid_namespace_level,
					     skeleton->bss->recorder_tgid};
	facts__destroy(skeleton);
	return r;
}
