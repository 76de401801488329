// SPDX-License-Identifier: MIT
/* The BPF programs of a run: loads and attaches them, delivers their records, reads their tables and loss counters. */
#include "trace/trace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "latwrap.skel.h"
#include "model/calls.h"
#include "model/compat_calls.h"
#include "model/compat_numbers.h"
#include "model/ring_calls.h"
#include "system/rlimits.h"
#include "trace/trace_call_cost.h"
#include "trace/trace_complaint.h"
#include "trace/trace_fault.h"
#include "trace/trace_kernel.h"
#include "trace/trace_parts.h"

#define PROGRAMS_MAX     52
#define LOG_BYTES        (16u << 20)
#define OFF_CPU_FLOOR_NS 1000000
#define SERVICES_MAX     1024
#define SHORT_MEMORY_NS  100000000
#define KEPT_PATHS       4096 /* threads that sleep in a call on a path at the same time */

struct trace {
	struct latwrap *skeleton;
	struct latwrap *calls; /* the programs at calls, half of the work; NULL: in skeleton */
	struct ring_buffer *records;
	struct ring_buffer *log; /* NULL: nobody wants one */
	size_t portion; /* how many records or events are still to be delivered in one go */
	struct bpf_link *adopt, *snapshot;
	int stats_fd; /* the kernel measures programs while this is open */
	trace_record_fn deliver; /* with context: for the output of iterators */
	void *context;
	struct kernel_ways ways;
	bool is_first_try; /* to load, in the fast ways; the next try leaves out what may have failed */
	int types_fd; /* of trace_kernel_types(), for the first try */
	unsigned program_count;
	struct trace_program programs[PROGRAMS_MAX];
	bool may_follow_services, lacks_services;
	bool may_step_down;
	double call_cost_ns;
};

/* The feature that each program belongs to; the program has its tracepoint's name in the kernel's BTF. */
enum feature { FEATURE_ALWAYS, FEATURE_CPU, FEATURE_IO, FEATURE_CALLS, FEATURE_INCLUDE };

static const struct program_rule {
	const char *name;
	enum feature feature;
	bool optional; /* some supported kernels or architectures do not have the tracepoint */
} program_rules[] = {
	{"task_newtask", FEATURE_ALWAYS, false},
	{"sched_process_exec", FEATURE_ALWAYS, false},
	{"exec_environment", FEATURE_ALWAYS, true},
	{"sched_switch", FEATURE_ALWAYS, false},
	{"cgroup_attach_task", FEATURE_ALWAYS, true},
	{"cgroup_mkdir", FEATURE_INCLUDE, true},
	{"cgroup_release", FEATURE_INCLUDE, true},
	{"sched_waking", FEATURE_ALWAYS, false},
	{"sched_wakeup", FEATURE_CPU, false},
	{"sched_wakeup_new", FEATURE_CPU, false},
	{"sched_migrate_task", FEATURE_CPU, true},
	{"task_rename", FEATURE_CPU, true},
	/* Attach the exits first: an entry traced in between must also have its exit traced. */
	{"irq_handler_exit", FEATURE_CPU, true},
	{"irq_handler_entry", FEATURE_CPU, true},
	{"softirq_exit", FEATURE_CPU, true},
	{"softirq_entry", FEATURE_CPU, true},
	{"softirq_raise", FEATURE_CPU, true},
	{"hrtimer_expire_entry", FEATURE_CPU, true},
	{"hrtimer_expire_exit", FEATURE_CPU, true},
	{"mm_vmscan_direct_reclaim_begin", FEATURE_ALWAYS, true},
	{"mm_vmscan_direct_reclaim_end", FEATURE_ALWAYS, true},
	{"mm_vmscan_memcg_reclaim_begin", FEATURE_ALWAYS, true},
	{"mm_vmscan_memcg_reclaim_end", FEATURE_ALWAYS, true},
	{"mm_compaction_begin", FEATURE_ALWAYS, true},
	{"mm_compaction_end", FEATURE_ALWAYS, true},
	{"sys_enter", FEATURE_CALLS, false},
	{"sys_exit", FEATURE_CALLS, false},
	{"io_uring_complete", FEATURE_CALLS, true},
	{"io_uring_submit_req", FEATURE_CALLS, true},
	{"io_uring_submit_sqe", FEATURE_CALLS, true},
	{"contention_begin", FEATURE_IO, true},
	{"contention_end", FEATURE_IO, true},
	{"flock_lock_inode", FEATURE_IO, true},
	{"posix_lock_inode", FEATURE_IO, true},
	{"page_fault_user", FEATURE_CALLS, true},
	{"page_fault_kernel", FEATURE_CALLS, true},
	{"mm_filemap_fault", FEATURE_IO, true},
	{"mm_filemap_add_to_page_cache", FEATURE_CALLS, true},
	{"block_rq_complete", FEATURE_IO, true},
	{"block_io_start", FEATURE_IO, true},
	{"block_rq_insert", FEATURE_IO, true},
	{"block_rq_issue", FEATURE_IO, true},
};
_Static_assert(ARRAY_SIZE(program_rules) <= PROGRAMS_MAX, "room for the state of each program");

