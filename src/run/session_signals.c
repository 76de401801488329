/* What becomes of a signal that latwrap gets: passed on to the command, or had by it already, or the run's own. */
#include <unistd.h>

#include "run/jobctl.h"
#include "run/session_state.h"
#include "run/signals.h"
#include "spans/span_observer.h"

/*
 * Bare, latwrap would not be there to be hit by it: a signal that a process of the run sends is for the
 * run's own processes, which have got it, or for whoever started latwrap. A process that left the cgroup of
 * the run counts as anybody else's.
 */
static bool is_from_run(const struct session *session, const struct signalfd_siginfo *info)
{
	pid_t sender = (pid_t)info->ssi_pid;

	if (jobctl_is_own(info, &session->child))
		return true;
	/* From the kernel; 0: from a PID namespace around ours. */
	if (info->ssi_code > 0 || sender <= 0)
		return false;
	if (session->cgroup.fd >= 0 && cgroup_has(&session->cgroup, sender))
		return true;
	/* kill(1) has mostly ended when its signal is read. */
	return kill(sender, 0) < 0 && spans_have_traced(session->model, (uint32_t)sender);
}

void session_signalled(struct session *session, const struct signalfd_siginfo *info)
{
	struct exit_facts *facts = &session->facts->exit;
	int number = (int)info->ssi_signo;
	bool reached = jobctl_reached_child(info, &session->child, &session->witness);

	if (is_from_run(session, info))
		return;
	if (!facts->told_to_end && signals_asks_to_end(number))
		facts->told_to_end = number;
	if (session->ended && session->cgroup.fd >= 0)
		cgroup_signal(&session->cgroup, number, reached ? getpgrp() : 0);
	else if (!reached)
		child_pass_on(&session->child, info);
}
