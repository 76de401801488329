/* Ends the run where the recorder itself hangs: --timeout, signals and the command's end do not depend on its loop. */
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
 * A thread that sleeps until the command ends, --timeout is over or a signal asks to end. The recorder's thread is
 * to act on these, and turns its loop: then the watchdog sleeps on. A recorder that uses more CPU time than any
 * turn needs is taken to go round in a circle: from then on the watchdog passes signals on, ends what --timeout
 * ends, and when the command is over ends latwrap with the command's exit status, one line, and no report
 * beyond the last checkpoint. CPU time, because a recorder that the machine lets wait is not one that hangs.
 */
struct watchdog {
	pthread_t thread;
	bool is_started;
	clockid_t recorder_clock; /* CPU time of the thread that turns */
	atomic_ulong turns;
	atomic_int exit_status; /* the command's, once the recorder has reaped it */
	/* The rest is the watchdog's own. */
	int stop_fd, signal_fd, pidfd, cgroup_fd;
	pid_t pid;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC: when to end the command, or then to kill it; UINT64_MAX: not */
	uint64_t kill_after_ns;
	bool timed_out, has_ended;
	unsigned long
		seen_turns; /* when it looked last, and the CPU time that the recorder had used then */
	uint64_t seen_cpu_ns;
};

#define WATCHDOG_NONE ((struct watchdog){.stop_fd = -1, .signal_fd = -1})

/* Without it, as where the kernel has no thread to spare, nothing watches. timeout_ns 0: none. */
void watchdog_start(struct watchdog *watchdog, const struct child *child,
		    const struct cgroup *cgroup, uint64_t timeout_ns, uint64_t kill_after_ns);
/* The recorder turns: it has come to an end with something, as it does in far less than ten seconds of CPU time. */
void watchdog_turn(struct watchdog *watchdog);
void watchdog_reaped(struct watchdog *watchdog, int exit_status);
void watchdog_stop(struct watchdog *watchdog);