/* -- Load ---------------------------------------------------------------------------------------- */

static const struct program_rule *rule_of(const char *program)
{
	for (unsigned i = 0; i < ARRAY_SIZE(program_rules); i++)
		if (streq(program_rules[i].name, program))
			return &program_rules[i];
	return NULL;
}

bool trace_is_required(const char *program)
{
	const struct program_rule *rule = rule_of(program);

	return !rule || !rule->optional;
}

static bool has_programs_at_calls(const struct trace_options *options)
{
	return options->io && !options->io_blocked;
}

static bool is_wanted(const struct program_rule *rule, const struct trace_options *options)
{
	switch (rule->feature) {
	case FEATURE_CPU:
		return options->cpu;
	case FEATURE_IO:
		return options->io;
	case FEATURE_CALLS:
		return has_programs_at_calls(options);
	case FEATURE_INCLUDE:
		return options->include_count > 0;
	default:
		return true;
	}
}

/* Most programs have the name of their tracepoint. */
static const char *tracepoint_of(const char *program)
{
	return streq(program, "exec_environment") ? "sched_process_exec" : program;
}

static bool has_tracepoint(const struct trace_options *options, const struct trace_kernel *kernel,
			   const char *name)
{
	return trace_kernel_has_tracepoint(kernel, name) &&
	       !trace_has_fault(options->faults, "no-tracepoint:", name);
}

/* Two programs do the same: use the better one, or the other one on kernels without it. */
static const struct {
	const char *better, *other;
} alternatives[] = {
	{"mm_filemap_fault", "mm_filemap_add_to_page_cache"},
	{"io_uring_submit_req", "io_uring_submit_sqe"},
	{"block_io_start", "block_rq_insert"}, /* who submits a request of a block device */
	{"block_io_start", "block_rq_issue"},
};

static bool is_superseded(const struct program_rule *rule, const struct trace_options *options,
			  const struct trace_kernel *kernel)
{
	for (size_t i = 0; i < ARRAY_SIZE(alternatives); i++) {
		bool has_better = has_tracepoint(options, kernel, alternatives[i].better);

		if (streq(rule->name, has_better ? alternatives[i].other : alternatives[i].better))
			return true;
	}
	return false;
}

/* Programs that have a second copy, for kernels that preempt programs (bpf/cpu_slot.h). */
static const struct twin {
	const char *name, *again;
} twins[] = {{"sys_enter", "sys_enter_again"}, {"sys_exit", "sys_exit_again"}};

static bool is_at_calls(const char *program)
{
	const struct program_rule *rule = rule_of(program);

	return rule && rule->feature == FEATURE_CALLS;
}

static struct latwrap *part_of(const struct trace *trace, const char *program)
{
	return trace->calls && is_at_calls(program) ? trace->calls : trace->skeleton;
}

static struct bpf_program *program_of(const struct trace *trace, const char *name)
{
	return bpf_object__find_program_by_name(part_of(trace, name)->obj, name);
}

static struct bpf_program *twin_of(const struct trace *trace, const char *name)
{
	for (size_t i = 0; trace->ways.is_preempted && i < ARRAY_SIZE(twins); i++)
		if (streq(twins[i].name, name))
			return bpf_object__find_program_by_name(part_of(trace, name)->obj,
								twins[i].again);
	return NULL;
}

