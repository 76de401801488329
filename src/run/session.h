/* One run from beginning to end: cgroup, BPF, the command, the loop, the last drain. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/facts.h"
#include "model/model.h"
#include "run/watched.h"
#include "run/log_feed.h"
#include "runners/runner.h"
#include "run/user.h"

enum leftovers { LEFTOVERS_LEAVE, LEFTOVERS_KILL, LEFTOVERS_WAIT };
extern const char *const leftovers_names[];

struct session_options {
	char *const *argv;
	const struct user_spec *user; /* NULL: the caller */
	uint64_t cpu_threshold_ns, io_threshold_ns, hiccup_threshold_ns;
	bool cpu, io;
	bool io_blocked; /* io: only what calls sleep for */
	bool self_profile; /* measure what latwrap's own BPF programs cost */
	bool fail_unsupported; /* rather 125 than a run without BPF */
	uint64_t timeout_ns; /* 0: none */
	uint64_t kill_after_ns; /* from SIGTERM to SIGKILL */
	enum leftovers leftovers;
	enum runner runner;
	size_t max_stalls;
	const char *faults; /* LATWRAP_FAULT; may be NULL */
	const struct also *also; /* what to watch beside the run */
	size_t also_count; /* at most GROUPS_MAX - 1 */
	const struct gate *gates;
	size_t gate_count;
	const sigset_t *sigmask; /* the caller's own, for the command; NULL: the current one */
	const struct session_log *log; /* NULL: none is wanted */
	uint64_t checkpoint_ns; /* between two */
	bool may_repeat; /* the caller may run another session: no privilege is dropped for good */
	const struct rlimits *limits; /* that the command is to have; NULL: the caller's */
	/* Called while the command runs, with everything up to date; may be NULL. */
	void (*checkpoint)(void *context, const struct run_facts *facts, const struct model *model);
	void *context;
};

/*
 * Runs the command. Returns its exit status as a shell would have it: its own, 128 + signal, 124 after a
 * timeout, 126 or 127 when it could not be run, 125 when latwrap failed before that (a message was logged).
 * *ret_model is NULL in the last case; otherwise facts and model tell the whole story, and the caller ends
 * them with model_free() and run_facts_done(). ret_facts must be zeroed.
 */
int session_run(const struct session_options *options, struct run_facts *ret_facts,
		struct model **ret_model);
