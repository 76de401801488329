/* The state of a session, shared by the files that implement it */
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
	struct trace *trace; /* NULL: the run is unmeasured */
	struct child child;
	struct span_socket spans;
	struct resources resources;
	struct witness witness;
	struct watchdog watchdog;
	sigset_t old_mask;
	int epoll_fd, signal_fd, tick_fd, timeout_fd, cgroup_fd;
	uint64_t next_checkpoint_ns;
	uint64_t adopted; /* value of model->moved at the last trace_adopt() */
	uint64_t live_seen;
	bool ended, emptied;
	bool keeps_descendants; /* no cgroup: find leftovers as descendants */
	int exec_error;
};

/*
 * Handles a signal other than SIGCHLD. The caller has consumed all records that were sent before
 * it.
 */
void session_signalled(struct session *session, const struct signalfd_siginfo *info);

/*
 * Makes the cgroup and the model, and loads BPF. Without a cgroup or BPF the command still runs:
 * session->trace is NULL, and the report says that the run is unmeasured. Returns 0, or -errno if
 * the run must end (an error was logged if the reason is that something is not supported).
 */
int session_start_tracing(struct session *session);