static void list_programs(struct trace *trace, const struct trace_options *options,
			  const struct trace_kernel *kernel)
{
	for (unsigned i = 0; i < ARRAY_SIZE(program_rules); i++) {
		const struct program_rule *rule = &program_rules[i];
		struct trace_program *state = &trace->programs[trace->program_count];

		if (!is_wanted(rule, options) || is_superseded(rule, options, kernel))
			continue;
		trace->program_count++;
		state->name = rule->name;
		state->required = !rule->optional;
		state->for_cpu = rule->feature <= FEATURE_CPU;
		state->for_io = rule->feature != FEATURE_CPU;
		if (trace_has_fault(options->faults, "skip:", rule->name))
			state->error = "switched off by LATWRAP_FAULT";
		else if (rule->optional &&
			 !has_tracepoint(options, kernel, tracepoint_of(rule->name)))
			state->error = "this kernel has no such tracepoint";
	}
}

static void choose_programs(struct trace *trace)
{
	for (unsigned i = 0; i < trace->program_count; i++) {
		const struct trace_program *state = &trace->programs[i];
		struct bpf_program *twin = twin_of(trace, state->name);

		bpf_program__set_autoload(program_of(trace, state->name), !state->error);
		if (twin)
			bpf_program__set_autoload(twin, !state->error);
	}
	bpf_program__set_autoload(trace->skeleton->progs.sched_unseen,
				  bpf_program__autoload(trace->skeleton->progs.sched_switch));
	bpf_program__set_autoload(trace->skeleton->progs.adopt, true);
	bpf_program__set_autoload(trace->skeleton->progs.snapshot, true);
	bpf_program__set_autoload(trace->skeleton->progs.name_symbols, true);
}

static bool is_chosen(const struct trace *trace, const char *program)
{
	for (unsigned i = 0; i < trace->program_count; i++)
		if (streq(trace->programs[i].name, program))
			return !trace->programs[i].error;
	return false;
}

static int configure_log(struct latwrap *skeleton, const struct trace_options *options)
{
	skeleton->rodata->log_calls = has_programs_at_calls(options);
	skeleton->rodata->log_wait_ns = options->cpu ? options->log_wait_ns : 0;
	skeleton->rodata->log_wakeup_bytes = LOG_BYTES / 8;
	return bpf_map__set_max_entries(skeleton->maps.log_records, LOG_BYTES);
}

static int configure_include(struct latwrap *skeleton, const struct trace_options *options,
			     const struct kernel_facts *facts)
{
	skeleton->rodata->include_count = options->include_count;
	for (size_t i = 0; i < options->include_count; i++)
		snprintf((char *)skeleton->rodata->include_patterns[i], PATTERN_BYTES, "%s",
			 options->include_patterns[i]);
	skeleton->rodata->include_root_id = options->include_root.cgroup_id;
	skeleton->rodata->include_root_level =
		(int)facts->cgroup_level + options->include_root.levels_below;
	if (options->include_count && !trace_has_fault(options->faults, "few-included", ""))
		return 0;
	return bpf_map__set_max_entries(skeleton->maps.included, 2);
}

/* Calls that hand over results of requests, which count instead of them. */
static void configure_aio(struct latwrap *skeleton)
{
	static const struct call_rule rule = {.kind = CALL_REAP, .filter = FILTER_ALL};

	memcpy((void *)skeleton->rodata->aio_calls, aio_table, sizeof(aio_table));
	memcpy((void *)&skeleton->rodata->call_rules[SYS_io_getevents], &rule, sizeof(rule));
	memcpy((void *)&skeleton->rodata->call_rules[SYS_io_pgetevents], &rule, sizeof(rule));
}

static void configure_compat(struct latwrap *skeleton)
{
	for (unsigned i = 0; i < compat_table_size; i++) {
		unsigned number = compat_number(i);
		struct call_rule *rules = (struct call_rule *)skeleton->rodata->call_rules;

		memcpy((void *)&skeleton->rodata->compat_rules[number], &compat_table[i],
		       sizeof(compat_table[i]));
		if (rules[compat_table[i].number].kind > CALL_COMPAT &&
		    rules[number].kind == CALL_NONE)
			rules[number].kind = CALL_COMPAT;
	}
}

