/* Watch what tracing costs a session, and step down when it costs more than --overhead allows */
#pragma once

#include "run/session_state.h"

/*
 * The kernel counts the run time of BPF programs only while somebody asks for it, which costs time itself. So these
 * functions ask for short windows, and add up what was counted in them. Without options->overhead_ppm they do nothing.
 *
 * Call the first one when the programs are attached and the command has not begun.
 */
void session_overhead_begin(struct session *session);
/* Call this with each tick: opens a window if one is due. */
void session_overhead_tick(struct session *session);
/* Call this when the timer of a window fires: closes the window, and steps down if the cost is above the limit. */
void session_overhead_window(struct session *session);
/* Call this when the command has ended: closes a window that is still open. */
void session_overhead_end(struct session *session);
