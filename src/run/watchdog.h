/* End the run if the recorder hangs: --timeout, signals and the end of the command still work */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "run/cgroup.h"
#include "run/child.h"

#define WATCHDOG_EXIT_UNKNOWN (-1)

/*
 * A thread that sleeps until the command ends, --timeout is over or a signal asks to end. The
 * thread of the recorder should act on these events; as long as its loop turns, the watchdog goes
 * back to sleep. A recorder that uses more CPU time in one turn than any turn needs counts as
 * hanging. From then on the watchdog passes signals on and enforces --timeout. When the command
 * ends, the watchdog ends latwrap with the exit status of the command and one line of error; the
 * report is the last checkpoint. It measures CPU time because a recorder that waits for a CPU does
 * not hang.
 */
struct watchdog {
	pthread_t thread;
	bool is_started;
	clockid_t recorder_clock; /* CPU time of the thread of the recorder */
	atomic_ulong turns;
	atomic_int exit_status; /* of the command, once the recorder has reaped it */
	/* Only the watchdog uses the rest. */
	int stop_fd, signal_fd, pidfd, cgroup_fd;
	pid_t pid;
	/* CLOCK_MONOTONIC: when to send SIGTERM, then SIGKILL; UINT64_MAX: never */
	uint64_t deadline_ns;
	uint64_t kill_after_ns;
	bool timed_out, has_ended;
	unsigned long seen_turns; /* at the last look of the watchdog */
	uint64_t seen_cpu_ns;
};

#define WATCHDOG_NONE ((struct watchdog){.stop_fd = -1, .signal_fd = -1})

/*
 * Starts the watchdog. If the kernel has no thread to spare, the run has no watchdog. timeout_ns 0:
 * no timeout.
 */
void watchdog_start(struct watchdog *watchdog, const struct child *child,
		    const struct cgroup *cgroup, uint64_t timeout_ns, uint64_t kill_after_ns);
/* The recorder calls this after each piece of work, which takes far less than 10 s of CPU time. */
void watchdog_turn(struct watchdog *watchdog);
void watchdog_reaped(struct watchdog *watchdog, int exit_status);
void watchdog_stop(struct watchdog *watchdog);