static int configure(struct trace *trace, const struct trace_options *options,
		     const struct kernel_facts *facts)
{
	struct latwrap *skeleton = trace->skeleton;
	int cpus = libbpf_num_possible_cpus();
	int r;

	if (cpus < 0)
		return cpus;
	skeleton->rodata->group_count = options->group_count;
	for (size_t i = 0; i < options->group_count; i++) {
		skeleton->rodata->group_cgroup_ids[i] = options->groups[i].cgroup_id;
		skeleton->rodata->group_levels[i] =
			(int)facts->cgroup_level + options->groups[i].levels_below;
	}
	skeleton->rodata->hides_threads = trace_has_fault(options->faults, "hidden-thread", "");
	skeleton->rodata->walks_ancestors = trace_has_fault(options->faults, "no-ancestors", "");
	skeleton->rodata->pid_namespace_level = facts->pid_namespace_level;
	skeleton->rodata->recorder_tgid = facts->recorder_tgid;
	skeleton->rodata->recorder_is_inside = options->is_inside;
	memcpy((void *)skeleton->rodata->environment_prefixes, options->environment,
	       sizeof(options->environment));
	skeleton->rodata->cpu_threshold_ns = options->cpu_threshold_ns;
	skeleton->rodata->io_threshold_ns = options->io_threshold_ns;
	skeleton->rodata->hiccup_threshold_ns = options->hiccup_threshold_ns;
	skeleton->rodata->off_cpu_floor_ns = options->cpu ? OFF_CPU_FLOOR_NS : UINT64_MAX;
	skeleton->rodata->services_max =
		options->cpu && options->services && trace->may_follow_services ? SERVICES_MAX : 0;
	if (trace_has_fault(options->faults, "short-memory", ""))
		skeleton->rodata->service_memory_ns = SHORT_MEMORY_NS;
	for (unsigned i = 0; i < call_table_size; i++)
		memcpy((void *)&skeleton->rodata->call_rules[call_table[i].number],
		       &call_table[i].rule, sizeof(struct call_rule));
	configure_aio(skeleton);
	configure_compat(skeleton);
	memcpy((void *)skeleton->rodata->ring_rules, ring_table, sizeof(ring_table));
	skeleton->rodata->follows_requests = is_chosen(trace, "io_uring_complete") &&
					     (is_chosen(trace, "io_uring_submit_req") ||
					      is_chosen(trace, "io_uring_submit_sqe"));
	skeleton->rodata->measures_io = has_programs_at_calls(options);
	skeleton->rodata->may_step_down = trace->may_step_down;
	skeleton->rodata->watches_blocks = trace->may_step_down ||
					   (options->io && options->io_blocked);
	skeleton->rodata->sees_switches = is_chosen(trace, "sched_switch");
	skeleton->rodata->sees_devices = is_chosen(trace, "block_rq_complete");
	skeleton->rodata->sees_faults = is_chosen(trace, "page_fault_user");
	skeleton->rodata->sees_moves = is_chosen(trace, "cgroup_attach_task");
	r = configure_include(skeleton, options, facts);
	if (r == 0 && options->log)
		r = configure_log(skeleton, options);
	if (r == 0 && skeleton->rodata->watches_blocks)
		r = bpf_map__set_max_entries(skeleton->maps.kept_paths, KEPT_PATHS);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.cpu_slots, cpus);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.flight, cpus);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.stall_scratch, cpus);
	if (r == 0)
		r = bpf_map__set_max_entries(skeleton->maps.off_cpu_scratch, cpus);
	if (r == 0 && options->io)
		r = bpf_map__set_max_entries(skeleton->maps.uses_scratch, cpus);
	return r;
}

/* -- Attach -------------------------------------------------------------------------------------- */

/* Programs call each other through descriptors, which exist only after loading. */
static int fill_steps(const struct trace *trace)
{
	const struct bpf_program *steps[STEPS] = {
		[STEP_SWITCH] = program_of(trace, "sched_switch"),
		[STEP_UNSEEN] = program_of(trace, "sched_unseen"),
	};
	int r = 0;

	for (uint32_t step = 0; step < STEPS && r == 0; step++) {
		int fd = bpf_program__fd(steps[step]);

		if (fd >= 0)
			r = bpf_map__update_elem(trace->skeleton->maps.steps, &step, sizeof(step),
						 &fd, sizeof(fd), BPF_ANY);
	}
	return r;
}

