/* Shell job control with latwrap between the shell and the command */
#pragma once

#include <stdbool.h>
#include <sys/signalfd.h>

#include "run/child.h"
#include "run/witness.h"

/*
 * The shell watches latwrap, its child, and takes the terminal back when latwrap stops. The command
 * is in the same process group, so Ctrl-Z reaches both. If latwrap stopped at once, the shell would
 * take the terminal while an editor is still restoring it, and a command that ignores SIGTSTP would
 * run on without a recorder. So latwrap keeps SIGTSTP, SIGTTIN and SIGTTOU blocked, and stops
 * itself, by the same signal, when its child has: the shell then sees what it would see of the bare
 * command. "fg" and "bg" send SIGCONT to the whole group, so it reaches both again.
 */

/*
 * Whether latwrap should follow the child (child_poll_stop()) with sig. Only with a controlling
 * terminal: without one nobody watches for stops, and who stops the command and continues it later
 * (a test of its own) does not know that latwrap would have to be continued too.
 * SIGSTOP is followed while the terminal is with our group or the child's: otherwise the user would sit
 * before a stopped command that no key reaches. A session leader stays: nobody could continue it.
 */
bool jobctl_should_follow(const struct child *child, int sig);

/*
 * Stops the caller by sig and returns after SIGCONT, with the child continued (if it has a group of
 * its own, all of that, and with the terminal back if it had it), unless SIGCONT had reached it by
 * itself. 1 then. 0 if the caller did not stop: the child had been continued meanwhile, or the
 * kernel ignores the signal because the process group is orphaned and nobody could continue it (the
 * child stays as it is). -errno on failure.
 * SIGCONT arriving between the child's stop and ours is not lost. The signal's disposition and the
 * mask are as before on return; a pending SIGCONT is consumed.
 */
int jobctl_follow(const struct child *child, int sig);

/*
 * Whether a signal that latwrap has just read from its signalfd has reached the command already: whoever
 * sent it, sent it to the whole process group, and the command has not moved to another. To be asked once for each
 * signal, in their order. Where no witness is to be had, what the kernel sends is believed to be for the
 * group (a terminal's Ctrl-C), but for the hangup of a session leader, and nothing else is.
 * Stop signals are never read. A second one could arrive after the SIGCONT that was to end the first; and
 * SIGCONT needs no forwarding but to a child that is stopped (child_poll_stop()).
 */
bool jobctl_reached_child(const struct signalfd_siginfo *si, const struct child *child,
			  struct witness *witness);

/*
 * Whether a signal was sent by the command, or by latwrap to itself: SIGPIPE and SIGXFSZ come from the writer, and
 * RLIMIT_CPU counts each process's own time. Bare, latwrap would not be there to get it.
 */
bool jobctl_is_own(const struct signalfd_siginfo *si, const struct child *child);
