/* What one run's session holds, for the files that make it up. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/facts.h"
#include "model/model.h"
#include "run/cgroup.h"
#include "run/child.h"
#include "run/resolve.h"
#include "run/session.h"
#include "runners/span_socket.h"
#include "trace/trace.h"
#include "run/resources.h"
#include "run/watchdog.h"
#include "run/witness.h"

enum loop_source {
	LOOP_SIGNAL,
	LOOP_WITNESS,
	LOOP_CHILD,
	LOOP_EXEC,
	LOOP_RECORDS,
	LOOP_SPANS,
	LOOP_TICK,
	LOOP_TIMEOUT,
	LOOP_CGROUP
};

struct session {
	const struct session_options *options;
	struct run_facts *facts;
	struct model *model;
	struct cgroup cgroup;
	struct resolver resolver;
	struct trace *trace; /* NULL: unmeasured */
	struct child child;
	struct span_socket spans;
	struct resources resources;
	struct witness witness;
	struct watchdog watchdog;
	sigset_t old_mask;
	int epoll_fd, signal_fd, tick_fd, timeout_fd, cgroup_fd;
	uint64_t next_checkpoint_ns;
	uint64_t adopted; /* of model->moved */
	uint64_t live_seen;
	bool ended, emptied;
	bool keeps_descendants; /* there is no cgroup to tell what is left */
	int exec_error;
};

/* A signal other than SIGCHLD was read, and all records that were there before it. */
void session_signalled(struct session *session, const struct signalfd_siginfo *info);

/*
 * Makes the cgroup and the model, and loads BPF. Without a cgroup or BPF the command runs all the same, and
 * the report says that nobody looked: then session->trace is NULL. Returns 0, or -errno where that is to
 * end the run (a message was logged, if the reason is that something is not supported).
 */
int session_start_tracing(struct session *session);
