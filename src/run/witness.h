/* Distinguish signals sent to the whole process group from signals sent to latwrap alone */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/signals.h"

/*
 * The command is in the process group of latwrap, as bare it would be in that of its caller. A
 * signal to the group (Ctrl-C in a terminal, kill(2) with a negative PID) reaches the command
 * directly; a signal to latwrap alone must be passed on. siginfo_t does not distinguish the two. So
 * a child of latwrap, the witness, waits in the group and does nothing else: a signal that the
 * witness received was sent to the group.
 */
struct witness {
	pid_t pid; /* -1 if there is none */
	int pidfd, fd;
	unsigned heard[SIGNAL_COUNT +
		       1]; /* signals that the witness received and latwrap has not read yet */
};

#define WITNESS_NONE ((struct witness){.pid = -1, .pidfd = -1, .fd = -1})

/*
 * Starts the witness. All signals that signals_take() blocks must be blocked. fd becomes readable
 * when the witness receives a signal: then read the signals of latwrap and call witness_forget().
 * Returns 0 or -errno.
 */
int witness_start(struct witness *ret);
void witness_stop(struct witness *witness);
/* Returns whether there is a witness that answers. */
bool witness_is_there(const struct witness *witness);
/* Call this for a signal that latwrap has just read. Returns whether the group received it too. */
bool witness_heard(struct witness *witness, int number);
/*
 * Forgets the signals that only the witness received. Call this when latwrap has read all of its own
 * signals.
 */
void witness_forget(struct witness *witness);
