/* Tells a signal that the whole process group got from one that latwrap alone got. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/signals.h"

/*
 * The command is in latwrap's process group, as it would be in its caller's. What is sent to the group (a
 * terminal's Ctrl-C, kill(2) with a negative PID) reaches the command by itself; what is sent to latwrap
 * alone must be passed on. Nothing in siginfo_t tells the two apart. So a second process waits in the group, a
 * child of latwrap that does nothing else: what it gets, the group got.
 */
struct witness {
	pid_t pid; /* -1: none */
	int pidfd, fd;
	unsigned heard[SIGNAL_COUNT + 1]; /* by the witness, and not yet read by latwrap */
};

#define WITNESS_NONE ((struct witness){.pid = -1, .pidfd = -1, .fd = -1})

/* With all signals blocked that signals_take() blocks. fd is readable when the witness got a signal: then read those
 * that latwrap got, and call witness_settle(). 0 or -errno. */
int witness_start(struct witness *ret);
void witness_stop(struct witness *witness);
/* Whether there is one that answers. */
bool witness_is_there(const struct witness *witness);
/* For a signal that latwrap has just read: whether the group got it, too. */
bool witness_heard(struct witness *witness, int number);
/* After the last one that was there to be read: what the witness heard besides was sent to it alone. */
void witness_settle(struct witness *witness);