/* The skeleton owns the link in the program's slot, and destroys it. */
static struct bpf_link **link_of(const struct latwrap *part, const struct bpf_program *program)
{
	const struct bpf_object_skeleton *skeleton = part->skeleton;
	int slot = 0;

	while (*skeleton->progs[slot].prog != program)
		slot++;
	return skeleton->progs[slot].link;
}

static int attach_program(struct latwrap *part, struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_trace(program);

	if (!link)
		return -errno;
	*link_of(part, program) = link;
	return 0;
}

static int attach_programs(struct trace *trace)
{
	int r = fill_steps(trace);

	for (unsigned i = 0; r == 0 && i < trace->program_count; i++) {
		struct trace_program *state = &trace->programs[i];
		struct latwrap *part = part_of(trace, state->name);
		struct bpf_program *twin = twin_of(trace, state->name);

		if (state->error)
			continue;
		r = attach_program(part, program_of(trace, state->name));
		/* Programs run in the order of attaching: the copy must run second. */
		if (r == 0 && twin)
			r = attach_program(part, twin);
		state->attached = r == 0;
	}
	if (r < 0)
		return r;
	trace->adopt = bpf_program__attach_iter(program_of(trace, "adopt"), NULL);
	if (!trace->adopt)
		return -errno;
	trace->snapshot = bpf_program__attach_iter(program_of(trace, "snapshot"), NULL);
	return trace->snapshot ? 0 : -errno;
}

/* The program in libbpf's first message ("prog 'NAME': ..."); NULL: none. */
static struct trace_program *refused_program(struct trace *trace)
{
	const char *name = strstr(trace_first_complaint(), "prog '");
	size_t length = name ? strcspn(name + 6, "'") : 0;

	for (unsigned i = 0; name && i < trace->program_count; i++) {
		struct trace_program *program = &trace->programs[i];

		if (strlen(program->name) == length &&
		    strncmp(program->name, name + 6, length) == 0)
			return program->error ? NULL : program;
	}
	return NULL;
}

static void close_objects(struct trace *trace)
{
	latwrap__destroy(trace->calls);
	latwrap__destroy(trace->skeleton);
	trace->calls = trace->skeleton = NULL;
}

static bool has_other_cpu(void)
{
	cpu_set_t cpus;

	/* EINVAL: the kernel's mask is longer, for many CPUs. */
	return sched_getaffinity(0, sizeof(cpus), &cpus) < 0 || CPU_COUNT(&cpus) > 1;
}

static int open_objects(struct trace *trace, const struct trace_options *options)
{
	close_objects(trace);
	trace->skeleton = trace_kernel_open(&trace->ways, trace->types_fd);
	if (!trace->skeleton)
		return -errno;
	if (!trace->is_first_try || !has_programs_at_calls(options) || !has_other_cpu())
		return 0;
	trace->calls = trace_kernel_open(&trace->ways, trace->types_fd);
	return trace->calls ? 0 : -errno;
}

static int load_objects(const struct trace *trace, const struct trace_options *options)
{
	if (!trace->calls)
		return latwrap__load(trace->skeleton);
	if (trace_has_fault(options->faults, "no-parts", ""))
		return -EOPNOTSUPP;
	return trace_parts_load(trace->skeleton->skeleton, trace->calls->skeleton);
}

/* Loads all programs that the kernel accepts. If it refuses one, leaves it out, notes that, and loads the others again. */
static int load_programs(struct trace *trace, const struct trace_options *options,
			 const struct kernel_facts *facts)
{
	struct trace_program *refused;
	bool was_first;
	int r;

	do {
		trace_forget_complaints();
		r = open_objects(trace, options);
		if (r == 0)
			r = configure(trace, options, facts);
		if (r < 0)
			return r;
		choose_programs(trace);
		r = load_objects(trace, options);
		was_first = trace->is_first_try;
		trace->is_first_try = false;
		trace->types_fd = close_fd(trace->types_fd);
		refused = r < 0 && !was_first ? refused_program(trace) : NULL;
		if (refused && refused->required && refused->for_cpu && refused->for_io)
			return r;
		if (refused)
			refused->error = "this kernel refuses to load it";
	} while (refused || (r < 0 && was_first));
	return r == 0 && !trace->skeleton->bss ? -EOPNOTSUPP : r;
}

