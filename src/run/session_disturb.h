/* Disturb the tests of a session: listen for their begins, order disturbances, hand on what was done */
#pragma once

#include "run/session_state.h"

/* Without options->disturb, these do nothing. Returns 0, or -errno after a message. */
int session_disturb_begin(struct session *session);
/* Call this when the command has been released. */
void session_disturb_command(struct session *session);
/* Call this when session->disturber.fd is readable. */
void session_disturbed(struct session *session);
/* No disturbance lasts after this call. */
void session_disturb_end(struct session *session);
