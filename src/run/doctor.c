/* Try each part that a run needs on this machine, and say what to do about the missing ones */
#include "run/doctor.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "run/cgroup.h"
#include "run/cgroup_create.h"
#include "run/child.h"
#include "run/doctor_ci.h"
#include "run/doctor_system.h"
#include "run/pressure.h"
#include "trace/trace.h"
#include "trace/trace_fault.h"
#include "trace/trace_probe.h"

struct examination {
	struct diagnosis *diagnosis;
	struct system_state system;
	const char *faults;
	bool program_missing; /* a required one */
};

/* -- BPF ----------------------------------------------------------------------------------------- */

/* What a run lacks without an optional program, by the prefix of its name */
static const struct {
	const char *prefix, *lost;
} optional_programs[] = {
	{"cgroup_attach_task",
	 "a process moved into the run's cgroup is seen from its next call on, and when it leaves is unknown"},
	{"sched_migrate_task",
	 "waits are not followed from CPU to CPU, and their culprits may be incomplete"},
	{"exec_environment", "only runners that report their tests give tests names"},
	{"task_rename", "a culprit may have an older name"},
	{"irq_handler_", "the time of interrupts is not separated"},
	{"softirq_", "the time of interrupts is not separated"},
	{"hrtimer_expire_", "hiccups are not seen"},
	{"contention_", "waiting for a lock of the kernel is not separated (needs Linux 5.19)"},
	{"flock_", "who keeps a lock of a file is not known until it lets go"},
	{"posix_", "who keeps a lock of a file is not known until it lets go"},
	{"block_", "what kept a block device busy is not seen"},
	{"mm_vmscan_", "waiting for memory is not separated"},
	{"mm_compaction_", "waiting for memory is not separated"},
	{"page_fault_",
	 "some page faults are known by the thread's sleep alone, and their file may be unknown"},
	{"mm_filemap_fault",
	 "the file that a page fault waits for is looked up in /proc (needs Linux 6.13)"},
};

static const char *what_is_lost(const char *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(optional_programs); i++)
		if (startswith(program, optional_programs[i].prefix))
			return optional_programs[i].lost;
	return "the report lacks what this program adds";
}

static char *probe_advice(const struct examination *examination, const struct probe *probe)
{
	if (probe->result == PROBE_SWITCHED_OFF)
		return xstrdup("Unset LATWRAP_FAULT, which is for tests.");
	if (!probe->required && probe->result == PROBE_ABSENT)
		return xasprintf("Not needed; without it, %s.", what_is_lost(probe->name));
	if (!examination->system.privileged)
		return xstrdup("It needs the privilege named above.");
	if (examination->system.confidential)
		return xstrdup("See lockdown.");
	if (probe->result == PROBE_ABSENT || probe->kind == PROBE_FEATURE)
		return xstrdup("Use a newer kernel.");
	return xstrdup(
		"Use a newer kernel: Linux 5.15 has all that is needed. If this one is newer, please "
		"report it, with what `latwrap doctor --verbose` says.");
}

static void on_probe(void *context, const struct probe *probe)
{
	static const char *const kinds[] = {
		[PROBE_FEATURE] = "",
		[PROBE_PROGRAM] = "program ",
		[PROBE_ITERATOR] = "iterator ",
		[PROBE_CALLED] = "program ",
	};
	struct examination *examination = context;
	_cleanup_free_ char *name = xasprintf("BPF %s%s", kinds[probe->kind], probe->name);
	struct check *check;

	if (probe->result == PROBE_WORKS) {
		diagnosis_add(examination->diagnosis, name, CHECK_OK, xstrdup("works"), NULL);
		return;
	}
	if (probe->required)
		examination->program_missing = true;
	check = diagnosis_add(examination->diagnosis, name,
			      probe->required ? CHECK_MISSING : CHECK_OPTIONAL_MISSING,
			      xstrdup(probe->reason), probe_advice(examination, probe));
	if (probe->log)
		check->log = xstrdup(probe->log);
}

/* -- Cgroup -------------------------------------------------------------------------------------- */

