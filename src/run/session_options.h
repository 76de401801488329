/* What a session is asked to do */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/facts.h"
#include "model/model.h"
#include "run/disturber.h"
#include "run/include.h"
#include "run/log_feed.h"
#include "run/user.h"
#include "run/watched.h"
#include "runners/runner.h"

enum leftovers { LEFTOVERS_LEAVE, LEFTOVERS_KILL, LEFTOVERS_WAIT };
extern const char *const leftovers_names[];

struct runner_setup;

/* A session without a command of its own, for `latwrap start` */
struct job {
	const char *cgroup; /* which one to watch; NULL: that of the caller */
	int stop_fd; /* readable when somebody asks to end the job */
	bool (*stop)(void *context); /* called then; returns whether to end it */
	/*
	 * Called when all is measured, with the environment that test runners need. Returns 0, or
	 * -errno after a message.
	 */
	int (*ready)(void *context, const struct run_facts *facts,
		     const struct runner_setup *setup);
	void *context;
};

/* How to disturb a run (latwrap shake) */
struct disturb_plan {
	enum disturbance kind;
	const struct watched_cgroup *services; /* for DISTURB_SERVICE: the cgroups to freeze */
	size_t service_count;
	/*
	 * A test begins, or with span NULL the command. Returns the number of the test, and what to
	 * do to it, which is nothing unless may_disturb; 0: not a test.
	 */
	uint32_t (*begun)(void *context, const struct span *span, bool may_disturb,
			  struct disturb_steps *ret);
	void (*done)(void *context, const struct disturb_done *done);
	void *context;
};

struct session_options {
	char *const *argv;
	const struct job *job; /* NULL: argv is the command to run */
	const struct user_spec *user; /* NULL: the user of the caller */
	uint64_t cpu_threshold_ns, io_threshold_ns, hiccup_threshold_ns;
	bool cpu, io;
	bool services; /* follow whom the command wakes outside its cgroup */
	bool io_blocked; /* with io: only sleeps inside calls */
	bool self_profile; /* measure what latwrap's own BPF programs cost */
	uint64_t overhead_ppm; /* step down when tracing costs a larger share of the CPU time; 0: never */
	bool fail_unsupported; /* exit with 125 instead of running without BPF */
	uint64_t timeout_ns; /* 0: no timeout */
	uint64_t kill_after_ns; /* from SIGTERM to SIGKILL */
	enum leftovers leftovers;
	enum runner runner;
	size_t max_stalls;
	const char *faults; /* LATWRAP_FAULT; may be NULL */
	const struct watched_cgroup *watched; /* the watched cgroups */
	size_t watched_count; /* at most GROUPS_MAX - 1 */
	const struct include *include; /* cgroups that become part of the run */
	const struct gate *gates;
	const struct baseline *baseline; /* NULL: no earlier report */
	size_t gate_count;
	/* For the command: the mask of the caller; NULL: the current mask */
	const sigset_t *sigmask;
	const struct session_log *log; /* NULL: no log */
	uint64_t checkpoint_ns; /* between two checkpoints */
	/* The caller may run another session: keep the privileges that loading BPF needs */
	bool may_repeat;
	const struct disturb_plan *disturb; /* NULL: disturb nothing */
	const struct rlimits *limits; /* for the command; NULL: the limits of the caller */
	/* Called while the command runs, with facts and model up to date; may be NULL. */
	void (*checkpoint)(void *context, const struct run_facts *facts, const struct model *model);
	void *context;
};
