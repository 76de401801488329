/* Handle signals that latwrap receives: pass them on to the command, or ignore those of the run */
#include "run/session_signals.h"

#include <unistd.h>

#include "run/cgroup_procs.h"
#include "run/jobctl.h"
#include "run/session_state.h"
#include "run/signals.h"
#include "spans/span_observer.h"

/*
 * Returns whether a process of the run sent the signal. Bare, latwrap would not be there to receive
 * it: the signal is meant for processes of the run, which have received it, or for the parent of
 * latwrap. A process that left the cgroup of the run does not count as part of the run.
 */
static bool is_from_run(const struct session *session, const struct signalfd_siginfo *info)
{
	pid_t sender = (pid_t)info->ssi_pid;

	if (jobctl_is_own(info, &session->child))
		return true;
	/* ssi_code > 0: sent by the kernel. ssi_pid 0: the sender is in an outer PID namespace. */
	if (info->ssi_code > 0 || sender <= 0)
		return false;
	if (session->cgroup.fd >= 0 && cgroup_has(&session->cgroup, sender))
		return true;
	/* A sender such as kill(1) has usually ended when its signal is read. */
	return kill(sender, 0) < 0 && spans_have_traced(session->model, (uint32_t)sender);
}

void session_signalled(struct session *session, const struct signalfd_siginfo *info)
{
	struct exit_facts *facts = &session->facts->exit;
	int number = (int)info->ssi_signo;
	bool reached = jobctl_reached_child(info, &session->child, &session->witness);

	if (is_from_run(session, info))
		return;
	if (!facts->told_to_end && signals_asks_to_end(number)) {
		facts->told_to_end = number;
		facts->told_ns = facts->told_ns ? facts->told_ns : kernel_now_ns();
	}
	if (session->ended && session->cgroup.fd >= 0)
		cgroup_signal(&session->cgroup, number, reached ? getpgrp() : 0);
	else if (!reached)
		child_pass_on(&session->child, info);
}