/* Starts a child in the cgroup and kills it before it runs its command. */
static void check_launch(struct examination *examination, const struct cgroup *cgroup)
{
	static char word[] = "true";
	char *argv[] = {word, NULL};
	const struct child_spec spec = {
		.argv = argv,
		.cgroup_fd = cgroup->fd,
		.force_fork = trace_has_fault(examination->faults, "no-clone-into-cgroup", ""),
	};
	struct diagnosis *diagnosis = examination->diagnosis;
	struct child child;
	struct child_exit end;
	int r = child_start(&spec, &child);

	if (r < 0) {
		diagnosis_add(
			diagnosis, "CLONE_INTO_CGROUP", CHECK_MISSING,
			xasprintf("cannot start a process in the cgroup: %s", strerror(-r)),
			xstrdup("See whether a limit on processes is reached (ulimit -u, pids.max)."));
		return;
	}
	if (child.way == CHILD_CLONED_INTO)
		diagnosis_add(diagnosis, "CLONE_INTO_CGROUP", CHECK_OK,
			      xstrdup("the command starts inside its cgroup"), NULL);
	else
		diagnosis_add(
			diagnosis, "CLONE_INTO_CGROUP", CHECK_OPTIONAL_MISSING,
			xstrdup("the kernel, or a seccomp filter, refuses it"),
			xstrdup("Not needed: the command is moved into its cgroup before it starts."));
	r = write_file_at(cgroup->fd, "cgroup.kill", "1");
	if (r == 0)
		r = child_reap(&child, true, &end);
	if (r == 0)
		diagnosis_add(diagnosis, "cgroup.kill", CHECK_OK,
			      xstrdup("ends everything in the cgroup at once"), NULL);
	else
		diagnosis_add(diagnosis, "cgroup.kill", CHECK_OPTIONAL_MISSING,
			      xstrdup(strerror(-r)),
			      xstrdup("Not needed: processes are stopped and killed one by one "
				      "(Linux 5.14 has it)."));
	child_close(&child);
}

static void check_pressure(struct diagnosis *diagnosis, const struct cgroup *cgroup)
{
	static const char advice[] = "Boot with psi=1, if the kernel has CONFIG_PSI. Stalls are "
				     "measured without it.";
	struct pressure_sample sample;
	int r = pressure_start(cgroup->dir, &sample);

	if (r < 0)
		diagnosis_add(diagnosis, "PSI", CHECK_OPTIONAL_MISSING,
			      xstrdup("the kernel does not report pressure"), xstrdup(advice));
	else if (sample.of_cgroup)
		diagnosis_add(diagnosis, "PSI", CHECK_OK, xstrdup("for the run's own cgroup"),
			      NULL);
	else
		diagnosis_add(diagnosis, "PSI", CHECK_OPTIONAL_MISSING,
			      xstrdup("only for the whole system"),
			      xstrdup("Not needed: the report gives the system's pressure."));
}

/* -- All together -------------------------------------------------------------------------------- */

static void ignore_record(void *context, const void *record, size_t bytes)
{
	(void)context;
	(void)record;
	(void)bytes;
}

/* Makes the same call as a run, for the same result. */
static enum trace_status try_run(struct examination *examination, const struct cgroup *cgroup)
{
	const struct trace_options options = {
		.groups = {{cgroup->id, 1}},
		.group_count = 1,
		.cpu_threshold_ns = NSEC_PER_SEC,
		.io_threshold_ns = NSEC_PER_SEC,
		.hiccup_threshold_ns = NSEC_PER_SEC,
		.cpu = true,
		.io = true,
		.faults = examination->faults,
	};
	enum trace_status status = TRACE_FULL;
	const struct trace_program *programs;
	struct trace_problem problem = {0};
	struct trace *trace = NULL;
	unsigned count;

	if (trace_open(&options, ignore_record, NULL, &trace, &problem) < 0) {
		/* Each program works alone: report that they fail together. */
		if (!examination->program_missing)
			diagnosis_add(examination->diagnosis, "BPF programs together",
				      CHECK_MISSING, xstrdup(problem.reason),
				      xstrdup(problem.advice));
		trace_problem_done(&problem);
		return TRACE_NONE;
	}
	count = trace_programs(trace, &programs);
	for (unsigned i = 0; i < count; i++)
		if (programs[i].required && !programs[i].attached)
			status = TRACE_PARTIAL;
	trace_close(trace);
	return status;
}

void doctor_examine(const char *faults, struct diagnosis *ret)
{
	struct examination examination = {.diagnosis = ret, .faults = faults};
	struct cgroup cgroup = CGROUP_NONE;
	char *message = NULL;
	int r;

	*ret = (struct diagnosis){.status = TRACE_NONE};
	doctor_check_system(ret, &examination.system);
	trace_probe(faults, on_probe, &examination);
	r = cgroup_create(&cgroup, &message);
	if (r < 0) {
		message[0] = (char)toupper((unsigned char)message[0]);
		diagnosis_add(ret, "cgroup", CHECK_MISSING,
			      xasprintf("cannot make a cgroup for the run: %s", strerror(-r)),
			      message);
		check_pressure(ret, &cgroup);
	} else {
		diagnosis_add(ret, "cgroup", CHECK_OK, xasprintf("made and removed %s", cgroup.dir),
			      NULL);
		check_launch(&examination, &cgroup);
		check_pressure(ret, &cgroup);
		ret->status = try_run(&examination, &cgroup);
		if (cgroup_destroy(&cgroup) < 0)
			cgroup_close(&cgroup);
	}
	doctor_check_extras(ret);
	doctor_check_ci(ret, examination.system.privileged && r == 0);
}
