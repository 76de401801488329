/* Handle signals that latwrap receives: pass them on to the command, or ignore those of the run */
#pragma once

#include <sys/signalfd.h>

struct session;

/*
 * Handles a signal other than SIGCHLD. The caller has consumed all records that were sent before
 * it.
 */
void session_signalled(struct session *session, const struct signalfd_siginfo *info);
