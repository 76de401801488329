/* The state of a session: opening and closing what it has open */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/facts.h"
#include "model/model.h"
#include "run/cgroup.h"
#include "run/child.h"
#include "run/disturber.h"
#include "run/resolve.h"
#include "run/session_options.h"
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
	LOOP_CGROUP,
	LOOP_STOP,
	LOOP_DISTURBED,
	LOOP_OVERHEAD
};

/* A test that runs at present */
struct open_test {
	uint64_t span_number;
	const struct lineage *process; /* only compared */
	uint32_t test;
	bool is_disturbed;
};

/* A window in which the kernel counts what tracing costs */
struct overhead_window {
	int timer_fd; /* -1: nobody asked */
	int stats_fd; /* -1: no window is open */
	uint64_t from_ns, from_ticks;
	struct trace_cost from;
	unsigned count, pause; /* windows so far, ticks until the next one */
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
	struct disturber disturber;
	struct overhead_window overhead;
	struct open_test *open_tests; /* owned; only with options->disturb */
	size_t open_test_count;
	sigset_t old_mask;
	int epoll_fd, signal_fd, tick_fd, timeout_fd, cgroup_fd;
	uint64_t next_checkpoint_ns;
	uint64_t adopted; /* value of model->moved at the last trace_adopt() */
	uint64_t live_seen; /* threads in the snapshot that is being taken */
	bool only_counts; /* that snapshot is not for the models */
	uint64_t include_refused; /* cgroups that existed and found no room */
	bool ended, emptied;
	bool keeps_descendants; /* no cgroup: find leftovers as descendants */
	int exec_error;
};

#define SESSION_NONE                                   \
	((struct session){.cgroup = CGROUP_NONE,       \
			  .child = CHILD_NONE,         \
			  .spans = SPAN_SOCKET_NONE,   \
			  .resources = RESOURCES_NONE, \
			  .witness = WITNESS_NONE,     \
			  .watchdog = WATCHDOG_NONE,   \
			  .disturber = DISTURBER_NONE, \
			  .overhead = {-1, -1},        \
			  .epoll_fd = -1,              \
			  .signal_fd = -1,             \
			  .tick_fd = -1,               \
			  .timeout_fd = -1,            \
			  .cgroup_fd = -1})

/*
 * Opens the event loop: signals, which are blocked from now on, and a timer. *ret_facts must be
 * zeroed; it gets what describes the run. Returns 0, or -errno after a message. The caller ends
 * *session with session_close() either way; options and *ret_facts must outlive it.
 */
int session_open(struct session *session, const struct session_options *options,
		 struct run_facts *ret_facts);
/* Closes and removes everything, also the model, unless the caller has taken it. */
void session_close(struct session *session);