/* Reads from the kernel's types what to load and how. */
static void ask_kernel(struct trace *trace, const struct trace_options *options,
		       const struct trace_kernel *kernel)
{
	trace->ways = trace_kernel_ways(kernel, options->faults);
	if (!trace_has_fault(options->faults, "whole-types", ""))
		trace->types_fd = trace_kernel_types(kernel, &trace->ways);
	/* As bpf/service.h needs it: an allocator for a task's storage that works under any lock. */
	trace->may_follow_services =
		(trace_kernel_has_member(kernel, "bpf_local_storage_map", "selem_ma") ||
		 trace_kernel_has_member(kernel, "bpf_local_storage_map", "use_kmalloc_nolock")) &&
		!trace_has_fault(options->faults, "no-storage-allocator", "");
	trace->lacks_services = options->cpu && options->services && !trace->may_follow_services;
	list_programs(trace, options, kernel);
}

static int load_steps(struct trace *trace, const struct trace_options *options,
		      const struct kernel_facts *facts)
{
	int r = trace->may_step_down && trace_has_fault(options->faults, "no-step-down", "")
			? -E2BIG
			: load_programs(trace, options, facts);

	/* The switches have both ways in them then, which a verifier may find too much. */
	if (r < 0 && trace->may_step_down) {
		trace->may_step_down = false;
		r = load_programs(trace, options, facts);
	}
	return r;
}

/* Loading is over: gives back the pages of the object file, and the memory that malloc keeps. */
static void give_back_memory(void)
{
	size_t bytes, page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)latwrap__elf_bytes(&bytes), until = from + bytes;

	from = (from + page_bytes - 1) / page_bytes * page_bytes;
	until = until / page_bytes * page_bytes;
	if (from < until)
		madvise((void *)from, until - from, MADV_DONTNEED);
	malloc_trim(0);
}

/* What is not 0 ends the reading, behind this record. */
static int deliver_record(void *context, void *record, size_t bytes)
{
	struct trace *trace = context;

	trace->deliver(trace->context, record, bytes);
	return --trace->portion ? 0 : -EAGAIN;
}

static int map_ring(struct trace *trace, const struct bpf_map *map, struct ring_buffer **ret)
{
	*ret = ring_buffer__new(bpf_map__fd(map), deliver_record, trace, NULL);
	return *ret ? 0 : -errno;
}

static int open_steps(struct trace *trace, const struct trace_options *options,
		      struct trace_problem *ret)
{
	struct trace_kernel *kernel;
	struct kernel_facts facts = {0};
	int r;

	if (trace_has_fault(options->faults, "no-bpf", ""))
		return trace_explain(-EPERM, "loading BPF programs", ret);
	r = trace_kernel_new(&kernel);
	if (r < 0)
		return trace_explain(r, "reading the kernel's BTF", ret);
	ask_kernel(trace, options, kernel);
	r = trace_kernel_facts(kernel, &facts);
	/* Loading does not need these 6 MB. */
	trace_kernel_free(kernel);
	if (r == 0)
		r = load_steps(trace, options, &facts);
	if (r == -EINVAL && libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL) == 0) {
		ret->reason = xstrdup("this kernel has no BPF task storage");
		ret->advice = xstrdup("Use Linux 5.15 or later.");
		return r;
	}
	if (r < 0)
		return trace_explain(r, "loading BPF programs", ret);
	give_back_memory();
	r = map_ring(trace, trace->skeleton->maps.records, &trace->records);
	if (r < 0)
		return trace_explain(r, "mapping the ring buffer", ret);
	r = options->log ? map_ring(trace, trace->skeleton->maps.log_records, &trace->log) : 0;
	if (r < 0)
		return trace_explain(r, "mapping the ring buffer of the log", ret);
	if (options->watches_cost)
		trace->call_cost_ns = -trace_time_call_ns();
	r = attach_programs(trace);
	if (options->watches_cost)
		trace->call_cost_ns = MAX(trace->call_cost_ns + trace_time_call_ns(), 0.0);
	/* Prefer a command that is not measured to one that cannot be started. */
	if (r == 0 && !rlimits_leave_descriptors())
		r = -EMFILE;
	return r < 0 ? trace_explain(r, "attaching BPF programs", ret) : 0;
}

