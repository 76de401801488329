/* Job control of a shell, with latwrap between the shell and the command */
#pragma once

#include <stdbool.h>
#include <sys/signalfd.h>

#include "run/child.h"
#include "run/witness.h"

/*
 * The shell watches latwrap, its child, and takes the terminal back when latwrap stops. The command
 * is in the same process group, so Ctrl-Z reaches both. If latwrap stopped at once, the shell would
 * take the terminal while an editor still restores it, and a command that ignores SIGTSTP would
 * continue without a recorder. So latwrap blocks SIGTSTP, SIGTTIN and SIGTTOU. When its child
 * stops, latwrap stops itself with the same signal: the shell sees what it would see of the bare
 * command. "fg" and "bg" send SIGCONT to the whole group, which reaches both again.
 */

/*
 * Returns whether latwrap should stop with sig after the child stopped (child_poll_stop()). Only
 * with a controlling terminal: without one nobody watches for stops, and a process that stops and
 * later continues the command (a test, for example) does not know that it would have to continue
 * latwrap too. Also stops for SIGSTOP while the terminal belongs to our group or that of the child:
 * otherwise the user would face a stopped command that no key reaches. A session leader does not
 * stop: nobody could continue it.
 */
bool jobctl_should_stop(const struct child *child, int sig);

/*
 * Stops the caller with sig and returns after SIGCONT. Then continues the child unless SIGCONT has
 * reached it already: if the child has a process group of its own, the whole group, and gives the
 * terminal back to it if it had the terminal. Returns 1 then. Returns 0 if the caller did not stop:
 * the child was continued meanwhile, or the kernel ignores the signal because the process group is
 * orphaned and nobody could continue it (the child stays stopped). Returns -errno on failure. A
 * SIGCONT between the stop of the child and ours is not lost. The disposition of the signal and the
 * mask are restored; a pending SIGCONT is consumed.
 */
int jobctl_stop(const struct child *child, int sig);

/*
 * Returns whether a signal that latwrap has just read from its signalfd has reached the command
 * already: it was sent to the whole process group, and the command is still in this group. Call
 * this once for each signal, in order. Without a witness, a signal of the kernel (Ctrl-C in a
 * terminal) counts as sent to the group, except the hangup of a session leader; all others count as
 * sent to latwrap alone. Stop signals are never read: a second one could arrive after the SIGCONT
 * that was meant to end the first. SIGCONT needs to be passed on only to a child that is stopped
 * (child_poll_stop()).
 */
bool jobctl_reached_child(const struct signalfd_siginfo *si, const struct child *child,
			  struct witness *witness);

/*
 * Returns whether the command sent the signal, or latwrap caused it itself: the writer gets SIGPIPE
 * and SIGXFSZ, and RLIMIT_CPU counts the time of each process. Bare, latwrap would not be there to
 * receive it.
 */
bool jobctl_is_own(const struct signalfd_siginfo *si, const struct child *child);
