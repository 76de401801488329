/* Collect what tracing knows about itself (programs, losses, cost) as facts for the report */
#include "run/collect.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/util.h"
#include "model/table.h"
#include "trace/trace_tables.h"

static void on_file(void *context, const struct file_id *id, const struct file_totals *totals)
{
	model_file_totals(context, id, totals);
}

static void on_call(void *context, uint32_t number, const struct call_totals *totals)
{
	model_call_totals(context, number, totals);
}

static uint64_t timeval_ns(struct timeval time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_usec * NSEC_PER_USEC;
}

/* A table that cannot be read makes the measurement partial, although BPF counted. */
static void note_failure(struct trace_facts *facts, const char *what, int err)
{
	if (err >= 0 || facts->status != TRACE_FULL)
		return;
	facts->status = TRACE_PARTIAL;
	free(facts->reason);
	facts->reason = xasprintf("%s could not be read: %s", what, strerror(-err));
}

void collect_overhead(struct trace_facts *facts)
{
	struct rusage own;

	if (getrusage(RUSAGE_SELF, &own) < 0)
		return;
	facts->latwrap_user_ns = timeval_ns(own.ru_utime);
	facts->latwrap_system_ns = timeval_ns(own.ru_stime);
}

void collect_tables(struct trace *trace, struct model *model, struct trace_facts *facts)
{
	const struct trace_program *programs;
	unsigned count = trace_programs(trace, &programs);

	note_failure(facts, "the table of files", trace_files(trace, on_file, model));
	note_failure(facts, "the table of calls", trace_calls(trace, on_call, model));
	note_failure(facts, "what was lost", trace_losses(trace, facts->losses));
	for (unsigned i = 0; i < MIN(count, (unsigned)facts->program_count); i++) {
		facts->programs[i].missed = programs[i].missed;
		facts->programs[i].run_count = programs[i].run_count;
		facts->programs[i].run_ns = programs[i].run_ns;
	}
	collect_overhead(facts);
}

void collect_limit(struct trace_facts *facts, const char *sentence)
{
	facts->limits = xreallocarray(facts->limits, facts->limit_count + 1, sizeof(char *));
	facts->limits[facts->limit_count++] = xstrdup(sentence);
}

/* The programs for a begin and an end event are two; report their limit once. */
static void add_limit_once(struct trace_facts *facts, const char *sentence)
{
	for (size_t i = 0; i < facts->limit_count; i++)
		if (streq(facts->limits[i], sentence))
			return;
	collect_limit(facts, sentence);
}

/*
 * What the report lacks without a program that some kernels do not support, by the prefix of its
 * name
 */
static const struct {
	const char *program, *limit;
} program_limits[] = {
	{"page_fault_",
	 "Some page faults are known by the thread's sleep alone, so their file may be unknown."},
	{"mm_filemap_fault", "The file that a page fault waited for may be unknown."},
	{"mm_filemap_add_to_page_cache", "The file that a page fault waited for may be unknown."},
	{"sched_migrate_task",
	 "Waits are not followed from CPU to CPU: their culprits may be incomplete."},
	{"cgroup_attach_task",
	 "A process that is moved into the cgroup is seen from its next call on. When it leaves is unknown."},
	{"cgroup_mkdir", "Cgroups of --include that are made during the run are not part of it."},
	{"cgroup_release",
	 "The room for cgroups of --include may be used up by some that are gone."},
	{"exec_environment", "Only runners that report their tests give tests names."},
	{"task_rename", "A culprit may have the name that it had when it got the CPU."},
	{"irq_handler_",
	 "Time in device interrupts is not separated from that of the interrupted program."},
	{"softirq_entry",
	 "Time in soft interrupts is not separated from that of the interrupted program."},
	{"softirq_exit",
	 "Time in soft interrupts is not separated from that of the interrupted program."},
	{"softirq_raise",
	 "Waiting for another machine is not separated from waiting for a program on this machine."},
	{"hrtimer_expire_", "Hiccups and late timers are not seen."},
	{"io_uring_", "Requests of io_uring are not followed: only its sleeps for files are seen."},
	{"block_", "What kept a block device busy is not seen: that time counts as the device's."},
	{"contention_",
	 "Waiting for a lock of the kernel is not separated from waiting for a file."},
	{"flock_",
	 "Who keeps a lock of a file is not known if the wait for it ends before it is let go."},
	{"posix_",
	 "Who keeps a lock of a file is not known if the wait for it ends before it is let go."},
	{"mm_vmscan_", "Time that it took to free memory is not separated."},
	{"mm_compaction_", "Time that it took to compact memory is not separated."},
};

static void copy_programs(struct trace *trace, struct trace_facts *facts)
{
	const struct trace_program *programs;

	facts->program_count = trace_programs(trace, &programs);
	facts->programs = xcalloc(facts->program_count + 1, sizeof(*facts->programs));
	for (size_t i = 0; i < facts->program_count; i++) {
		facts->programs[i].name = xstrdup(programs[i].name);
		facts->programs[i].attached = programs[i].attached;
		facts->programs[i].error = programs[i].error ? xstrdup(programs[i].error) : NULL;
		if (programs[i].attached)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(program_limits); j++)
			if (startswith(programs[i].name, program_limits[j].program))
				add_limit_once(facts, program_limits[j].limit);
		if (programs[i].required) {
			facts->status = TRACE_PARTIAL;
			facts->cpu &= !programs[i].for_cpu;
			facts->io &= !programs[i].for_io;
			free(facts->reason);
			facts->reason = xasprintf("%s is not traced: %s", programs[i].name,
						  programs[i].error);
		}
	}
}

void collect_snapshot(struct trace *trace, struct trace_facts *facts)
{
	note_failure(facts, "the threads that are alive", trace_snapshot(trace));
}

void collect_status(struct trace *trace, const struct trace_problem *problem,
		    struct trace_facts *facts)
{
	if (!trace) {
		facts->status = TRACE_NONE;
		facts->cpu = facts->io = false;
		facts->reason = problem->reason ? xstrdup(problem->reason) : NULL;
		facts->advice = problem->advice ? xstrdup(problem->advice) : NULL;
		collect_limit(facts,
			      "Nothing was traced: the report has no stalls, processes or files.");
		return;
	}
	facts->status = TRACE_FULL;
	facts->has_steal_clock = trace_has_steal_clock(trace);
	if (facts->io_blocked)
		collect_limit(
			facts,
			"Only sleeps inside file operations were watched (--io=blocked): "
			"calls, bytes and files are not counted, the file of a page fault may be unknown, "
			"and close(2) is not seen.");
	if (trace_lacks_services(trace))
		collect_limit(
			facts,
			"Threads outside the run that it wakes are not followed: that needs Linux 6.4.");
	copy_programs(trace, facts);
}
