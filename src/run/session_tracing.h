/* Set up what a session measures with: the cgroup, the models, BPF with its records, spans */
#pragma once

struct runner_setup;
struct session;

/*
 * Makes the cgroup and the model, and loads BPF. Without a cgroup or BPF the command still runs:
 * session->trace is NULL, and the report says that the run is unmeasured. Returns 0, or -errno if
 * the run must end (an error was logged if the reason is that something is not supported).
 */
int session_start_tracing(struct session *session);

/*
 * Opens the span socket. Without a socket, the run has no tests but is still measured. argv: the
 * command that may start test runners. The caller frees *ret with runner_setup_done().
 */
void session_start_spans(struct session *session, char *const *argv, struct runner_setup *ret);