int trace_open(const struct trace_options *options, trace_record_fn deliver, void *context,
	       struct trace **ret, struct trace_problem *ret_problem)
{
	struct trace *trace = xcalloc(1, sizeof(*trace));
	int r;

	/* So free() gives back the kernel's types; the C library would keep such blocks for later, in each thread. */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	trace->deliver = deliver;
	trace->context = context;
	trace->is_first_try = true;
	trace->types_fd = -1;
	trace->stats_fd = options->self_profile ? trace_enable_stats() : -1;
	trace->may_step_down = options->watches_cost && has_programs_at_calls(options);
	trace_forget_complaints();
	r = open_steps(trace, options, ret_problem);
	if (r < 0) {
		trace_close(trace);
		return r;
	}
	*ret = trace;
	return 0;
}

void trace_close(struct trace *trace)
{
	bpf_link__destroy(trace->adopt);
	bpf_link__destroy(trace->snapshot);
	ring_buffer__free(trace->records);
	ring_buffer__free(trace->log);
	close_fd(trace->types_fd);
	close_fd(trace->stats_fd);
	close_objects(trace);
	free(trace);
}

/* -- Records ------------------------------------------------------------------------------------- */

int trace_fd(const struct trace *trace)
{
	return bpf_map__fd(trace->skeleton->maps.records);
}

int trace_log_fd(const struct trace *trace)
{
	return bpf_map__fd(trace->skeleton->maps.log_records);
}

void trace_consume(struct trace *trace)
{
	/* All that the ring can hold: what comes meanwhile, perhaps as fast as it is read, waits for its turn. */
	trace->portion = RECORDS_BYTES / sizeof(struct record_header);
	ring_buffer__consume(trace->records);
}

bool trace_consume_log(struct trace *trace, size_t most)
{
	trace->portion = most;
	return ring_buffer__consume(trace->log) == -EAGAIN;
}

/* Runs an iterator program over all tasks; its output is a sequence of struct record_thread. */
static int run_iterator(struct trace *trace, const struct bpf_link *link)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(link));
	struct record_thread records[16];
	size_t have = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, (char *)records + have, sizeof(records) - have);
		size_t at = 0;

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		have += n;
		for (; have - at >= sizeof(records[0]); at += sizeof(records[0]))
			trace->deliver(trace->context, (char *)records + at, sizeof(records[0]));
		memmove(records, (char *)records + at, have - at);
		have -= at;
	}
}

int trace_snapshot(struct trace *trace)
{
	return run_iterator(trace, trace->snapshot);
}

int trace_adopt(struct trace *trace)
{
	return run_iterator(trace, trace->adopt);
}

int trace_include(struct trace *trace, uint64_t cgroup_id)
{
	const uint8_t value = 1;

	return bpf_map__update_elem(trace->skeleton->maps.included, &cgroup_id, sizeof(cgroup_id),
				    &value, sizeof(value), BPF_NOEXIST);
}

bool trace_lacks_services(const struct trace *trace)
{
	return trace->lacks_services;
}

bool trace_has_steal_clock(const struct trace *trace)
{
	return trace->ways.has_steal_clock;
}

int64_t trace_threads_alive(const struct trace *trace)
{
	return __atomic_load_n(&trace->skeleton->bss->threads_alive, __ATOMIC_RELAXED);
}

/* Programs run in RCU read sections: when membarrier(2) returns, programs that have not seen the flag have ended. */
void trace_stop_counting(struct trace *trace)
{
	__atomic_store_n(&trace->skeleton->bss->run_is_over, true, __ATOMIC_SEQ_CST);
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void trace_name_symbols(struct trace *trace, const uint64_t *addresses, size_t count,
			char (*ret)[SYMBOL_BYTES])
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	struct latwrap__bss *shared = trace->skeleton->bss;

	memset(ret, 0, count * SYMBOL_BYTES);
	memset(shared->symbol_addresses, 0, sizeof(shared->symbol_addresses));
	memcpy(shared->symbol_addresses, addresses,
	       MIN(count, (size_t)STACK_DEPTH) * sizeof(*addresses));
	if (bpf_prog_test_run_opts(bpf_program__fd(program_of(trace, "name_symbols")), &run) == 0)
		memcpy(ret, shared->symbol_names, MIN(count, (size_t)STACK_DEPTH) * SYMBOL_BYTES);
}

