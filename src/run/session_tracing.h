/* Set up tracing for a session: the cgroup, the models, and BPF with its records */
#pragma once

struct session;

/*
 * Makes the cgroup and the model, and loads BPF. Without a cgroup or BPF the command still runs:
 * session->trace is NULL, and the report says that the run is unmeasured. Returns 0, or -errno if
 * the run must end (an error was logged if the reason is that something is not supported).
 */
int session_start_tracing(struct session *session);