int trace_map_fd(const struct trace *trace, const char *name)
{
	return bpf_object__find_map_fd_by_name(trace->skeleton->obj, name);
}

static int ask_program(const struct bpf_program *program, struct bpf_prog_info *ret)
{
	uint32_t size = sizeof(*ret);

	*ret = (struct bpf_prog_info){0};
	return bpf_obj_get_info_by_fd(bpf_program__fd(program), ret, &size);
}

/* The kernel counts skipped runs of all threads. For a program with a copy, the BPF side counts those of the run's threads. */
static void ask_twin(struct trace *trace, struct trace_program *state)
{
	const struct bpf_program *twin = twin_of(trace, state->name);
	const struct latwrap__bss *shared = trace->skeleton->bss;
	struct bpf_prog_info info;

	if (!twin || ask_program(twin, &info) < 0)
		return;
	state->missed = MIN(state->missed, info.recursion_misses);
	state->missed = MIN(state->missed, streq(state->name, "sys_enter") ? shared->unseen_begins
									   : shared->unseen_ends);
	if (trace->stats_fd < 0)
		return;
	state->run_count += info.run_cnt;
	state->run_ns += info.run_time_ns;
}

unsigned trace_programs(struct trace *trace, const struct trace_program **ret)
{
	for (unsigned i = 0; i < trace->program_count; i++) {
		struct trace_program *state = &trace->programs[i];
		struct bpf_prog_info info;

		if (!state->attached || ask_program(program_of(trace, state->name), &info) < 0)
			continue;
		/*
		 * The kernel skips a run in an interrupt that comes during another run. An interrupt cannot sleep for a
		 * lock: its contention is on a spinlock, which the program ignores anyway.
		 */
		if (!startswith(state->name, "contention_"))
			state->missed = info.recursion_misses;
		state->run_count = trace->stats_fd < 0 ? 0 : info.run_cnt;
		state->run_ns = trace->stats_fd < 0 ? 0 : info.run_time_ns;
		ask_twin(trace, state);
	}
	*ret = trace->programs;
	return trace->program_count;
}

/* -- Cost ---------------------------------------------------------------------------------------- */

int trace_enable_stats(void)
{
	return bpf_enable_stats(BPF_STATS_RUN_TIME);
}

void trace_cost(const struct trace *trace, struct trace_cost *ret)
{
	struct bpf_prog_info info;

	*ret = (struct trace_cost){0};
	for (unsigned i = 0; i < trace->program_count; i++) {
		const struct trace_program *state = &trace->programs[i];
		const struct bpf_program *twin = twin_of(trace, state->name);

		if (!state->attached || ask_program(program_of(trace, state->name), &info) < 0)
			continue;
		ret->programs_ns += info.run_time_ns;
		if (streq(state->name, "sys_enter"))
			ret->calls = info.run_cnt;
		if (twin && ask_program(twin, &info) == 0)
			ret->programs_ns += info.run_time_ns;
	}
}

double trace_call_cost_ns(const struct trace *trace)
{
	return trace->call_cost_ns;
}

/* Requests of io_uring are still followed: that costs no call anything. */
static bool is_for_each_call(const char *program)
{
	return is_at_calls(program) && !startswith(program, "io_uring_");
}

static void detach_program(const struct latwrap *part, const struct bpf_program *program)
{
	struct bpf_link **link = link_of(part, program);

	bpf_link__destroy(*link);
	*link = NULL;
}

bool trace_may_step_down(const struct trace *trace)
{
	return trace->may_step_down;
}

bool trace_step_down(struct trace *trace)
{
	if (!trace->may_step_down)
		return false;
	/* First for the programs that are attached: the end of a call must not be seen without its begin. */
	__atomic_store_n(&trace->skeleton->bss->has_stepped_down, true, __ATOMIC_SEQ_CST);
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (unsigned i = 0; i < trace->program_count; i++) {
		const char *name = trace->programs[i].name;
		const struct bpf_program *twin = twin_of(trace, name);

		if (!is_for_each_call(name) ||
		    (streq(name, "sys_enter") && trace->skeleton->bss->has_seen_results))
			continue;
		detach_program(part_of(trace, name), program_of(trace, name));
		if (twin)
			detach_program(part_of(trace, name), twin);
	}
	return true;
}
